// SimClock: a clock that moves only when told.
#pragma once

#include "spool/loop/clock.h"

namespace spool::sim {

class SimClock final : public Clock {
 public:
  [[nodiscard]] Instant now() noexcept override { return now_; }
  void advance(Duration length) noexcept { now_ = saturating_add(now_, length); }

 private:
  Instant now_{std::chrono::seconds(1)};
};

}  // namespace spool::sim
