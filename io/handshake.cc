#include "spool/io/handshake.h"

#include <cstdint>

namespace spool::io {

namespace {
constexpr unsigned char magic[4] = {0x00, 'S', 'P', 0x00};
}

HandshakeBytes encode_handshake(ProtocolId self) noexcept {
  const auto id = static_cast<std::uint16_t>(self);
  return {std::byte{magic[0]},
          std::byte{magic[1]},
          std::byte{magic[2]},
          std::byte{magic[3]},
          static_cast<std::byte>(id >> 8),
          static_cast<std::byte>(id & 0xff),
          std::byte{0},
          std::byte{0}};
}

Error check_handshake(std::span<const std::byte, handshake_size> bytes,
                      ProtocolId expected) noexcept {
  for (std::size_t i = 0; i < sizeof magic; ++i)
    if (bytes[i] != std::byte{magic[i]}) return Error::bad_handshake;
  if (bytes[6] != std::byte{0} || bytes[7] != std::byte{0}) return Error::bad_handshake;
  const unsigned id =
      std::to_integer<unsigned>(bytes[4]) << 8 | std::to_integer<unsigned>(bytes[5]);
  return id == static_cast<unsigned>(expected) ? Error::none : Error::protocol_mismatch;
}

}  // namespace spool::io
