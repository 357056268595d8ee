#include "spool/io/transports/interface.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>

#include "spool/io/transports/socket.h"

namespace spool::io {

Error find_interface(std::string_view name, IpFamily family, IpAddress& found,
                     int& os_error) noexcept {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) {
    os_error = errno;
    return error_from_errno(errno);
  }
  found = {};
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_name != name) continue;
    const int kind = one->ifa_addr->sa_family;
    if (kind != AF_INET && kind != AF_INET6) continue;
    SocketAddress address;
    address.size = kind == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(&address.storage, one->ifa_addr, address.size);
    const IpAddress ip = ip_of(address);
    if (family != IpFamily::any && ip.family != family) continue;
    const bool better = found.family == IpFamily::ip6 && ip.family == IpFamily::ip4;
    if (found.family == IpFamily::any || better) found = ip;
  }
  ::freeifaddrs(list);
  return found.family == IpFamily::any ? Error::address_unavailable : Error::none;
}

}  // namespace spool::io
