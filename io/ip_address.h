// IpAddress: where a host is, as a value. What a Resolver answers with.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "spool/loop/explanation.h"

namespace spool {

enum class IpFamily : std::uint8_t { any, ip4, ip6 };

struct IpAddress {
  std::uint32_t scope = 0;               // of a link-local IPv6 address: the interface's number
  std::array<std::uint8_t, 16> bytes{};  // as on the wire; of IPv4 the first four
  IpFamily family = IpFamily::any;       // any: no address

  // "127.0.0.1", "::1", "fe80::1%eth0" or "fe80::1%2". An IPv4 address in the clothes of IPv6
  // (::ffff:192.0.2.1) is the IPv4 address. Nothing when it is neither, or has no such interface.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text) noexcept;
  // The same, IPv6 in brackets, as it stands in an address.
  void describe(Explanation& text) const noexcept;

  [[nodiscard]] bool operator==(const IpAddress&) const noexcept = default;
};

}  // namespace spool
