// Backoff: how long to wait before the next attempt: exponential, random, capped. A pure function
// of the attempts so far and a seed.
#pragma once

#include <algorithm>
#include <cstdint>

#include "spool/loop/time.h"

namespace spool::core {

// A small generator (splitmix64): good enough to spread attempts, repeatable from its seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  // 0 to limit, both included.
  std::uint64_t up_to(std::uint64_t limit) noexcept {
    return limit == UINT64_MAX ? next() : next() % (limit + 1);
  }

 private:
  std::uint64_t state_;
};

class Backoff {
 public:
  Backoff(Duration min, Duration max) noexcept : min_(min), max_(max) {}

  // Full jitter: uniform between 0 and min * 2^attempt, at most max. Never zero: at least 1 ms, so
  // that a peer that accepts and drops at once cannot make the loop spin.
  [[nodiscard]] Duration next(Random& random) noexcept {
    Duration bound = min_;
    for (unsigned i = 0; i < attempts_ && bound < max_; ++i) bound = std::min(bound * 2, max_);
    bound = std::min(bound, max_);
    if (attempts_ < 63) ++attempts_;
    const auto span = static_cast<std::uint64_t>(bound.count());
    const Duration delay(static_cast<Duration::rep>(random.up_to(span)));
    return std::max(delay, Duration(std::chrono::milliseconds(1)));
  }
  void reset() noexcept { attempts_ = 0; }

 private:
  Duration min_;
  Duration max_;
  unsigned attempts_ = 0;
};

}  // namespace spool::core
