// The SP handshake: eight bytes each way, neither side waits for the other (wire.md §1).
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "spool/io/wire.h"
#include "spool/loop/error.h"

namespace spool::io {

inline constexpr std::size_t handshake_size = 8;
using HandshakeBytes = std::array<std::byte, handshake_size>;

// What we send: 00 'S' 'P' 00, our protocol number, 00 00.
[[nodiscard]] HandshakeBytes encode_handshake(ProtocolId self) noexcept;

// What the peer sent. Error::bad_handshake: no SP, another version, or reserved bytes that are not
// zero. Error::protocol_mismatch: an SP peer, but not `expected`.
[[nodiscard]] Error check_handshake(std::span<const std::byte, handshake_size> bytes,
                                    ProtocolId expected) noexcept;

}  // namespace spool::io
