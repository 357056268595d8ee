#include "spool/loop/assert.h"

#include <cstdlib>

// Written once, at the moment of death; read by people with a core dump.
extern "C" {
[[gnu::used]] const char* volatile spool_abort_reason = nullptr;
}

namespace spool::loop {

void assert_failed(const char* reason) noexcept {
  spool_abort_reason = reason;
  std::abort();
}

}  // namespace spool::loop
