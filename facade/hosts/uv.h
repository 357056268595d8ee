// Runs a spool loop inside libuv's.
//
//   auto loop = spool::EventLoop::create({}).value();
//   spool::hosts::Uv host;
//   host.attach(loop, uv_default_loop()).value();
//   uv_run(uv_default_loop(), UV_RUN_DEFAULT);
#pragma once

#include <uv.h>

#include <new>
#include <utility>

#include "spool/hosts/guest.h"

namespace spool::hosts {

// Owned by the program; borrows both loops, which outlive the attachment. All calls come from the
// thread of both. May be detached, attached again and destroyed in any callback of either.
class Uv : public Guest {
 public:
  Uv() noexcept = default;  // not attached
  ~Uv() { detach(); }

  // From now on libuv calls loop.poll_once() whenever it would do something. uv_run stays in its
  // loop until detach(), even if nothing else is left: a server may consist of our sockets alone.
  // not_supported: the loop has no backend_fd. invalid_argument: attached already, no host, or the
  // host watches this loop already. no_memory, no_descriptors. Then nothing is attached.
  [[nodiscard]] Result<void> attach(EventLoop& loop, uv_loop_t* host) noexcept {
    if (host == nullptr) return Error::invalid_argument;
    const Result<NativeHandle> descriptor = descriptor_of(loop);
    if (!descriptor.ok()) return descriptor.error();
    uv_poll_t* const watch = new (std::nothrow) uv_poll_t;
    if (watch == nullptr) return Error::no_memory;
    if (const int error = uv_poll_init(host, watch, descriptor.value()); error != 0) {
      delete watch;
      return error == UV_EEXIST ? Error::invalid_argument : host_error(-error);
    }
    watch->data = this;
    if (const int error = uv_poll_start(watch, UV_READABLE, on_readiness); error != 0) {
      close(watch);
      return host_error(-error);
    }
    watch_ = watch;
    begin(loop);
    return {};
  }

  // Also twice. libuv watches nothing of ours from now on, and uv_run may end; but it closes in two
  // steps, so a turn of its own has to come before uv_loop_close, which else says UV_EBUSY.
  void detach() noexcept {
    if (end()) close(std::exchange(watch_, nullptr));
  }

 private:
  static void on_readiness(uv_poll_t* watch, int status, int) {
    Uv* const self = static_cast<Uv*>(watch->data);
    const After after = status < 0 ? self->fail(host_error(-status)) : self->serve();
    if (after == After::failed) self->detach();
  }

  // Nothing is called from now on; libuv needs the memory for a while longer than we may live.
  static void close(uv_poll_t* watch) noexcept {
    uv_poll_stop(watch);
    uv_close(reinterpret_cast<uv_handle_t*>(watch),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  }

  uv_poll_t* watch_ = nullptr;  // while attached; libuv's from close() on
};

}  // namespace spool::hosts
