// Linux: flags do it all in one call.
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <chrono>

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

// A connection that is idle is probed after half of the time, four times in the other half; what
// was sent and is not acknowledged counts from when it was sent.
void set_tcp_timeout(NativeHandle fd, bool probes, Duration timeout) noexcept {
  using namespace std::chrono;
  const auto set = [fd](int option, int value) {
    static_cast<void>(::setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value));
  };
  set(TCP_USER_TIMEOUT, static_cast<int>(ceil<milliseconds>(timeout).count()));
  if (!probes) return;
  set(TCP_KEEPIDLE, static_cast<int>(ceil<seconds>(timeout / 2).count()));
  set(TCP_KEEPINTVL, static_cast<int>(ceil<seconds>(timeout / 8).count()));
  set(TCP_KEEPCNT, 4);
}

bool peer_credentials(NativeHandle fd, PeerCredentials& out) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  out = {peer.uid, peer.gid, peer.pid};
  return true;
}

}  // namespace spool::io
