// The addresses of this machine's interfaces.
#pragma once

#include <string_view>

#include "spool/io/ip_address.h"
#include "spool/loop/error.h"

namespace spool::io {

// The first address of the interface, of that family; for any: the first of IPv4, else of IPv6.
// Error::address_unavailable without one, or what the system said, with its errno. The list comes
// from the system's own heap: an endpoint needs it once.
[[nodiscard]] Error find_interface(std::string_view name, IpFamily family, IpAddress& found,
                                   int& os_error) noexcept;

}  // namespace spool::io
