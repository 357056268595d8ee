// What /etc/hosts and /etc/resolv.conf say (hosts(5), resolv.conf(5)).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "spool/io/dns/address_list.h"
#include "spool/loop/time.h"

namespace spool::io::dns {

// Does text name the same host? Letters of both cases are the same.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b) noexcept;

// Adds the line's address if `name` is among its names and `family` is its family.
void read_hosts_line(std::string_view line, std::string_view name, IpFamily family,
                     AddressList& found) noexcept;
// Of the first 256 KiB; in the file's order.
[[nodiscard]] AddressList find_in_hosts(const char* path, std::string_view name,
                                        IpFamily family) noexcept;

// Who is asked, and how. A value.
struct ResolverSettings {
  static constexpr std::size_t servers_max = 3;
  static constexpr unsigned search_max = 6;

  std::array<IpAddress, servers_max> servers{};
  std::uint8_t server_count = 0;
  std::uint8_t ndots = 1;     // with so many dots a name is tried as it is before it is completed
  std::uint8_t attempts = 2;  // rounds through the servers, 1 to 5
  std::uint8_t timeout_seconds = 5;  // for one server's answer, 1 to 30
  std::uint8_t search_count = 0;

  [[nodiscard]] Duration timeout() const noexcept { return std::chrono::seconds(timeout_seconds); }
  // One of the domains that complete a name; number is below search_count.
  [[nodiscard]] std::string_view search_domain(unsigned number) const noexcept;

  // Takes in `nameserver`, `search`, `domain` and of `options` those above; what is unknown is
  // passed over. The last search or domain counts.
  void read_line(std::string_view line) noexcept;

 private:
  void read_option(std::string_view option) noexcept;

  std::array<char, 256> search_{};  // words, with a space behind each
  std::uint16_t search_size_ = 0;
};

// Without a nameserver in it, 127.0.0.1 is asked.
[[nodiscard]] ResolverSettings read_resolv_conf(const char* path) noexcept;

}  // namespace spool::io::dns
