// Runs a spool loop inside libev's.
//
//   auto loop = spool::EventLoop::create({}).value();
//   spool::hosts::Ev host;
//   host.attach(loop, EV_DEFAULT).value();
//   ev_run(EV_DEFAULT, 0);
#pragma once

#include <ev.h>

#include <utility>

#include "spool/hosts/guest.h"

namespace spool::hosts {

// Owned by the program; borrows both loops, which outlive the attachment. All calls come from the
// thread of both. May be detached, attached again and destroyed in any callback of either. For
// libev as it is built by default, with loops as arguments (EV_MULTIPLICITY).
class Ev : public Guest {
 public:
  Ev() noexcept = default;  // not attached
  ~Ev() { detach(); }

  // From now on libev calls loop.poll_once() whenever it would do something. ev_run stays in its
  // loop until detach(), or ev_break. not_supported: the loop has no backend_fd. invalid_argument:
  // attached already, or no host. no_descriptors, no_memory. Then nothing is attached.
  [[nodiscard]] Result<void> attach(EventLoop& loop, struct ev_loop* host) noexcept {
    if (host == nullptr) return Error::invalid_argument;
    const Result<NativeHandle> descriptor = descriptor_of(loop);
    if (!descriptor.ok()) return descriptor.error();
    // As ev_io_init, whose way to the callback is through another type than that of the watcher.
    watch_ = {};
    watch_.cb = on_readiness;
    ev_io_set(&watch_, descriptor.value(), EV_READ);
    watch_.data = this;
    host_ = host;
    is_paused_ = is_in_turn_ = false;
    begin(loop);
    ev_io_start(host_, &watch_);
    return {};
  }

  // Also twice.
  void detach() noexcept {
    if (end()) ev_io_stop(host_, &watch_);
  }

 private:
  static void on_readiness(struct ev_loop*, ev_io* watch, int) {
    static_cast<Ev*>(watch->data)->on_readiness();
  }

  // A callback of ours may run libev's loop. There the descriptor stays readable, as nobody can
  // serve it, and that loop would spin: it does without us until the callback is back.
  void on_readiness() noexcept {
    const bool is_nested = serving();
    if (!is_nested) is_in_turn_ = true;
    const After after = serve();
    if (after == After::failed) detach();
    if (after == After::reentrant && is_nested && is_in_turn_) {
      ev_io_stop(host_, &watch_);
      is_paused_ = true;
    }
    if (after == After::attached && std::exchange(is_paused_, false)) ev_io_start(host_, &watch_);
  }

  struct ev_loop* host_ = nullptr;
  ev_io watch_{};
  bool is_paused_ = false;
  bool is_in_turn_ = false;  // the turn on the stack is of this attachment, and ends the pause
};

}  // namespace spool::hosts
