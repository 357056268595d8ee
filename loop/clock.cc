#include "spool/loop/clock.h"

#include <time.h>

namespace spool {

Instant MonotonicClock::now() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace spool
