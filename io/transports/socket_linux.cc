// Linux: flags do it all in one call.
#include <cerrno>

#include "spool/io/transports/socket.h"

namespace spool::io {

const int send_flags = MSG_NOSIGNAL;
const bool has_abstract_names = true;

Result<loop::OwnedFd> make_socket(int family, int type, int& os_error) noexcept {
  const int fd = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0) return loop::OwnedFd(fd);
  os_error = errno;
  return error_from_errno(errno);
}

Result<loop::OwnedFd> accept_socket(NativeHandle listener, SocketAddress& peer,
                                    int& os_error) noexcept {
  peer.size = sizeof peer.storage;
  const int fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) return loop::OwnedFd(fd);
  os_error = errno;
  return error_from_errno(errno);
}

bool peer_credentials(NativeHandle fd, PeerCredentials& out) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  out = {peer.uid, peer.gid, peer.pid};
  return true;
}

}  // namespace spool::io
