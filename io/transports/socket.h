// Sockets as we want them: non-blocking, close-on-exec, silent when the peer is gone. The few
// things in which systems differ are in socket_linux.cc and socket_bsd.cc.
#pragma once

#include <sys/socket.h>

#include <cstdint>

#include "spool/io/ip_address.h"
#include "spool/io/peer_credentials.h"
#include "spool/io/transport.h"
#include "spool/loop/owned_fd.h"
#include "spool/loop/result.h"

namespace spool::io {

// For sendmsg: no SIGPIPE, where that is a flag.
extern const int send_flags;
// Does the system know unix sockets that are no files?
extern const bool has_abstract_names;

// An address in the kernel's form.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  [[nodiscard]] int family() const noexcept { return storage.ss_family; }
};

[[nodiscard]] SocketAddress socket_address(const IpAddress& ip, std::uint16_t port) noexcept;
// Of unix sockets: no family, port 0. An IPv4 peer of a socket for both families is IPv4.
[[nodiscard]] IpAddress ip_of(const SocketAddress& address) noexcept;
[[nodiscard]] std::uint16_t port_of(const SocketAddress& address) noexcept;

// On failure os_error is the errno; Result carries the Error. `type` is SOCK_STREAM or SOCK_DGRAM.
[[nodiscard]] Result<loop::OwnedFd> make_socket(int family, int type, int& os_error) noexcept;
[[nodiscard]] Result<loop::OwnedFd> accept_socket(NativeHandle listener, SocketAddress& peer,
                                                  int& os_error) noexcept;

// A tcp peer that answers nothing for so long, probed or not, is given up by the system.
void set_tcp_timeout(NativeHandle fd, bool probes, Duration timeout) noexcept;

// Applies what the user asked for. A setting that the system refuses is left at its default: no
// connection is worth less for a smaller buffer.
void apply_link(NativeHandle fd, int family, const LinkConfig& link) noexcept;
// Of it, what an accepted unix socket does not inherit from its listener. Nothing by default.
void apply_buffers(NativeHandle fd, const LinkConfig& link) noexcept;

// Who is at the other end of a connected unix socket; false when the system does not say.
[[nodiscard]] bool peer_credentials(NativeHandle fd, PeerCredentials& out) noexcept;

[[nodiscard]] SocketAddress local_address(NativeHandle fd) noexcept;

// Who a peer is, small enough to be kept for every connection after its descriptor is closed.
struct PeerName {
  IpAddress ip;
  std::uint16_t port = 0;

  [[nodiscard]] static PeerName of(const SocketAddress& address) noexcept {
    return {ip_of(address), port_of(address)};
  }
  // "tcp://127.0.0.1:5555", "tcp://[::1]:5555"; nothing for unix sockets, whose clients have no
  // name.
  void describe(Explanation& text) const noexcept;
};

}  // namespace spool::io
