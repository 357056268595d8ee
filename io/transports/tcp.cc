#include "spool/io/transports/tcp.h"

#include <netinet/in.h>

#include <cerrno>

#include "spool/io/transports/fd_listener.h"
#include "spool/io/transports/interface.h"
#include "spool/io/transports/tcp_address.h"

namespace spool::io {

namespace {

constexpr int listen_backlog = 1024;

Result<TcpAddress> parse(const Address& address, bool listen, Explanation& why) noexcept {
  return parse_tcp(address.rest(), family_of_scheme(address.scheme()), listen, why);
}

Error look_up(std::string_view interface, IpFamily family, IpAddress& found,
              OpenError& error) noexcept {
  const Error failed = find_interface(interface, family, found, error.os_error);
  if (failed == Error::address_unavailable) {
    error.why << "there is no interface ";
    error.why.quote(interface) << " with an "
                               << (family == IpFamily::ip6 ? "IPv6 address" : "IP address");
  }
  return failed;
}

IpAddress every_interface(IpFamily family) noexcept {
  IpAddress any;
  any.family = family;
  return any;
}

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(IoContext& io) noexcept : io_(io), pipes_(io.memory) {}

  std::string_view scheme() const noexcept override { return "tcp"; }
  std::string_view aliases() const noexcept override { return "tcp4 tcp6"; }

  bool reserve(std::uint32_t pipes) noexcept override { return pipes_.reserve(pipes); }

  Error check(const Address& address, bool listen, Explanation& why) noexcept override {
    const Result<TcpAddress> parsed = parse(address, listen, why);
    return parsed.ok() ? Error::none : parsed.error();
  }

  HostName name_to_resolve(const Address& address) const noexcept override {
    Explanation why;
    const Result<TcpAddress> to = parse(address, false, why);
    if (!to.ok() || to->host != TcpAddress::Host::name) return {};
    return {to->name, to->family};
  }

  Result<Pipe*> connect(const Address& address, const PipeConfig& config, const LinkConfig& link,
                        PipeOwner& owner, OpenError& error) noexcept override {
    const Result<TcpAddress> to = parse(address, false, error.why);
    if (!to.ok()) return to.error();
    if (to->host != TcpAddress::Host::literal) {
      error.why.quote(to->name) << " has not been looked up";
      return Error::invalid_address;
    }
    IpAddress local = to->local_ip;
    if (!to->local_name.empty())
      if (const Error failed = look_up(to->local_name, to->ip.family, local, error);
          failed != Error::none)
        return failed;
    const SocketAddress from =
        local.family == IpFamily::any ? SocketAddress{} : socket_address(local, 0);
    return connect_socket(io_, pipes_, from, socket_address(to->ip, to->port), Framing::tcp, config,
                          link, owner, error);
  }

  Result<loop::Box<Listener>> listen(const Address& address, const PipeConfig& config,
                                     const LinkConfig& link, ListenerOwner& owner,
                                     OpenError& error) noexcept override {
    const Result<TcpAddress> at = parse(address, true, error.why);
    if (!at.ok()) return at.error();
    Result<loop::OwnedFd> opened = open_listener(at.value(), link, error);
    if (!opened.ok()) return opened.error();
    loop::OwnedFd fd = std::move(opened).value();
    const Result<Address> real = real_address(fd.get(), address, at.value(), error.why);
    if (!real.ok()) return real.error();
    loop::Box<FdListener> listener = loop::make_box<FdListener>(
        io_.memory, io_, pipes_, std::move(fd), Framing::tcp, config, link, real.value(), owner);
    if (!listener) return Error::no_memory;
    if (const Error failed = listener->start(); failed != Error::none) return failed;
    return loop::Box<Listener>(std::move(listener));
  }

 private:
  static Result<loop::OwnedFd> open_listener(const TcpAddress& at, const LinkConfig& link,
                                             OpenError& error) noexcept {
    IpAddress ip = at.ip;
    switch (at.host) {
      case TcpAddress::Host::literal:
        break;
      case TcpAddress::Host::name:
        if (const Error failed = look_up(at.name, at.family, ip, error); failed != Error::none)
          return failed;
        break;
      case TcpAddress::Host::everywhere:
        if (at.family == IpFamily::any) return open_everywhere(at.port, link, error);
        ip = every_interface(at.family);
        break;
    }
    return bind_and_listen(socket_address(ip, at.port), true, link, error);
  }

  // One socket for both families; IPv4 alone where the system has no IPv6, or does not mix them.
  static Result<loop::OwnedFd> open_everywhere(std::uint16_t port, const LinkConfig& link,
                                               OpenError& error) noexcept {
    Result<loop::OwnedFd> both =
        bind_and_listen(socket_address(every_interface(IpFamily::ip6), port), false, link, error);
    if (both.ok() ||
        (both.error() != Error::not_supported && both.error() != Error::address_unavailable))
      return both;
    error.os_error = 0;
    return bind_and_listen(socket_address(every_interface(IpFamily::ip4), port), true, link, error);
  }

  // `one_family` matters to IPv6, which could serve IPv4 as well: said aloud, because systems
  // differ in what they do by themselves.
  static Result<loop::OwnedFd> bind_and_listen(const SocketAddress& at, bool one_family,
                                               const LinkConfig& link, OpenError& error) noexcept {
    Result<loop::OwnedFd> made = make_socket(at.family(), SOCK_STREAM, error.os_error);
    if (!made.ok()) return made;
    const int fd = made->get();
    const int on = 1;
    static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    const int only = one_family ? 1 : 0;
    if (at.family() == AF_INET6 &&
        ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0) {
      error.os_error = errno;
      return Error::not_supported;
    }
    apply_link(fd, at.family(), link);  // accepted sockets inherit it
    if (::bind(fd, at.get(), at.size) == 0 && ::listen(fd, listen_backlog) == 0) return made;
    error.os_error = errno;
    return error_from_errno(error.os_error);
  }

  // The address that was asked for, with the literal and the port that came of it.
  static Result<Address> real_address(NativeHandle fd, const Address& asked, const TcpAddress& at,
                                      Explanation& why) noexcept {
    const SocketAddress bound = local_address(fd);
    Explanation text;
    text << asked.scheme() << "://";
    if (at.host == TcpAddress::Host::everywhere)
      text << "*";
    else
      ip_of(bound).describe(text);
    text << ":" << unsigned{port_of(bound)};
    return Address::parse(text.text(), why);
  }

  IoContext& io_;
  FdPipe::Pool pipes_;
};

}  // namespace

loop::Box<Transport> make_tcp_transport(IoContext& io) noexcept {
  return loop::make_box<TcpTransport>(io.memory, io);
}

}  // namespace spool::io
