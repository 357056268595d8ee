#include "spool/loop/backend.h"
#include "spool/loop/poller_kqueue.h"

namespace spool::loop {

Result<Box<Poller>> make_default_poller(Memory& memory) noexcept {
  return KqueuePoller::create(memory);
}

Result<Box<Waker>> make_default_waker(Memory& memory) noexcept { return make_pipe_waker(memory); }

const char* default_poller_name() noexcept { return "kqueue"; }

}  // namespace spool::loop
