// What a nameserver says, and what the files of the resolver say.
//
// Input: byte 0 chooses what the rest is: a reply as it is, a reply behind a right header and
// question, lines of a hosts file, or lines of a resolv.conf.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "spool/io/dns/message.h"
#include "spool/io/dns/system_files.h"

namespace spool::io::dns {
namespace {

constexpr std::size_t answers_at = 6;
constexpr std::size_t header_size = 12;

void check(bool true_now) {
  if (!true_now) std::abort();
}

void check_list(const AddressList& found, IpFamily family) {
  check(found.size() <= NameQuery::addresses_max);
  for (const IpAddress& address : found.view())
    check(family == IpFamily::any ? address.family != family : address.family == family);
}

void run_reply(const std::vector<std::uint8_t>& bytes, RecordType type) {
  AddressList found;
  found.add(*IpAddress::parse("192.0.2.1"));  // of an earlier reply
  const Verdict verdict = read_reply(bytes, {0x1234, "a.example", type}, found);
  check(found.empty() == (verdict != Verdict::found));
  check_list(found, type == RecordType::ip4 ? IpFamily::ip4 : IpFamily::ip6);
}

void run_answers(std::string_view answers, RecordType type) {
  std::array<std::uint8_t, query_max> query{};
  const std::size_t size = write_query({0x1234, "a.example", type}, query);
  check(size > header_size);
  std::vector<std::uint8_t> bytes(query.begin(), query.begin() + static_cast<long>(size));
  bytes[2] |= 0x80;  // a reply
  bytes[answers_at + 1] = answers.empty() ? 0 : static_cast<std::uint8_t>(answers[0]);
  bytes.insert(bytes.end(), answers.begin(), answers.end());
  run_reply(bytes, type);
  bytes[2] |= 0x02;  // cut off
  run_reply(bytes, type);
}

template <typename Fn>
void for_each_line(std::string_view text, Fn fn) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    fn(std::string(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void run_hosts(std::string_view text) {
  AddressList any;
  AddressList ip6;
  for_each_line(text, [&](const std::string& line) {
    read_hosts_line(line, "a.example", IpFamily::any, any);
    read_hosts_line(line, "a.example", IpFamily::ip6, ip6);
  });
  check_list(any, IpFamily::any);
  check_list(ip6, IpFamily::ip6);
}

void run_resolv_conf(std::string_view text) {
  ResolverSettings settings;
  for_each_line(text, [&](const std::string& line) { settings.read_line(line); });
  check(settings.server_count <= ResolverSettings::servers_max);
  for (std::size_t i = 0; i < settings.server_count; ++i)
    check(settings.servers[i].family != IpFamily::any);
  check(settings.search_count <= ResolverSettings::search_max);
  for (unsigned i = 0; i < settings.search_count; ++i) {
    const std::string_view domain = settings.search_domain(i);
    check(!domain.empty() && domain.back() != '.' && domain.size() < 256);
  }
  check(settings.ndots <= 15);
  check(settings.attempts >= 1 && settings.attempts <= 5);
  check(settings.timeout_seconds >= 1 && settings.timeout_seconds <= 30);
}

}  // namespace
}  // namespace spool::io::dns

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace spool::io::dns;
  if (size < 1 || size > 20'000) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const RecordType type = (data[0] & 4) != 0 ? RecordType::ip6 : RecordType::ip4;
  switch (data[0] % 4) {
    case 0:
      run_reply({data + 1, data + size}, type);
      break;
    case 1:
      run_answers(rest, type);
      break;
    case 2:
      run_hosts(rest);
      break;
    default:
      run_resolv_conf(rest);
      break;
  }
  return 0;
}
