// FakeClock: time as a test sets it.
#pragma once

#include "spool/loop/clock.h"

namespace spool::testing {

// Stands still until it is told to go on. `step` passes with every look at it.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] Instant now() noexcept override {
    ++looks;
    time_ += step;
    return time_;
  }
  void advance(Duration length) noexcept { time_ += length; }
  // Without a look.
  [[nodiscard]] Instant time() const noexcept { return time_; }

  Duration step{};
  int looks = 0;

 private:
  Instant time_{std::chrono::hours(1)};
};

}  // namespace spool::testing
