// The version of the library, as numbers.
#pragma once

namespace spool {

inline constexpr int version_major = 0;
inline constexpr int version_minor = 1;
inline constexpr int version_patch = 0;

}  // namespace spool
