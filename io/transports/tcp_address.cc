#include "spool/io/transports/tcp_address.h"

#include <algorithm>
#include <charconv>

namespace spool::io {

namespace {

constexpr std::size_t name_max = 255;  // RFC 1035, as is the next
constexpr std::size_t label_max = 63;
constexpr std::size_t interface_max = 15;
constexpr std::size_t quoted_max = 100;  // of a bad address: leaves room for the words

constexpr std::string_view expected_to_connect =
    "expected an IPv4 address, an IPv6 address in brackets, or a host name";
constexpr std::string_view expected_to_listen =
    "expected an IPv4 address, an IPv6 address in brackets, the name of an interface, or *";
constexpr std::string_view expected_local =
    "expected an IPv4 address, an IPv6 address in brackets, or the name of an interface left of ;";

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_name_character(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

// Linux takes more than these; numbers alone (eth0.100 is fine) are a mistyped IPv4 address.
bool is_interface_name(std::string_view name) noexcept {
  return name.size() <= interface_max &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_name_character(c) || c == '.' || c == '@'; }) &&
         !std::all_of(name.begin(), name.end(), [](char c) { return is_digit(c) || c == '.'; });
}

// No host name does, so it is a mistyped IPv4 address (RFC 3696 section 2).
bool ends_in_number(std::string_view name) noexcept {
  while (!name.empty() && name.back() == '.') name.remove_suffix(1);
  const std::string_view last = name.substr(name.rfind('.') + 1);  // npos + 1 is 0
  return std::all_of(last.begin(), last.end(), is_digit);
}

// The parts of one address, and where the words go.
class Parser {
 public:
  Parser(std::string_view rest, IpFamily family, bool listen, Explanation& why) noexcept
      : rest_(rest), why_(why), listen_(listen) {
    address_.family = family;
  }

  Result<TcpAddress> parse() noexcept {
    std::string_view text = rest_;
    const std::size_t semicolon = text.find(';');
    if (semicolon != std::string_view::npos) {
      if (listen_) return wrong("a local address left of ; is only for connecting");
      if (const Error error = parse_local(text.substr(0, semicolon)); error != Error::none)
        return error;
      text.remove_prefix(semicolon + 1);
    }
    const std::size_t colon = text.rfind(':');
    const std::size_t bracket = text.rfind(']');
    if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket))
      return wrong("expected HOST:PORT, the port is missing");
    if (const Error error = parse_port(text.substr(colon + 1)); error != Error::none) return error;
    if (const Error error = parse_host(text.substr(0, colon)); error != Error::none) return error;
    return address_;
  }

 private:
  Error wrong(std::string_view what) noexcept {
    why_.quote(rest_.substr(0, quoted_max));
    if (rest_.size() > quoted_max) why_ << "...";
    why_ << ": " << what;
    return Error::invalid_address;
  }

  Error too_long(std::string_view what, std::size_t size, std::size_t limit) noexcept {
    why_ << what << " of " << std::uint64_t{size} << " characters is too long: at most "
         << std::uint64_t{limit};
    return Error::name_too_long;
  }

  Error parse_port(std::string_view digits) noexcept {
    if (!digits.empty() && digits.back() == '/') digits.remove_suffix(1);  // as nng allows
    unsigned port = 0;
    const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (status != std::errc{} || end != digits.data() + digits.size() || port > 65535)
      return wrong("expected a port from 0 to 65535");
    if (port == 0 && !listen_) return wrong("port 0 is only for listening");
    address_.port = static_cast<std::uint16_t>(port);
    return Error::none;
  }

  // Error::none and `ip` without a family: it is no literal, and may be a name.
  Error parse_literal(std::string_view text, IpAddress& ip) noexcept {
    const bool brackets = text.size() >= 2 && text.front() == '[' && text.back() == ']';
    if (brackets) text = text.substr(1, text.size() - 2);
    // Without brackets, what has colons is none: nobody knows where its port begins.
    if (!brackets && text.find(':') != std::string_view::npos) return Error::none;
    const std::optional<IpAddress> parsed = IpAddress::parse(text);
    if (brackets && (!parsed || text.find(':') == std::string_view::npos))
      return wrong("expected an IPv6 address between the brackets, of an interface that exists");
    if (!parsed) return Error::none;
    if (address_.family == IpFamily::any) address_.family = parsed->family;
    if (address_.family != parsed->family)
      return wrong(address_.family == IpFamily::ip4 ? "expected only IPv4 addresses here"
                                                    : "expected only IPv6 addresses here");
    ip = *parsed;
    return Error::none;
  }

  Error parse_local(std::string_view text) noexcept {
    if (text == "*") return Error::none;
    const Error error = parse_literal(text, address_.local_ip);
    if (error != Error::none || address_.local_ip.family != IpFamily::any) return error;
    if (!is_interface_name(text)) return wrong(expected_local);
    address_.local_name = text;
    return Error::none;
  }

  Error parse_host(std::string_view host) noexcept {
    if (host.empty() || host == "*") {
      if (!listen_) return wrong("expected a host to connect to, not all interfaces");
      return Error::none;
    }
    if (listen_ && host == "localhost")
      host = address_.family == IpFamily::ip6 ? "[::1]" : "127.0.0.1";
    const Error error = parse_literal(host, address_.ip);
    if (error != Error::none) return error;
    if (address_.ip.family != IpFamily::any) {
      address_.host = TcpAddress::Host::literal;
      return Error::none;
    }
    address_.host = TcpAddress::Host::name;
    address_.name = host;
    if (!listen_) return check_host_name(host);
    return is_interface_name(host) ? Error::none : wrong(expected_to_listen);
  }

  Error check_host_name(std::string_view name) noexcept {
    if (name.size() > name_max) return too_long("a host name", name.size(), name_max);
    if (ends_in_number(name)) return wrong(expected_to_connect);
    if (name.back() == '.') name.remove_suffix(1);
    for (;;) {
      const std::size_t dot = std::min(name.find('.'), name.size());
      const std::string_view label = name.substr(0, dot);
      if (label.size() > label_max)
        return too_long("a part of a host name", label.size(), label_max);
      if (label.empty() || !std::all_of(label.begin(), label.end(), is_name_character))
        return wrong(expected_to_connect);
      if (dot == name.size()) return Error::none;
      name.remove_prefix(dot + 1);
    }
  }

  std::string_view rest_;
  Explanation& why_;
  bool listen_;
  TcpAddress address_;
};

}  // namespace

IpFamily family_of_scheme(std::string_view scheme) noexcept {
  if (scheme.ends_with('4')) return IpFamily::ip4;
  return scheme.ends_with('6') ? IpFamily::ip6 : IpFamily::any;
}

Result<TcpAddress> parse_tcp(std::string_view rest, IpFamily family, bool listen,
                             Explanation& why) noexcept {
  return Parser(rest, family, listen, why).parse();
}

}  // namespace spool::io
