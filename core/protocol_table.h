// The one place that knows which class speaks which pattern.
#pragma once

#include "spool/io/wire.h"
#include "spool/loop/box.h"
#include "spool/protocols/protocol.h"
#include "spool/protocols/socket_type.h"

namespace spool::core {

// Empty without memory.
[[nodiscard]] loop::Box<protocols::Protocol> make_protocol(SocketType type,
                                                           protocols::ProtocolHost& host,
                                                           Memory& memory) noexcept;

// What a socket of this type says it is in the handshake.
[[nodiscard]] io::ProtocolId protocol_id(SocketType type) noexcept;

// Does the pattern look at messages before they are kept (SUB), or want none (PUB, PUSH)?
[[nodiscard]] bool filters_on_arrival(SocketType type) noexcept;

}  // namespace spool::core
