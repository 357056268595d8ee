#include "spool/io/transports/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

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
  if (link.tcp_timeout != Duration::zero())
    set_tcp_timeout(fd, link.tcp_keepalive, link.tcp_timeout);
}

SocketAddress local_address(NativeHandle fd) noexcept {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0)
    address = {};
  return address;
}

SocketAddress socket_address(const IpAddress& ip, std::uint16_t port) noexcept {
  SocketAddress address;
  if (ip.family == IpFamily::ip6) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    in.sin6_scope_id = ip.scope;
    std::memcpy(&in.sin6_addr, ip.bytes.data(), sizeof in.sin6_addr);
    std::memcpy(&address.storage, &in, sizeof in);
    address.size = sizeof in;
  } else {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, ip.bytes.data(), sizeof in.sin_addr);
    std::memcpy(&address.storage, &in, sizeof in);
    address.size = sizeof in;
  }
  return address;
}

IpAddress ip_of(const SocketAddress& address) noexcept {
  IpAddress ip;
  if (address.family() == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof in);
    ip.family = IpFamily::ip4;
    std::memcpy(ip.bytes.data(), &in.sin_addr, sizeof in.sin_addr);
  } else if (address.family() == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address.storage, sizeof in);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&in.sin6_addr);
    const bool is_ip4 = IN6_IS_ADDR_V4MAPPED(&in.sin6_addr);
    ip.family = is_ip4 ? IpFamily::ip4 : IpFamily::ip6;
    ip.scope = is_ip4 ? 0 : in.sin6_scope_id;
    std::memcpy(ip.bytes.data(), is_ip4 ? bytes + 12 : bytes, is_ip4 ? 4 : 16);
  }
  return ip;
}

std::uint16_t port_of(const SocketAddress& address) noexcept {
  if (address.family() == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof in);
    return ntohs(in.sin_port);
  }
  if (address.family() != AF_INET6) return 0;
  sockaddr_in6 in{};
  std::memcpy(&in, &address.storage, sizeof in);
  return ntohs(in.sin6_port);
}

void PeerName::describe(Explanation& text) const noexcept {
  if (ip.family == IpFamily::any) return;
  text << "tcp://";
  ip.describe(text);
  text << ":" << unsigned{port};
}

}  // namespace spool::io
