#include "spool/io/transports/tcp.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "spool/io/transports/fd_listener.h"

namespace spool::io {

namespace {

constexpr int listen_backlog = 1024;

Error wrong(Explanation& why, std::string_view rest, std::string_view what) noexcept {
  why.quote(rest) << ": " << what;
  return Error::invalid_address;
}

void set_ip4(SocketAddress& address, in_addr ip, std::uint16_t port) noexcept {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr = ip;
  in.sin_port = htons(port);
  std::memcpy(&address.storage, &in, sizeof in);
  address.size = sizeof in;
}

void set_ip6(SocketAddress& address, const in6_addr& ip, std::uint16_t port) noexcept {
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_addr = ip;
  in.sin6_port = htons(port);
  std::memcpy(&address.storage, &in, sizeof in);
  address.size = sizeof in;
}

// inet_pton wants a terminated string.
bool to_ip(int family, std::string_view host, void* ip) noexcept {
  char text[64];
  if (host.size() >= sizeof text) return false;
  std::memcpy(text, host.data(), host.size());
  text[host.size()] = '\0';
  return ::inet_pton(family, text, ip) == 1;
}

}  // namespace

Result<SocketAddress> parse_tcp(std::string_view rest, bool listen, Explanation& why) noexcept {
  const std::size_t colon = rest.rfind(':');
  const std::size_t bracket = rest.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket))
    return wrong(why, rest, "expected HOST:PORT, the port is missing");
  std::string_view host = rest.substr(0, colon);
  std::string_view digits = rest.substr(colon + 1);
  if (!digits.empty() && digits.back() == '/') digits.remove_suffix(1);  // as nng allows
  unsigned port = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (status != std::errc{} || end != digits.data() + digits.size() || port > 65535)
    return wrong(why, rest, "expected a port from 0 to 65535");
  if (port == 0 && !listen) return wrong(why, rest, "port 0 is only for listening");
  SocketAddress address;
  const auto number = static_cast<std::uint16_t>(port);
  if (host.empty() || host == "*") {
    if (!listen) return wrong(why, rest, "expected a host to connect to, not all interfaces");
    in_addr any{};
    any.s_addr = htonl(INADDR_ANY);
    set_ip4(address, any, number);
    return address;
  }
  if (host == "localhost") host = "127.0.0.1";
  in_addr ip4{};
  if (to_ip(AF_INET, host, &ip4)) {
    set_ip4(address, ip4, number);
    return address;
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    in6_addr ip6{};
    if (to_ip(AF_INET6, host.substr(1, host.size() - 2), &ip6)) {
      set_ip6(address, ip6, number);
      return address;
    }
    return wrong(why, rest, "expected an IPv6 address between the brackets");
  }
  return wrong(why, rest,
               "expected an IPv4 address, an IPv6 address in brackets, or localhost: "
               "other names are not looked up yet");
}

namespace {

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(IoContext& io) noexcept : io_(io), pipes_(io.memory) {}

  std::string_view scheme() const noexcept override { return "tcp"; }

  Error check(const Address& address, bool listen, Explanation& why) noexcept override {
    const Result<SocketAddress> parsed = parse_tcp(address.rest(), listen, why);
    return parsed.ok() ? Error::none : parsed.error();
  }

  Result<Pipe*> connect(const Address& address, const PipeConfig& config, const LinkConfig& link,
                        PipeOwner& owner, OpenError& error) noexcept override {
    const Result<SocketAddress> to = parse_tcp(address.rest(), false, error.why);
    if (!to.ok()) return to.error();
    return connect_socket(io_, pipes_, to.value(), Framing::tcp, config, link, owner, error);
  }

  Result<loop::Box<Listener>> listen(const Address& address, const PipeConfig& config,
                                     const LinkConfig& link, ListenerOwner& owner,
                                     OpenError& error) noexcept override {
    const Result<SocketAddress> at = parse_tcp(address.rest(), true, error.why);
    if (!at.ok()) return at.error();
    Result<loop::OwnedFd> made = make_socket(at->family(), error.os_error);
    if (!made.ok()) return made.error();
    loop::OwnedFd fd = std::move(made).value();
    const int on = 1;
    static_cast<void>(::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    apply_link(fd.get(), at->family(), link);  // accepted sockets inherit it
    if (::bind(fd.get(), at->get(), at->size) != 0 || ::listen(fd.get(), listen_backlog) != 0) {
      error.os_error = errno;
      return error_from_errno(errno);
    }
    Explanation text;
    PeerName::of(local_address(fd.get())).describe(text);
    const Result<Address> real = Address::parse(text.text(), error.why);
    if (!real.ok()) return real.error();
    loop::Box<FdListener> listener = loop::make_box<FdListener>(
        io_.memory, io_, pipes_, std::move(fd), Framing::tcp, config, link, real.value(), owner);
    if (!listener) return Error::no_memory;
    if (const Error failed = listener->start(); failed != Error::none) return failed;
    return loop::Box<Listener>(std::move(listener));
  }

 private:
  IoContext& io_;
  FdPipe::Pool pipes_;
};

}  // namespace

loop::Box<Transport> make_tcp_transport(IoContext& io) noexcept {
  return loop::make_box<TcpTransport>(io.memory, io);
}

}  // namespace spool::io
