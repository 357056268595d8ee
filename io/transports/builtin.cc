#include "spool/io/transports/builtin.h"

#include "spool/io/transports/inproc.h"
#include "spool/io/transports/ipc.h"
#include "spool/io/transports/tcp.h"

namespace spool::io {

bool make_builtin_transports(IoContext& io, std::span<loop::Box<Transport>> slots) noexcept {
  slots[0] = make_tcp_transport(io);
  slots[1] = make_ipc_transport(io);
  slots[2] = make_inproc_transport(io);
  return slots[0] && slots[1] && slots[2];
}

}  // namespace spool::io
