#include "spool/io/dns/system_files.h"

#include <algorithm>
#include <charconv>

#include "spool/io/dns/text_file.h"

namespace spool::io::dns {

namespace {

constexpr std::size_t hosts_limit = 256u << 10;  // some thousand hosts: less than a millisecond
constexpr std::size_t resolv_conf_limit = 16u << 10;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// The number between its limits; as it was, if the text is none.
std::uint8_t number(std::string_view text, unsigned least, unsigned most, unsigned was) noexcept {
  unsigned value = 0;
  const auto status = std::from_chars(text.data(), text.data() + text.size(), value).ec;
  if (status == std::errc::result_out_of_range) value = most;
  if (status == std::errc::invalid_argument) value = was;
  return static_cast<std::uint8_t>(std::clamp(value, least, most));
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

void read_hosts_line(std::string_view line, std::string_view name, IpFamily family,
                     AddressList& found) noexcept {
  line = line.substr(0, line.find('#'));
  const std::string_view address = take_word(line);
  for (;;) {
    const std::string_view word = take_word(line);
    if (word.empty()) return;
    if (same_name(word, name)) break;
  }
  const std::optional<IpAddress> ip = IpAddress::parse(address);
  if (ip && (family == IpFamily::any || family == ip->family)) found.add(*ip);
}

AddressList find_in_hosts(const char* path, std::string_view name, IpFamily family) noexcept {
  AddressList found;
  LineReader file(path, hosts_limit);
  for (std::string_view line; file.next(line);) read_hosts_line(line, name, family, found);
  return found;
}

std::string_view ResolverSettings::search_domain(unsigned wanted) const noexcept {
  std::string_view left(search_.data(), search_size_);
  for (unsigned i = 0; i < wanted; ++i) static_cast<void>(take_word(left));
  return take_word(left);
}

void ResolverSettings::read_option(std::string_view option) noexcept {
  const std::size_t colon = option.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view value = option.substr(colon + 1);
  option = option.substr(0, colon);
  if (option == "ndots") ndots = number(value, 0, 15, ndots);
  if (option == "timeout") timeout_seconds = number(value, 1, 30, timeout_seconds);
  if (option == "attempts") attempts = number(value, 1, 5, attempts);
}

void ResolverSettings::read_line(std::string_view line) noexcept {
  line = line.substr(0, line.find_first_of("#;"));
  const std::string_view keyword = take_word(line);
  if (keyword == "nameserver") {
    const std::optional<IpAddress> ip = IpAddress::parse(take_word(line));
    if (ip && server_count < servers_max) servers[server_count++] = *ip;
  } else if (keyword == "search" || keyword == "domain") {
    search_size_ = 0;
    search_count = 0;
    while (search_count < search_max) {
      std::string_view word = take_word(line);
      while (!word.empty() && word.back() == '.') word.remove_suffix(1);
      if (word.empty() || search_size_ + word.size() + 1 > search_.size()) break;
      std::copy(word.begin(), word.end(), search_.begin() + search_size_);
      search_size_ = static_cast<std::uint16_t>(search_size_ + word.size());
      search_[search_size_++] = ' ';
      ++search_count;
    }
  } else if (keyword == "options") {
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line))
      read_option(word);
  }
}

ResolverSettings read_resolv_conf(const char* path) noexcept {
  ResolverSettings settings;
  LineReader file(path, resolv_conf_limit);
  for (std::string_view line; file.next(line);) settings.read_line(line);
  if (settings.server_count == 0) {
    settings.servers[0] = *IpAddress::parse("127.0.0.1");
    settings.server_count = 1;
  }
  return settings;
}

}  // namespace spool::io::dns
