// macOS and the BSDs: the flags are set one by one, and SIGPIPE is a socket option.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

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

// An idle connection is probed after half of the time, four times in the other half. There is no
// portable limit for what was sent and is not acknowledged: the system's own stands.
void set_tcp_timeout(NativeHandle fd, bool probes, Duration timeout) noexcept {
  if (!probes) return;
  using namespace std::chrono;
  const auto set = [fd](int option, int value) {
    static_cast<void>(::setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value));
  };
#ifdef TCP_KEEPALIVE  // tidy: allow if: macOS has its own name for it
  set(TCP_KEEPALIVE, static_cast<int>(ceil<seconds>(timeout / 2).count()));
#else
  set(TCP_KEEPIDLE, static_cast<int>(ceil<seconds>(timeout / 2).count()));
#endif
  set(TCP_KEEPINTVL, static_cast<int>(ceil<seconds>(timeout / 8).count()));
  set(TCP_KEEPCNT, 4);
}

bool peer_credentials(NativeHandle fd, PeerCredentials& out) noexcept {
  uid_t uid = 0;
  gid_t gid = 0;
  if (::getpeereid(fd, &uid, &gid) != 0) return false;
  pid_t pid = 0;
#ifdef LOCAL_PEERPID  // tidy: allow if: macOS alone tells the process, and has no file of its own
  socklen_t size = sizeof pid;
  if (::getsockopt(fd, SOL_LOCAL, LOCAL_PEERPID, &pid, &size) != 0) pid = 0;
#endif
  out = {uid, gid, pid};
  return true;
}

}  // namespace spool::io
