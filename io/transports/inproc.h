// inproc://NAME: sockets of the same loop. A message moves from one queue to the other: no copy,
// no system call. Connecting before anybody listens is fine; the two are linked when both are
// there.
#pragma once

#include "spool/io/io_context.h"
#include "spool/io/transport.h"

namespace spool::io {

// Null without memory.
[[nodiscard]] loop::Box<Transport> make_inproc_transport(IoContext& io) noexcept;

}  // namespace spool::io
