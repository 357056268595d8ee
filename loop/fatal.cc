#include "spool/loop/fatal.h"

#include <atomic>
#include <cstdlib>

#include "spool/loop/assert.h"

// Written once, at the moment of death; read by people with a core dump.
extern "C" {
[[gnu::used]] const char* volatile spool_abort_reason = nullptr;
}

namespace spool {

namespace {

std::atomic<FatalHook> fatal_hook{nullptr};

}  // namespace

FatalHook set_fatal_hook(FatalHook hook) noexcept { return fatal_hook.exchange(hook); }

namespace loop {

void assert_failed(const char* reason) noexcept {
  spool_abort_reason = reason;
  // Taken away first: a bug within the hook ends here as well.
  if (const FatalHook hook = fatal_hook.exchange(nullptr)) hook(reason);
  std::abort();
}

}  // namespace loop
}  // namespace spool
