// tcp://HOST:PORT. HOST is an IPv4 literal, an IPv6 literal in brackets, `localhost`, or, to
// listen,
// `*` or nothing for all interfaces. Port 0 lets the system choose.
#pragma once

#include "spool/io/io_context.h"
#include "spool/io/transport.h"
#include "spool/io/transports/socket.h"

namespace spool::io {

// Null without memory.
[[nodiscard]] loop::Box<Transport> make_tcp_transport(IoContext& io) noexcept;

// HOST:PORT in the kernel's form; exported for the tests. Error::invalid_address and words.
[[nodiscard]] Result<SocketAddress> parse_tcp(std::string_view rest, bool listen,
                                              Explanation& why) noexcept;

}  // namespace spool::io
