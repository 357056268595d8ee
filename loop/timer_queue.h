// Timer, TimerQueue: deadlines in order. The node lives in its owner, so that setting a timer can
// neither fail nor allocate, and cancelling is done when the call returns.
//
// A pairing heap: schedule O(1), cancel and fire O(log n) amortised, next deadline O(1). Timers
// that are due at the same instant fire in the order in which they were scheduled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "spool/loop/assert.h"
#include "spool/loop/time.h"

namespace spool::loop {

// Owned by whoever waits; cancel it (or let it fire) before it is destroyed.
class Timer {
 public:
  using Fn = void (*)(void* target) noexcept;
  Timer(Fn fn, void* target) noexcept : fn_(fn), target_(target) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { SPOOL_ASSERT(!scheduled()); }

  // A timer that calls a member function: Timer(Timer::call<&Pipe::on_handshake_timeout>, this).
  template <auto Member, typename T>
  static void call(void* target) noexcept {
    (static_cast<T*>(target)->*Member)();
  }

  [[nodiscard]] bool scheduled() const noexcept { return link_ != nullptr; }
  [[nodiscard]] Instant deadline() const noexcept { return deadline_; }

 private:
  friend class TimerQueue;
  [[nodiscard]] bool before(const Timer& other) const noexcept {
    return deadline_ != other.deadline_ ? deadline_ < other.deadline_ : order_ < other.order_;
  }
  Timer* child_ = nullptr;    // first child
  Timer* sibling_ = nullptr;  // next sibling
  Timer** link_ = nullptr;    // the pointer that points at this node; null: not scheduled
  Instant deadline_{};
  std::uint64_t order_ = 0;
  Fn fn_;
  void* target_;
};

// Owned by the reactor. Reads no clock: it is told the time.
class TimerQueue {
 public:
  TimerQueue() noexcept = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue() { SPOOL_ASSERT(root_ == nullptr); }

  // Sets or moves the timer.
  void schedule(Timer& timer, Instant deadline) noexcept;
  // After this the timer does not fire. Nothing happens when it is not scheduled.
  void cancel(Timer& timer) noexcept;
  [[nodiscard]] std::optional<Instant> next_deadline() const noexcept {
    return root_ == nullptr ? std::nullopt : std::optional<Instant>(root_->deadline_);
  }
  // (Reactor::schedule never sets one before now: a timer that moves itself ahead of others that
  // are due would hold them up.) Fires at most `limit` timers that are due at `now`; those that
  // they schedule for `now` or earlier wait for the next call. Returns how many fired.
  std::size_t fire_due(Instant now, std::size_t limit) noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  static Timer* meld(Timer* a, Timer* b) noexcept;
  static Timer* merge_pairs(Timer* first) noexcept;
  void set_root(Timer* root) noexcept;
  void detach(Timer& timer) noexcept;
  Timer* root_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t next_order_ = 0;
};

}  // namespace spool::loop
