// tcp, tcp4 and tcp6; tcp_address.h says what their addresses look like.
#pragma once

#include "spool/io/io_context.h"
#include "spool/io/transport.h"

namespace spool::io {

// Null without memory.
[[nodiscard]] loop::Box<Transport> make_tcp_transport(IoContext& io) noexcept;

}  // namespace spool::io
