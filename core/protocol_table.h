// The one place that knows which class speaks which pattern.
#pragma once

#include "spool/io/wire.h"
#include "spool/loop/box.h"
#include "spool/protocols/protocol.h"
#include "spool/protocols/socket_type.h"

namespace spool::core {

// Empty without memory. `raw`: headers are the user's, and nothing is remembered.
[[nodiscard]] loop::Box<protocols::Protocol> make_protocol(
    SocketType type, bool raw, const protocols::ProtocolContext& context) noexcept;

// What a socket of this type says it is in the handshake.
[[nodiscard]] io::ProtocolId protocol_id(SocketType type) noexcept;

}  // namespace spool::core
