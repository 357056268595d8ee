// Frame headers: what precedes each message on a byte stream (wire.md §2, §3).
#pragma once

#include <cstddef>
#include <cstdint>

#include "spool/io/wire.h"
#include "spool/loop/error.h"

namespace spool::io {

enum class Framing : std::uint8_t {
  tcp,  // u64 length
  ipc,  // 0x01, u64 length
};

inline constexpr std::size_t frame_header_max = 9;

[[nodiscard]] constexpr std::size_t frame_header_size(Framing framing) noexcept {
  return framing == Framing::tcp ? 8 : 9;
}

// Writes frame_header_size(framing) bytes; `size` is that of protocol header and body together.
inline void encode_frame_header(Framing framing, std::uint64_t size, std::byte* to) noexcept {
  if (framing == Framing::ipc) *to++ = std::byte{1};
  store_u64(to, size);
}

// Reads frame_header_size(framing) bytes. Error::malformed: wrong ipc type byte.
// Error::message_too_large: above `limit`, compared before anything is narrowed or reserved.
[[nodiscard]] inline Error decode_frame_header(Framing framing, const std::byte* from,
                                               std::uint64_t limit, std::uint64_t& size) noexcept {
  if (framing == Framing::ipc && *from++ != std::byte{1}) return Error::malformed;
  size = load_u64(from);
  return size > limit ? Error::message_too_large : Error::none;
}

}  // namespace spool::io
