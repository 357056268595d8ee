// ipc://PATH: unix domain sockets. PATH is absolute or relative, at most 107 bytes.
#pragma once

#include "spool/io/io_context.h"
#include "spool/io/transport.h"
#include "spool/io/transports/socket.h"

namespace spool::io {

// Null without memory.
[[nodiscard]] loop::Box<Transport> make_ipc_transport(IoContext& io) noexcept;

// PATH in the kernel's form; exported for the tests. Error::invalid_address or name_too_long.
[[nodiscard]] Result<SocketAddress> parse_ipc(std::string_view rest, Explanation& why) noexcept;

}  // namespace spool::io
