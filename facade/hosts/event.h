// Runs a spool loop inside libevent's.
//
//   auto loop = spool::EventLoop::create({}).value();
//   spool::hosts::LibEvent host;
//   host.attach(loop, base).value();
//   event_base_dispatch(base);
#pragma once

#include <errno.h>
#include <event2/event.h>

#include <utility>

#include "spool/hosts/guest.h"

namespace spool::hosts {

// Owned by the program; borrows both loops, which outlive the attachment. All calls come from the
// thread of both. May be detached, attached again and destroyed in any callback of either.
class LibEvent : public Guest {
 public:
  LibEvent() noexcept = default;  // not attached
  ~LibEvent() { detach(); }

  // From now on libevent calls loop.poll_once() whenever it would do something.
  // event_base_dispatch stays in its loop until detach(), or event_base_loopbreak and its like.
  // not_supported: the loop has no backend_fd. invalid_argument: attached already, or no host.
  // no_descriptors, no_memory. Then nothing is attached.
  [[nodiscard]] Result<void> attach(EventLoop& loop, event_base* host) noexcept {
    if (host == nullptr) return Error::invalid_argument;
    const Result<NativeHandle> descriptor = descriptor_of(loop);
    if (!descriptor.ok()) return descriptor.error();
    ::event* const watch =
        event_new(host, descriptor.value(), EV_READ | EV_PERSIST, on_readiness, this);
    if (watch == nullptr) return Error::no_memory;
    errno = 0;
    if (event_add(watch, nullptr) != 0) {
      const Error error = host_error(errno);
      event_free(watch);
      return error;
    }
    watch_ = watch;
    begin(loop);
    return {};
  }

  // Also twice.
  void detach() noexcept {
    if (end()) event_free(std::exchange(watch_, nullptr));
  }

 private:
  static void on_readiness(evutil_socket_t, short, void* self) {
    LibEvent* const guest = static_cast<LibEvent*>(self);
    if (guest->serve() == After::failed) guest->detach();
  }

  ::event* watch_ = nullptr;  // while attached
};

}  // namespace spool::hosts
