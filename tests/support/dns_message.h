// DNS messages as a test makes them: replies, right and wrong. Shared by the tests of io/dns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace spool::testing {

// A message that grows. Names are written without compression, unless they are raw.
class DnsMessage {
 public:
  static constexpr std::uint16_t ip4 = 1;
  static constexpr std::uint16_t ip6 = 28;
  static constexpr std::uint16_t alias = 5;
  static constexpr std::uint16_t recursive_reply = 0x8180;
  static constexpr std::uint16_t truncated = 0x0200;
  static constexpr std::uint16_t format_error = 1;
  static constexpr std::uint16_t server_failure = 2;
  static constexpr std::uint16_t no_such_name = 3;
  static constexpr std::uint16_t refused = 5;

  // The header and one question.
  DnsMessage(std::uint16_t id, std::uint16_t flags, std::string_view name, std::uint16_t type) {
    for (const std::uint16_t field : {id, flags, std::uint16_t{1}, std::uint16_t{0}}) put16(field);
    put16(0);
    put16(0);
    put_name(name);
    put16(type);
    put16(1);
  }

  DnsMessage& put16(unsigned value) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  DnsMessage& put_raw(std::initializer_list<unsigned> raw) {
    for (const unsigned byte : raw) bytes.push_back(static_cast<std::uint8_t>(byte));
    return *this;
  }
  DnsMessage& put_name(std::string_view name) {
    for (const std::uint8_t byte : wire(name)) bytes.push_back(byte);
    return *this;
  }
  // Everything of a record but its name, and counts it as an answer.
  DnsMessage& put_record(std::uint16_t type, const std::vector<std::uint8_t>& data,
                         std::uint16_t record_class = 1) {
    put16(type).put16(record_class).put16(0).put16(60).put16(static_cast<unsigned>(data.size()));
    bytes.insert(bytes.end(), data.begin(), data.end());
    set16(6, get16(6) + 1u);
    return *this;
  }
  DnsMessage& answer(std::string_view name, std::uint16_t type,
                     const std::vector<std::uint8_t>& data) {
    return put_name(name).put_record(type, data);
  }
  DnsMessage& address(std::string_view name, std::initializer_list<std::uint8_t> four) {
    return answer(name, ip4, four);
  }
  DnsMessage& alias_of(std::string_view name, std::string_view target) {
    return answer(name, alias, wire(target));
  }

  [[nodiscard]] unsigned get16(std::size_t at) const {
    return static_cast<unsigned>(bytes[at] << 8 | bytes[at + 1]);
  }
  void set16(std::size_t at, unsigned value) {
    bytes[at] = static_cast<std::uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<std::uint8_t>(value);
  }

  [[nodiscard]] static std::vector<std::uint8_t> wire(std::string_view name) {
    std::vector<std::uint8_t> out;
    while (!name.empty()) {
      const std::string_view label = name.substr(0, name.find('.'));
      out.push_back(static_cast<std::uint8_t>(label.size()));
      out.insert(out.end(), label.begin(), label.end());
      name.remove_prefix(label.size() == name.size() ? label.size() : label.size() + 1);
    }
    out.push_back(0);
    return out;
  }

  std::vector<std::uint8_t> bytes;
};

}  // namespace spool::testing
