// Timer: calls back once, at a time of the loop's clock.
#pragma once

#include "spool/core/waiter.h"
#include "spool/event_loop.h"
#include "spool/loop/function.h"
#include "spool/loop/result.h"
#include "spool/loop/time.h"

namespace spool {

// Owned by whoever needs it, often a member; stays where it is. The loop may go before it. One
// deadline: setting it again replaces it. Allocates nothing.
//
//   spool::Timer idle(loop, [&] { connection.close(); });
//   idle.expire_after(5s);      // and again with each message
class Timer final : private Waiter {
 public:
  // `loop` is not moved as long as deadlines are set.
  Timer(EventLoop& loop, Function<void()> on_expired) noexcept
      : loop_(loop), on_expired_(std::move(on_expired)) {}
  ~Timer() {
    if (is_alive_ != nullptr) *is_alive_ = false;
  }

  // `on_expired` is called by poll_once, in the notice step of the first turn at or after that
  // time, never before. It may set the timer anew, and destroy it. closed, wrong_thread: it is not
  // set.
  Result<void> expire_at(Instant deadline) noexcept { return loop_.wait_until(deadline, *this); }
  Result<void> expire_after(Duration length) noexcept {
    return expire_at(saturating_add(loop_.now(), length));
  }
  // It will not be called for a deadline that was set before.
  void cancel() noexcept { Waiter::cancel(); }
  [[nodiscard]] bool is_set() const noexcept { return waiting(); }

 private:
  void on_wake(Error) noexcept override {
    // On the stack meanwhile: it may destroy the timer.
    bool is_alive = true;
    is_alive_ = &is_alive;
    Function<void()> running = std::move(on_expired_);
    running();
    if (is_alive) {
      on_expired_ = std::move(running);
      is_alive_ = nullptr;
    }
  }

  EventLoop& loop_;
  Function<void()> on_expired_;
  bool* is_alive_ = nullptr;
};

}  // namespace spool
