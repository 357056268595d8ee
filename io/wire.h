// The numbers of the Scalability Protocols, in one place. docs/wire.md tells where they come from
// (RFCs sp-tcp-mapping-01, sp-protocol-ids-01; nanomsg's ipc mapping). All integers are big-endian.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace spool::io {

// What a socket says it is in the handshake: family * 16 + role. On the wire: never change one.
enum class ProtocolId : std::uint16_t {
  pair = 0x0010,
  pair1 = 0x0011,
  pub = 0x0020,
  sub = 0x0021,
  req = 0x0030,
  rep = 0x0031,
  push = 0x0050,
  pull = 0x0051,
  surveyor = 0x0062,
  respondent = 0x0063,
  bus = 0x0070,
};

// The one type of peer that each may talk to.
[[nodiscard]] constexpr ProtocolId peer_of(ProtocolId id) noexcept {
  switch (id) {
    case ProtocolId::pair:
      return ProtocolId::pair;
    case ProtocolId::pair1:
      return ProtocolId::pair1;
    case ProtocolId::pub:
      return ProtocolId::sub;
    case ProtocolId::sub:
      return ProtocolId::pub;
    case ProtocolId::req:
      return ProtocolId::rep;
    case ProtocolId::rep:
      return ProtocolId::req;
    case ProtocolId::push:
      return ProtocolId::pull;
    case ProtocolId::pull:
      return ProtocolId::push;
    case ProtocolId::surveyor:
      return ProtocolId::respondent;
    case ProtocolId::respondent:
      return ProtocolId::surveyor;
    case ProtocolId::bus:
      return ProtocolId::bus;
  }
  return id;
}

[[nodiscard]] constexpr std::uint64_t big_endian(std::uint64_t value) noexcept {
  return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}
inline void store_u64(std::byte* to, std::uint64_t value) noexcept {
  value = big_endian(value);
  std::memcpy(to, &value, sizeof value);
}
[[nodiscard]] inline std::uint64_t load_u64(const std::byte* from) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return big_endian(value);
}

[[nodiscard]] constexpr std::uint32_t big_endian(std::uint32_t value) noexcept {
  return std::endian::native == std::endian::little ? __builtin_bswap32(value) : value;
}
inline void store_u32(std::byte* to, std::uint32_t value) noexcept {
  value = big_endian(value);
  std::memcpy(to, &value, sizeof value);
}
[[nodiscard]] inline std::uint32_t load_u32(const std::byte* from) noexcept {
  std::uint32_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return big_endian(value);
}

}  // namespace spool::io
