// macOS and the BSDs: the flags are set one by one, and SIGPIPE is a socket option.
#include <cerrno>

#include "spool/io/transports/socket.h"

namespace spool::io {

const int send_flags = 0;
const bool has_abstract_names = false;

namespace {

Result<loop::OwnedFd> prepare(int fd, int& os_error) noexcept {
  if (fd < 0) {
    os_error = errno;
    return error_from_errno(errno);
  }
  loop::OwnedFd owned(fd);
  const int on = 1;
  // Fails on a connection that was reset before it was accepted; the first read tells.
  static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on));
  Error error = loop::set_nonblocking(fd);
  if (error == Error::none) error = loop::set_close_on_exec(fd);
  if (error == Error::none) return owned;
  os_error = errno;
  return error;
}

}  // namespace

Result<loop::OwnedFd> make_socket(int family, int type, int& os_error) noexcept {
  return prepare(::socket(family, type, 0), os_error);
}

Result<loop::OwnedFd> accept_socket(NativeHandle listener, SocketAddress& peer,
                                    int& os_error) noexcept {
  peer.size = sizeof peer.storage;
  return prepare(::accept(listener, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size),
                 os_error);
}

}  // namespace spool::io
