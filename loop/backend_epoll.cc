#include "spool/loop/backend.h"
#include "spool/loop/poller_epoll.h"

namespace spool::loop {

Result<Box<Poller>> make_default_poller(Memory& memory) noexcept {
  return EpollPoller::create(memory);
}

Result<Box<Waker>> make_default_waker(Memory& memory) noexcept {
  return make_eventfd_waker(memory);
}

const char* default_poller_name() noexcept { return "epoll"; }

}  // namespace spool::loop
