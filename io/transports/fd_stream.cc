#include "spool/io/transports/fd_stream.h"

#include <sys/socket.h>

#include <cerrno>

#include "spool/io/transports/socket.h"

namespace spool::io {

Transfer FdStream::read(std::span<iovec> buffers) noexcept {
  for (;;) {
    // One buffer is the rule; recv saves the kernel the walk over a vector.
    const ssize_t n = buffers.size() == 1
                          ? ::recv(fd_.get(), buffers[0].iov_base, buffers[0].iov_len, 0)
                          : ::readv(fd_.get(), buffers.data(), static_cast<int>(buffers.size()));
    if (n >= 0) return {static_cast<std::size_t>(n), Error::none, 0};
    if (errno != EINTR) return {0, error_from_errno(errno), errno};
  }
}

Transfer FdStream::write(std::span<const iovec> buffers) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(buffers.data());
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(buffers.size());
  for (;;) {
    // A peer that is gone must not raise SIGPIPE in a host whose signals are not ours.
    const ssize_t n = ::sendmsg(fd_.get(), &message, send_flags);
    if (n >= 0) return {static_cast<std::size_t>(n), Error::none, 0};
    if (errno == EINTR) continue;
    // No room in the kernel for now: the same as a full socket.
    if (errno == ENOBUFS || errno == ENOMEM) return {0, Error::would_block, errno};
    return {0, error_from_errno(errno), errno};
  }
}

Transfer FdStream::finish_connect() noexcept {
  int status = 0;
  socklen_t size = sizeof status;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &status, &size) != 0) status = errno;
  if (status == EINPROGRESS || status == EALREADY) return {0, Error::would_block, 0};
  if (status != 0) return {0, error_from_errno(status), status};
  // Writable and without error, but not connected: a false alarm of the poller.
  sockaddr_storage peer{};
  socklen_t peer_size = sizeof peer;
  if (::getpeername(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0) return {};
  if (errno == ENOTCONN) return {0, Error::would_block, 0};
  return {0, error_from_errno(errno), errno};
}

void FdStream::shutdown_write() noexcept {
  // It fails only when the connection is gone, and then the next read says so.
  static_cast<void>(::shutdown(fd_.get(), SHUT_WR));
}

}  // namespace spool::io
