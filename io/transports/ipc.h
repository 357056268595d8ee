// ipc and unix (the same: a file) and abstract (a name that is no file, Linux): unix domain
// sockets; unix_address.h says what their addresses look like.
#pragma once

#include "spool/io/io_context.h"
#include "spool/io/transport.h"

namespace spool::io {

// Null without memory.
[[nodiscard]] loop::Box<Transport> make_ipc_transport(IoContext& io) noexcept;

}  // namespace spool::io
