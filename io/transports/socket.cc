#include "spool/io/transports/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

namespace spool::io {

namespace {

void set_option(NativeHandle fd, int level, int option, int value) noexcept {
  static_cast<void>(::setsockopt(fd, level, option, &value, sizeof value));
}

}  // namespace

void apply_buffers(NativeHandle fd, const LinkConfig& link) noexcept {
  if (link.kernel_send_buffer > 0) set_option(fd, SOL_SOCKET, SO_SNDBUF, link.kernel_send_buffer);
  if (link.kernel_receive_buffer > 0)
    set_option(fd, SOL_SOCKET, SO_RCVBUF, link.kernel_receive_buffer);
}

void apply_link(NativeHandle fd, int family, const LinkConfig& link) noexcept {
  apply_buffers(fd, link);
  if (family == AF_UNIX) return;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, link.tcp_nodelay ? 1 : 0);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, link.tcp_keepalive ? 1 : 0);
}

SocketAddress local_address(NativeHandle fd) noexcept {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0)
    address = {};
  return address;
}

PeerName PeerName::of(const SocketAddress& address) noexcept {
  PeerName name;
  name.family = static_cast<std::uint16_t>(address.family());
  if (name.family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof in);
    name.port = in.sin_port;
    std::memcpy(name.ip.data(), &in.sin_addr, sizeof in.sin_addr);
  } else if (name.family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address.storage, sizeof in);
    name.port = in.sin6_port;
    std::memcpy(name.ip.data(), &in.sin6_addr, sizeof in.sin6_addr);
  }
  return name;
}

void PeerName::describe(Explanation& text) const noexcept {
  char host[INET6_ADDRSTRLEN] = "";
  if (family == AF_INET && ::inet_ntop(AF_INET, ip.data(), host, sizeof host) != nullptr)
    text << "tcp://" << host << ":" << unsigned{ntohs(port)};
  else if (family == AF_INET6 && ::inet_ntop(AF_INET6, ip.data(), host, sizeof host) != nullptr)
    text << "tcp://[" << host << "]:" << unsigned{ntohs(port)};
}

}  // namespace spool::io
