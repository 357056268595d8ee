// in_range: one sentence for every value out of its range.
#pragma once

#include <cstdint>

#include "spool/loop/explanation.h"
#include "spool/loop/time.h"

namespace spool::core {

// True, or false with "field is value: expected low to high" in `why`. Negative values of signed
// fields wrap to huge ones and are out of range like them; they are shown as they are.
template <typename T>
[[nodiscard]] bool in_range(Explanation& why, const char* field, T value, std::uint64_t low,
                            std::uint64_t high) noexcept {
  const auto wide = static_cast<std::uint64_t>(value);
  if (wide >= low && wide <= high) return true;
  why << field << " is ";
  if (value < T{0})
    why << static_cast<std::int64_t>(value);
  else
    why << wide;
  why << ": expected " << low << " to " << high;
  return false;
}

[[nodiscard]] inline bool in_range(Explanation& why, const char* field, Duration value,
                                   Duration low, Duration high) noexcept {
  if (value >= low && value <= high) return true;
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  why << field << " is " << std::int64_t{duration_cast<microseconds>(value).count()}
      << " us: expected " << std::int64_t{duration_cast<microseconds>(low).count()} << " to "
      << std::int64_t{duration_cast<microseconds>(high).count()} << " us";
  return false;
}

}  // namespace spool::core
