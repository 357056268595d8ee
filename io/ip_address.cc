#include "spool/io/ip_address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace spool {

namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// The system wants terminated strings. False when the text does not fit.
template <std::size_t Size>
bool copy_terminated(std::string_view text, char (&out)[Size]) noexcept {
  if (text.size() >= Size) return false;
  std::copy(text.begin(), text.end(), out);
  out[text.size()] = '\0';
  return text.find('\0') == std::string_view::npos;
}

// The interface with this name or number; 0: none.
std::uint32_t scope_of(std::string_view text) noexcept {
  std::uint32_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status == std::errc{} && end == text.data() + text.size()) return number;
  char name[IF_NAMESIZE];
  return copy_terminated(text, name) ? ::if_nametoindex(name) : 0;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  const std::size_t percent = text.find('%');
  char host[INET6_ADDRSTRLEN];
  if (!copy_terminated(text.substr(0, percent), host)) return std::nullopt;
  IpAddress address;
  if (percent == std::string_view::npos && ::inet_pton(AF_INET, host, address.bytes.data()) == 1) {
    address.family = IpFamily::ip4;
    return address;
  }
  if (::inet_pton(AF_INET6, host, address.bytes.data()) != 1) return std::nullopt;
  address.family = IpFamily::ip6;
  if (percent != std::string_view::npos) {
    address.scope = scope_of(text.substr(percent + 1));
    if (address.scope == 0) return std::nullopt;
  } else if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.bytes.begin())) {
    IpAddress inner;
    inner.family = IpFamily::ip4;
    std::copy_n(address.bytes.begin() + 12, 4, inner.bytes.begin());
    return inner;
  }
  return address;
}

void IpAddress::describe(Explanation& text) const noexcept {
  char host[INET6_ADDRSTRLEN] = "";
  if (family == IpFamily::ip4 && ::inet_ntop(AF_INET, bytes.data(), host, sizeof host) != nullptr)
    text << host;
  if (family != IpFamily::ip6 || ::inet_ntop(AF_INET6, bytes.data(), host, sizeof host) == nullptr)
    return;
  text << "[" << host;
  if (scope != 0) {
    char name[IF_NAMESIZE] = "";
    text << "%";
    if (::if_indextoname(scope, name) != nullptr)
      text << name;
    else
      text << unsigned{scope};
  }
  text << "]";
}

}  // namespace spool
