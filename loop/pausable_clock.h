// PausableClock: a clock that can be stopped for a while. Owned by the reactor.
#pragma once

#include <optional>

#include "spool/loop/clock.h"

namespace spool::loop {

// Runs as fast as the clock below it, behind it by all the time that it stood.
class PausableClock final : public Clock {
 public:
  explicit PausableClock(Clock& base) noexcept : base_(base) {}

  [[nodiscard]] Instant now() noexcept override {
    return stopped_at_.has_value() ? *stopped_at_ : base_.now() - behind_;
  }
  // What it shows when the one below shows `base`.
  [[nodiscard]] Instant at(Instant base) const noexcept {
    return stopped_at_.value_or(base - behind_);
  }
  // Both do nothing when it is so already.
  void stop() noexcept { stopped_at_ = now(); }
  void go_on() noexcept {
    if (!stopped_at_.has_value()) return;
    behind_ = base_.now() - *stopped_at_;
    stopped_at_.reset();
  }
  [[nodiscard]] bool stopped() const noexcept { return stopped_at_.has_value(); }

 private:
  Clock& base_;
  Duration behind_{};
  std::optional<Instant> stopped_at_;
};

}  // namespace spool::loop
