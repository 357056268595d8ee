// Runs a spool loop inside sd-event's (libsystemd).
//
//   auto loop = spool::EventLoop::create({}).value();
//   spool::hosts::SdEvent host;
//   host.attach(loop, event).value();
//   sd_event_loop(event);
#pragma once

#include <errno.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include <cstdint>
#include <utility>

#include "spool/hosts/guest.h"

namespace spool::hosts {

// Owned by the program; borrows both loops, which outlive the attachment. All calls come from the
// thread of both. May be detached, attached again and destroyed in any callback of either.
class SdEvent : public Guest {
 public:
  SdEvent() noexcept = default;  // not attached
  ~SdEvent() { detach(); }

  // From now on sd-event calls loop.poll_once() whenever it would do something; it ends, as always,
  // by sd_event_exit. not_supported: the loop has no backend_fd. invalid_argument: attached
  // already, no host, or the host watches this loop already. no_descriptors, no_memory, system.
  // Then nothing is attached.
  [[nodiscard]] Result<void> attach(EventLoop& loop, sd_event* host) noexcept {
    if (host == nullptr) return Error::invalid_argument;
    const Result<NativeHandle> descriptor = descriptor_of(loop);
    if (!descriptor.ok()) return descriptor.error();
    const int error =
        sd_event_add_io(host, &watch_, descriptor.value(), EPOLLIN, on_readiness, this);
    if (error == -EEXIST) return Error::invalid_argument;
    if (error < 0) return host_error(-error);
    begin(loop);
    return {};
  }

  // Also twice.
  void detach() noexcept {
    if (end()) sd_event_source_disable_unref(std::exchange(watch_, nullptr));
  }

 private:
  static int on_readiness(sd_event_source*, int, std::uint32_t, void* self) {
    SdEvent* const guest = static_cast<SdEvent*>(self);
    if (guest->serve() == After::failed) guest->detach();
    return 0;
  }

  sd_event_source* watch_ = nullptr;  // while attached
};

}  // namespace spool::hosts
