// Clock: the one place where the library learns what time it is.
#pragma once

#include "spool/loop/time.h"

namespace spool {

// Owned by the host (or, by default, by the loop). now() must never go backwards; it may stand
// still for as long as the host likes. Called from the loop's thread only.
class Clock {
 public:
  [[nodiscard]] virtual Instant now() noexcept = 0;

 protected:
  ~Clock() = default;
};

// The system's monotonic clock: no system call where the kernel maps it (vDSO).
class MonotonicClock final : public Clock {
 public:
  [[nodiscard]] Instant now() noexcept override;
};

}  // namespace spool
