#include "spool/io/transports/fd_pipe.h"

#include <cerrno>

namespace spool::io {

Result<Pipe*> connect_socket(IoContext& io, FdPipe::Pool& pipes, const SocketAddress& from,
                             const SocketAddress& to, Framing framing, const PipeConfig& config,
                             const LinkConfig& link, PipeOwner& owner, OpenError& error) noexcept {
  Result<loop::OwnedFd> made = make_socket(to.family(), SOCK_STREAM, error.os_error);
  if (!made.ok()) return made.error();
  loop::OwnedFd fd = std::move(made).value();
  apply_link(fd.get(), to.family(), link);
  if (from.size != 0 && ::bind(fd.get(), from.get(), from.size) != 0) {
    error.os_error = errno;
    return error_from_errno(errno);
  }
  const bool connected = ::connect(fd.get(), to.get(), to.size) == 0;
  // EINTR: the connection goes on in the background, like EINPROGRESS (POSIX connect).
  if (!connected && errno != EINPROGRESS && errno != EINTR) {
    error.os_error = errno;
    // Nobody listens there: a unix path that does not exist (yet), or whose backlog is full.
    if (to.family() == AF_UNIX && (errno == ENOENT || errno == EAGAIN))
      return Error::connection_refused;
    return error_from_errno(errno);
  }
  FdPipe* pipe = pipes.create(pipes, io, std::move(fd), to, framing, config, owner);
  if (pipe == nullptr) return Error::no_memory;
  if (const Error failed = pipe->start(connected); failed != Error::none) {
    pipe->dispose();
    return failed;
  }
  return static_cast<Pipe*>(pipe);
}

}  // namespace spool::io
