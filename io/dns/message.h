// DNS messages (RFC 1035, and 3596 for IPv6): a question out, its reply back. Functions over bytes
// that come from anywhere; nothing here waits or allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "spool/io/dns/address_list.h"

namespace spool::io::dns {

enum class RecordType : std::uint16_t { ip4 = 1, ip6 = 28 };

struct Question {
  std::uint16_t id = 0;
  std::string_view name;  // without a dot at the end
  RecordType type = RecordType::ip4;
};

inline constexpr std::size_t name_max = 255;                 // on the wire
inline constexpr std::size_t query_max = 12 + name_max + 4;  // header, name, type and class
inline constexpr std::size_t reply_max = 1500;               // what is read of a reply

// Asks for recursion. Returns the size; 0 when the name is none: empty, or too long in a part or
// in all.
[[nodiscard]] std::size_t write_query(const Question& question,
                                      std::span<std::uint8_t, query_max> out) noexcept;

enum class Verdict : std::uint8_t {
  not_ours,  // no reply, or to another question: go on waiting
  found,     // there are addresses
  none,      // the name does not exist, or has no such address
  failed,    // the server could not tell, would not, or made no sense
};

// Follows aliases (CNAME) within the reply. What was cut off (the TC bit) is not asked for again
// over TCP: the addresses that are there are used; without any, the server has failed.
[[nodiscard]] Verdict read_reply(std::span<const std::uint8_t> message, const Question& question,
                                 AddressList& found) noexcept;

}  // namespace spool::io::dns
