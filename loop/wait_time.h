// WaitTime: how much of a wait is left, and the two forms in which system calls take it. A value.
#pragma once

#include <time.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <optional>

#include "spool/loop/clock.h"
#include "spool/loop/time.h"

namespace spool::loop {

// Reads the monotonic clock only for waits that are neither zero nor endless.
class WaitTime {
 public:
  // Nothing: for ever. Negative lengths count as zero.
  explicit WaitTime(std::optional<Duration> length) noexcept : left_(length) {
    if (!left_.has_value()) return;
    left_ = std::max(*left_, Duration::zero());
    if (*left_ > Duration::zero()) end_ = saturating_add(MonotonicClock().now(), *left_);
  }

  // As of the construction or the last call of over(). Nothing: for ever.
  [[nodiscard]] std::optional<Duration> left() const noexcept { return left_; }
  // Looks at the clock: is the time used up?
  [[nodiscard]] bool over() noexcept {
    if (!left_.has_value()) return false;
    if (*left_ > Duration::zero())
      left_ = std::max(end_ - MonotonicClock().now(), Duration::zero());
    return *left_ == Duration::zero();
  }

 private:
  std::optional<Duration> left_;
  Instant end_{};
};

// The way from `now` to a deadline that lies ahead; stops at the largest Duration.
[[nodiscard]] inline Duration time_until(Instant deadline, Instant now) noexcept {
  std::int64_t length = 0;
  const bool too_far = __builtin_sub_overflow(deadline.time_since_epoch().count(),
                                              now.time_since_epoch().count(), &length);
  return too_far ? Duration::max() : Duration(length);
}

// `length` is not negative.
[[nodiscard]] inline timespec to_timespec(Duration length) noexcept {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(length);
  timespec result{};
  result.tv_sec = static_cast<time_t>(seconds.count());
  result.tv_nsec = static_cast<long>((length - seconds).count());
  return result;
}

// Rounds up, so that a wait is never too short; stops at INT_MAX. `length` is not negative.
[[nodiscard]] inline int to_milliseconds(Duration length) noexcept {
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(
      std::min<Duration>(length, std::chrono::milliseconds(INT_MAX)));
  return static_cast<int>(rounded.count());
}

}  // namespace spool::loop
