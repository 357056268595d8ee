// Duration, Instant, Timeout: time with its unit in the type.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace spool {

// A length of time, in nanoseconds; std::chrono literals (2ms, 1s) convert by themselves.
using Duration = std::chrono::nanoseconds;

// The tag of the loop's own clock: instants of other clocks do not mix with it by accident.
struct LoopClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<LoopClock, Duration>;
  static constexpr bool is_steady = true;
};

// A point in time as the loop's Clock tells it; only differences mean anything.
using Instant = LoopClock::time_point;

// `start + length`, stopping at the largest Instant instead of overflowing.
[[nodiscard]] constexpr Instant saturating_add(Instant start, Duration length) noexcept {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(start.time_since_epoch().count(), length.count(), &sum))
    return length.count() < 0 ? Instant::min() : Instant::max();
  return Instant(Duration(sum));
}

// How long a call may wait: not at all, for a while, or until something happens. No magic numbers.
class Timeout {
 public:
  [[nodiscard]] static constexpr Timeout none() noexcept {
    return Timeout(Length(Duration::zero()));
  }
  // Negative lengths count as none.
  [[nodiscard]] static constexpr Timeout after(Duration length) noexcept {
    return Timeout(Length(length < Duration::zero() ? Duration::zero() : length));
  }
  [[nodiscard]] static constexpr Timeout infinite() noexcept { return Timeout(Length()); }

  // Lets `poll_once(5ms)` be written.
  template <typename Rep, typename Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> length) noexcept
      : Timeout(after(std::chrono::duration_cast<Duration>(length))) {}

  // The length, or nothing for infinite.
  [[nodiscard]] constexpr std::optional<Duration> length() const noexcept { return length_; }
  [[nodiscard]] constexpr bool is_none() const noexcept {
    return length_.has_value() && *length_ == Duration::zero();
  }

 private:
  using Length = std::optional<Duration>;
  constexpr explicit Timeout(Length length) noexcept : length_(length) {}
  Length length_;
};

}  // namespace spool
