// TcpAddress: what stands behind tcp://, tcp4:// and tcp6://, taken apart.
//
//   HOST:PORT              an IPv4 address, an IPv6 address in brackets (with %INTERFACE if it is
//                          link-local), a host name to connect to, an interface to listen on
//   *:PORT or :PORT        to listen: everywhere. tcp: IPv6 and IPv4 with one socket where the
//                          system can, else IPv4; tcp4 and tcp6: that family
//   HOST:0                 to listen: the system chooses the port
//   LOCAL;HOST:PORT        to connect: from this address, or from this interface's
//
// To listen, `localhost` is 127.0.0.1 (tcp6: ::1). One '/' may follow the port.
#pragma once

#include <cstdint>
#include <string_view>

#include "spool/io/ip_address.h"
#include "spool/loop/explanation.h"
#include "spool/loop/result.h"

namespace spool::io {

// A value; the names are views into the text that was parsed.
struct TcpAddress {
  enum class Host : std::uint8_t { everywhere, literal, name };
  Host host = Host::everywhere;
  IpFamily family = IpFamily::any;  // what host and local names may stand for
  std::uint16_t port = 0;
  IpAddress ip;           // of a literal
  std::string_view name;  // of a host, or of an interface to listen on
  IpAddress local_ip;     // any: not given
  std::string_view local_name;
};

// What the scheme says: ip4 for tcp4, ip6 for tcp6, else any.
[[nodiscard]] IpFamily family_of_scheme(std::string_view scheme) noexcept;

// `rest` is what stands behind "://". Asks nobody but the list of interfaces, for a %INTERFACE.
// Error::invalid_address, or name_too_long for a host name, and words.
[[nodiscard]] Result<TcpAddress> parse_tcp(std::string_view rest, IpFamily family, bool listen,
                                           Explanation& why) noexcept;

}  // namespace spool::io
