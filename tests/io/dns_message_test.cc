#include "spool/io/dns/message.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/dns_message.h"

namespace spool::io::dns {
namespace {

using testing::DnsMessage;
constexpr std::uint16_t reply = DnsMessage::recursive_reply;

const Question question{0x1234, "host.example", RecordType::ip4};

Verdict read(const std::vector<std::uint8_t>& bytes, AddressList& found,
             const Question& asked = question) {
  // Exactly as large as its content, so that a sanitizer sees a read behind its end.
  const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
  return read_reply(exact, asked, found);
}

Verdict read(const DnsMessage& message) {
  AddressList found;
  return read(message.bytes, found);
}

std::vector<std::string> shown(const AddressList& list) {
  std::vector<std::string> texts;
  for (const IpAddress& address : list.view()) {
    Explanation text;
    address.describe(text);
    texts.emplace_back(text.text());
  }
  return texts;
}

using Texts = std::vector<std::string>;

DnsMessage reply_to_question(std::uint16_t flags = reply) {
  return {0x1234, flags, "host.example", DnsMessage::ip4};
}

TEST_CASE("a query has an id, asks for recursion, and asks for one name of one type") {
  std::array<std::uint8_t, query_max> out{};
  const std::size_t size = write_query({0xabcd, "Host.example", RecordType::ip6}, out);
  const std::vector<std::uint8_t> expected{0xab, 0xcd, 1,   0,   0,   1,   0,   0,  0,   0,
                                           0,    0,    4,   'h', 'o', 's', 't', 7,  'e', 'x',
                                           'a',  'm',  'p', 'l', 'e', 0,   0,   28, 0,   1};
  CHECK(std::vector<std::uint8_t>(out.begin(), out.begin() + size) == expected);
}

TEST_CASE("what is no name cannot be asked for; the longest one can") {
  std::array<std::uint8_t, query_max> out{};
  const std::string label(63, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  CHECK(write_query({1, longest, RecordType::ip4}, out) == query_max);
  for (const std::string& bad :
       {std::string(), std::string("."), std::string("a..b"), std::string(".a"), std::string("a."),
        std::string(64, 'a'), longest + "b", std::string(100'000, 'a')})
    CHECK(write_query({1, bad, RecordType::ip4}, out) == 0);
}

TEST_CASE("the addresses of a reply are found, in its order") {
  AddressList found;
  DnsMessage message = reply_to_question();
  message.address("host.example", {192, 0, 2, 1}).address("HOST.EXAMPLE", {192, 0, 2, 2});
  CHECK(read(message.bytes, found) == Verdict::found);
  CHECK(shown(found) == Texts{"192.0.2.1", "192.0.2.2"});
}

TEST_CASE("IPv6 addresses are found too") {
  AddressList found;
  DnsMessage message(7, reply, "h", DnsMessage::ip6);
  message.answer("h", DnsMessage::ip6, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  CHECK(read(message.bytes, found, {7, "h", RecordType::ip6}) == Verdict::found);
  CHECK(shown(found) == Texts{"[2001:db8::1]"});
}

TEST_CASE("names may be compressed") {
  AddressList found;
  DnsMessage message = reply_to_question();
  message.put_raw({0xc0, 12}).put_record(DnsMessage::ip4, {192, 0, 2, 1});
  CHECK(read(message.bytes, found) == Verdict::found);
  CHECK(shown(found) == Texts{"192.0.2.1"});
}

TEST_CASE("what belongs to another name, type or class, or has a wrong size, is passed over") {
  AddressList found;
  DnsMessage message = reply_to_question();
  message.address("other.example", {1, 1, 1, 1})
      .address("host.example.com", {1, 1, 1, 1})
      .answer("host.example", DnsMessage::ip6, std::vector<std::uint8_t>(16, 1))
      .answer("host.example", 16, {3, 'a', 'b', 'c'})
      .answer("host.example", DnsMessage::ip4, {1, 1, 1})
      .answer("host.example", DnsMessage::ip4, {1, 1, 1, 1, 1});
  message.put_name("host.example").put_record(DnsMessage::ip4, {1, 1, 1, 1}, 3);
  CHECK(read(message.bytes, found) == Verdict::none);
  message.address("host.example", {192, 0, 2, 9});
  CHECK(read(message.bytes, found) == Verdict::found);
  CHECK(shown(found) == Texts{"192.0.2.9"});
}

TEST_CASE("at most 16 addresses are kept") {
  AddressList found;
  DnsMessage message = reply_to_question();
  for (std::uint8_t i = 0; i < 40; ++i) message.address("host.example", {192, 0, 2, i});
  CHECK(read(message.bytes, found) == Verdict::found);
  CHECK(found.size() == 16);
}

TEST_CASE("aliases are followed within the reply, in whatever order they come") {
  AddressList found;
  DnsMessage message = reply_to_question();
  SECTION("in order") {
    message.alias_of("host.example", "a.example")
        .alias_of("a.example", "b.example")
        .address("b.example", {192, 0, 2, 1});
  }
  SECTION("backwards") {
    message.address("b.example", {192, 0, 2, 1})
        .alias_of("a.example", "b.example")
        .alias_of("host.example", "a.example");
  }
  SECTION("with a compressed target") {
    message.put_name("host.example");
    message.put_record(DnsMessage::alias, {1, 'b', 0xc0, 17});
    message.address("b.example", {192, 0, 2, 1});
  }
  CHECK(read(message.bytes, found) == Verdict::found);
  CHECK(shown(found) == Texts{"192.0.2.1"});
}

TEST_CASE("an alias without an address has none; one in a circle is a failure") {
  DnsMessage dangling = reply_to_question();
  dangling.alias_of("host.example", "a.example");
  CHECK(read(dangling) == Verdict::none);
  DnsMessage circle = reply_to_question();
  circle.alias_of("host.example", "a.example").alias_of("a.example", "host.example");
  CHECK(read(circle) == Verdict::failed);
  DnsMessage itself = reply_to_question();
  itself.alias_of("host.example", "host.example");
  CHECK(read(itself) == Verdict::failed);
}

TEST_CASE("what the server says of the name") {
  CHECK(read(reply_to_question()) == Verdict::none);
  CHECK(read(reply_to_question(reply | DnsMessage::no_such_name)) == Verdict::none);
  for (const std::uint16_t code : {DnsMessage::format_error, DnsMessage::server_failure,
                                   std::uint16_t{4}, DnsMessage::refused, std::uint16_t{15}})
    CHECK(read(reply_to_question(reply | code)) == Verdict::failed);
}

TEST_CASE("what answers another question is not ours") {
  const auto verdict = [](std::uint16_t id, std::uint16_t flags, const char* name,
                          std::uint16_t type) {
    DnsMessage message(id, flags, name, type);
    message.address("host.example", {192, 0, 2, 1});
    return read(message);
  };
  CHECK(verdict(0x1234, reply, "host.example", 1) == Verdict::found);
  CHECK(verdict(0x1234, reply, "hOsT.eXample", 1) == Verdict::found);
  CHECK(verdict(0x1235, reply, "host.example", 1) == Verdict::not_ours);
  CHECK(verdict(0x1234, 0x0100, "host.example", 1) == Verdict::not_ours);
  CHECK(verdict(0x1234, reply | 0x2800, "host.example", 1) == Verdict::not_ours);
  CHECK(verdict(0x1234, reply, "host.exampl", 1) == Verdict::not_ours);
  CHECK(verdict(0x1234, reply, "ahost.example", 1) == Verdict::not_ours);
  CHECK(verdict(0x1234, reply, "host.example", 28) == Verdict::not_ours);
  DnsMessage other_class = reply_to_question();
  other_class.set16(other_class.bytes.size() - 2, 3);
  CHECK(read(other_class) == Verdict::not_ours);
  for (const unsigned questions : {0u, 2u, 0xffffu}) {
    DnsMessage message = reply_to_question();
    message.set16(4, questions);
    CHECK(read(message) == Verdict::not_ours);
  }
}

TEST_CASE("of what was cut off, the addresses that are whole are used") {
  DnsMessage message = reply_to_question(reply | DnsMessage::truncated);
  CHECK(read(message) == Verdict::failed);
  message.address("host.example", {192, 0, 2, 1}).address("host.example", {192, 0, 2, 2});
  message.bytes.pop_back();
  AddressList found;
  CHECK(read(message.bytes, found) == Verdict::found);
  CHECK(shown(found) == Texts{"192.0.2.1"});
}

TEST_CASE("a reply that ends in the middle, and does not say so, is a failure at every length") {
  DnsMessage message = reply_to_question();
  const std::size_t header = message.bytes.size();
  message.alias_of("host.example", "a.example").address("a.example", {192, 0, 2, 1});
  for (std::size_t size = 0; size < message.bytes.size(); ++size) {
    CAPTURE(size);
    AddressList found;
    const std::vector<std::uint8_t> part(message.bytes.begin(),
                                         message.bytes.begin() + static_cast<long>(size));
    CHECK(read(part, found) == (size < header ? Verdict::not_ours : Verdict::failed));
    CHECK(found.empty());
  }
}

TEST_CASE("pointers that lead nowhere, forwards or in a circle are refused") {
  const auto verdict = [](std::initializer_list<unsigned> owner) {
    DnsMessage message = reply_to_question();
    message.put_raw(owner).put_record(DnsMessage::ip4, {192, 0, 2, 1});
    return read(message);
  };
  // The owner's name begins at 30.
  REQUIRE(reply_to_question().bytes.size() == 30);
  CHECK(verdict({0xc0, 12}) == Verdict::found);
  CHECK(verdict({0xc0, 30}) == Verdict::failed);          // itself
  CHECK(verdict({0xc0, 31}) == Verdict::failed);          // forwards
  CHECK(verdict({0xff, 0xff}) == Verdict::failed);        // outside
  CHECK(verdict({1, 'a', 0xc0, 30}) == Verdict::failed);  // grows for ever
  CHECK(verdict({0x40, 'a', 0}) == Verdict::failed);      // no such kind of label
  CHECK(verdict({0x80, 'a', 0}) == Verdict::failed);
}

TEST_CASE("a question that points at itself is not ours") {
  DnsMessage message(0x1234, reply, "", DnsMessage::ip4);
  message.bytes.resize(12);
  message.put_raw({0xc0, 12}).put16(1).put16(1);
  CHECK(read(message) == Verdict::not_ours);
}

TEST_CASE("a name that pointers make too long is refused") {
  // Pieces of 64 bytes, each behind the other by a pointer.
  DnsMessage message = reply_to_question();
  std::size_t last = 12;
  for (int i = 0; i < 5; ++i) {
    const std::size_t here = message.bytes.size();
    message.put_raw({63});
    message.bytes.insert(message.bytes.end(), 63, 'x');
    message.put_raw({0xc0 | static_cast<unsigned>(last >> 8), static_cast<unsigned>(last & 0xff)});
    message.put_record(DnsMessage::ip4, {192, 0, 2, 1});
    last = here;
  }
  CHECK(read(message) == Verdict::failed);
}

}  // namespace
}  // namespace spool::io::dns
