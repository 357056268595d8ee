// Handle<Tag>: index and generation; what leaves the library instead of a pointer.
#pragma once

#include <cstdint>

namespace spool {

// Eight bytes. The zero handle is never valid. A handle to something gone is recognised, because
// its slot's generation has moved on.
template <typename Tag>
struct Handle {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;

  [[nodiscard]] constexpr bool valid() const noexcept { return generation != 0; }
  [[nodiscard]] constexpr std::uint64_t value() const noexcept {
    return std::uint64_t{generation} << 32 | index;
  }
  [[nodiscard]] static constexpr Handle from(std::uint64_t value) noexcept {
    return {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)};
  }
  friend constexpr bool operator==(Handle, Handle) noexcept = default;
};

}  // namespace spool
