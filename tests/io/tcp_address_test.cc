#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <string_view>

#include "spool/io/transports/tcp.h"

namespace spool::io {
namespace {

using namespace std::string_literals;

bool contains(const Explanation& why, std::string_view part) {
  return why.text().find(part) != std::string_view::npos;
}

// As the peer's name shows it; all interfaces are 0.0.0.0.
std::string shown(const SocketAddress& address) {
  Explanation text;
  PeerName::of(address).describe(text);
  return std::string(text.text());
}

struct Case {
  const char* rest;
  const char* shown;
};

TEST_CASE("addresses to connect to are read") {
  const Case good[] = {
      {"127.0.0.1:5555", "tcp://127.0.0.1:5555"},
      {"192.0.2.1:1", "tcp://192.0.2.1:1"},
      {"255.255.255.255:65535", "tcp://255.255.255.255:65535"},
      {"localhost:80", "tcp://127.0.0.1:80"},
      {"[::1]:5555", "tcp://[::1]:5555"},
      {"[2001:db8::17]:9", "tcp://[2001:db8::17]:9"},
      {"[::ffff:192.0.2.1]:9", "tcp://[::ffff:192.0.2.1]:9"},
      {"127.0.0.1:5555/", "tcp://127.0.0.1:5555"},
      {"127.0.0.1:00080", "tcp://127.0.0.1:80"},
  };
  for (const Case& one : good)
    for (const bool listen : {false, true}) {
      CAPTURE(one.rest, listen);
      Explanation why;
      const Result<SocketAddress> address = parse_tcp(one.rest, listen, why);
      REQUIRE(address.ok());
      CHECK(shown(address.value()) == one.shown);
      CHECK(why.empty());
    }
}

TEST_CASE("all interfaces and port 0 are for listening only") {
  const Case listening[] = {
      {"*:5555", "tcp://0.0.0.0:5555"},     {":5555", "tcp://0.0.0.0:5555"},
      {"127.0.0.1:0", "tcp://127.0.0.1:0"}, {"*:0", "tcp://0.0.0.0:0"},
      {"[::]:0", "tcp://[::]:0"},
  };
  for (const Case& one : listening) {
    CAPTURE(one.rest);
    Explanation why;
    const Result<SocketAddress> address = parse_tcp(one.rest, true, why);
    REQUIRE(address.ok());
    CHECK(shown(address.value()) == one.shown);
    CHECK(parse_tcp(one.rest, false, why).error() == Error::invalid_address);
    CHECK(contains(why, one.rest));
  }
}

TEST_CASE("the kernel's form has family, size, address and port") {
  Explanation why;
  const SocketAddress four = parse_tcp("1.2.3.4:258", false, why).value();
  CHECK(four.family() == AF_INET);
  REQUIRE(four.size == sizeof(sockaddr_in));
  sockaddr_in in{};
  std::memcpy(&in, &four.storage, sizeof in);
  CHECK(ntohs(in.sin_port) == 258);
  CHECK(ntohl(in.sin_addr.s_addr) == 0x01020304);
  const SocketAddress six = parse_tcp("[::1]:258", false, why).value();
  CHECK(six.family() == AF_INET6);
  CHECK(six.size == sizeof(sockaddr_in6));
}

TEST_CASE("what is no address is refused; the words quote it and say what was expected") {
  const struct {
    const char* rest;
    const char* expected;
  } bad[] = {
      {"", "port is missing"},
      {"127.0.0.1", "port is missing"},
      {"localhost", "port is missing"},
      {"[::1]", "port is missing"},
      {"127.0.0.1:", "port from 0 to 65535"},
      {"127.0.0.1:65536", "port from 0 to 65535"},
      {"127.0.0.1:4294967297", "port from 0 to 65535"},
      {"127.0.0.1:99999999999999999999", "port from 0 to 65535"},
      {"127.0.0.1:-1", "port from 0 to 65535"},
      {"127.0.0.1:+1", "port from 0 to 65535"},
      {"127.0.0.1: 1", "port from 0 to 65535"},
      {"127.0.0.1:1 ", "port from 0 to 65535"},
      {"127.0.0.1:0x50", "port from 0 to 65535"},
      {"127.0.0.1:http", "port from 0 to 65535"},
      {"127.0.0.1:1/path", "port from 0 to 65535"},
      {"127.0.0.1:1//", "port from 0 to 65535"},
      {"h:1/path", "port from 0 to 65535"},
      {"256.0.0.1:1", "expected an IPv4 address"},
      {"127.1:1", "expected an IPv4 address"},
      {"127.0.0.1.:1", "expected an IPv4 address"},
      {"::1:5555", "expected an IPv4 address"},
      {"host.name:5555", "not looked up"},
      {"eth0:5555", "not looked up"},
      {"192.0.2.1;127.0.0.1:5555", "expected an IPv4 address"},
      {"[127.0.0.1]:1", "between the brackets"},
      {"[::1%lo]:1", "between the brackets"},
      {"[:::1]:1", "between the brackets"},
      {"[]:1", "expected an IPv4 address"},
      {"[::1:1", "expected an IPv4 address"},
  };
  for (const auto& one : bad)
    for (const bool listen : {false, true}) {
      CAPTURE(one.rest, listen);
      Explanation why;
      CHECK(parse_tcp(one.rest, listen, why).error() == Error::invalid_address);
      INFO(why.text());
      CHECK(contains(why, "'"s + one.rest + "'"));
      CHECK(contains(why, one.expected));
    }
}

TEST_CASE("a host name of any length is refused without harm") {
  Explanation why;
  CHECK_FALSE(parse_tcp(std::string(100'000, '1') + ":1", false, why).ok());
  CHECK_FALSE(parse_tcp("[" + std::string(100'000, '1') + "]:1", false, why).ok());
}

}  // namespace
}  // namespace spool::io
