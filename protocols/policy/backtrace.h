// Backtrace: the words in front of a request or survey: one for each hop (bit 31 clear), then the
// id (bit 31 set). docs/wire.md §7.1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "spool/io/pipe.h"
#include "spool/io/wire.h"

namespace spool::protocols {

inline constexpr std::size_t word_size = 4;
inline constexpr std::uint32_t id_bit = 0x8000'0000u;
inline constexpr unsigned hop_limit_max = 255;  // what ProtocolOptions::hop_limit can be
inline constexpr unsigned no_hop_limit = ~0u;   // replies: whoever made the way checked it

using Word = std::array<std::byte, word_size>;

[[nodiscard]] inline Word encode_word(std::uint32_t value) noexcept {
  Word word;
  io::store_u32(word.data(), value);
  return word;
}

struct Backtrace {
  io::Verdict verdict = io::Verdict::keep;  // keep, malformed or too_many_hops
  std::size_t size = 0;                     // in bytes, the id word included; of keep
};

// Looks for the id word among the first `hop_limit` words; the limit counts that word too
// (docs/wire.md §7.2). Without it, a message that is long enough has too many hops.
[[nodiscard]] inline Backtrace find_backtrace(std::span<const std::byte> payload,
                                              unsigned hop_limit) noexcept {
  for (std::size_t size = 0; payload.size() - size >= word_size;) {
    if (size == hop_limit * word_size) return {io::Verdict::too_many_hops, 0};
    const bool last = (payload[size] & std::byte{0x80}) != std::byte{};
    size += word_size;
    if (last) return {io::Verdict::keep, size};
  }
  return {io::Verdict::malformed, 0};
}

// The header of a raw message: hop words, then the id word, and nothing behind it.
[[nodiscard]] inline bool is_backtrace(std::span<const std::byte> header) noexcept {
  const Backtrace found = find_backtrace(header, no_hop_limit);
  return found.verdict == io::Verdict::keep && found.size == header.size();
}

}  // namespace spool::protocols
