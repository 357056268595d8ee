// TurnTime: what a turn may spend, and what it has spent: the library's time and the user's apart.
// Part of the reactor.
#pragma once

#include <utility>

#include "spool/loop/budget.h"
#include "spool/loop/clock.h"

namespace spool::loop {

// Looks at the host's own clock, never at one that is suspended: a paused game has frames too.
class TurnTime {
 public:
  explicit TurnTime(Clock& clock) noexcept : clock_(clock) {}

  // A turn begins.
  void reset(const Budget& budget) noexcept {
    limit_ = budget.time;
    callback_limit_ = budget.callback_time;
    before_ = called_ = Duration::zero();
  }
  // The library's work before the wait, which is nobody's time.
  template <typename Work>
  void before_wait(Work&& work) noexcept {
    const Instant start = clock_.now();
    work();
    before_ = clock_.now() - start;
  }
  // The wait is over. Returns what the clock shows.
  Instant start() noexcept { return start_ = seen_ = clock_.now(); }

  // Code of the user's: a callback, a posted task.
  template <typename Call>
  void call(Call&& user) noexcept {
    const Instant start = clock_.now();
    user();
    seen_ = clock_.now();
    called_ += seen_ - start;
  }

  // Within such a call: work that is the library's after all.
  template <typename Work>
  void own(Work&& work) noexcept {
    const Instant start = clock_.now();
    work();
    called_ -= clock_.now() - start;
  }

  // Returns what the clock shows.
  Instant look() noexcept { return seen_ = clock_.now(); }
  // As of the last look, or call.
  [[nodiscard]] Duration library_time() const noexcept {
    return before_ + (seen_ - start_) - called_;
  }
  [[nodiscard]] Duration callback_time() const noexcept { return called_; }
  // The library's part is used up, the user's part is used up.
  [[nodiscard]] bool over() const noexcept {
    return limit_ != Duration::zero() && library_time() >= limit_;
  }
  [[nodiscard]] bool calls_over() const noexcept {
    return callback_limit_ != Duration::zero() && called_ >= callback_limit_;
  }

 private:
  Clock& clock_;
  Duration limit_{};  // zero: none
  Duration callback_limit_{};
  Instant start_{};
  Instant seen_{};
  Duration before_{};
  Duration called_{};
};

}  // namespace spool::loop
