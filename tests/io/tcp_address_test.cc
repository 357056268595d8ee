#include "spool/io/transports/tcp_address.h"

#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <string_view>

#include "spool/io/transports/interface.h"
#include "spool/io/transports/socket.h"

namespace spool::io {
namespace {

using namespace std::string_literals;
using Host = TcpAddress::Host;

bool contains(const Explanation& why, std::string_view part) {
  return why.text().find(part) != std::string_view::npos;
}

std::string shown(const IpAddress& ip) {
  Explanation text;
  ip.describe(text);
  return std::string(text.text());
}

Result<TcpAddress> parse(std::string_view rest, bool listen, Explanation& why) {
  return parse_tcp(rest, IpFamily::any, listen, why);
}

TEST_CASE("IP addresses and ports are read, to connect and to listen") {
  const struct {
    const char* rest;
    const char* ip;
    int port;
  } good[] = {
      {"127.0.0.1:5555", "127.0.0.1", 5555},
      {"192.0.2.1:1", "192.0.2.1", 1},
      {"255.255.255.255:65535", "255.255.255.255", 65535},
      {"[::1]:5555", "[::1]", 5555},
      {"[2001:db8::17]:9", "[2001:db8::17]", 9},
      {"[::ffff:192.0.2.1]:9", "192.0.2.1", 9},
      {"[fe80::1%lo]:9", "[fe80::1%lo]", 9},
      {"[fe80::1%1]:9", "[fe80::1%lo]", 9},
      {"[fe80::1%4000000000]:9", "[fe80::1%4000000000]", 9},
      {"127.0.0.1:5555/", "127.0.0.1", 5555},
      {"127.0.0.1:00080", "127.0.0.1", 80},
  };
  for (const auto& one : good)
    for (const bool listen : {false, true}) {
      CAPTURE(one.rest, listen);
      Explanation why;
      const Result<TcpAddress> address = parse(one.rest, listen, why);
      REQUIRE(address.ok());
      CHECK(address->host == Host::literal);
      CHECK(shown(address->ip) == one.ip);
      CHECK(address->port == one.port);
      CHECK(address->name.empty());
      CHECK(address->local_ip.family == IpFamily::any);
      CHECK(why.empty());
    }
}

TEST_CASE("all interfaces and port 0 are for listening only") {
  for (const char* rest : {"*:5555", ":5555", "*:0", ":0", "127.0.0.1:0", "[::]:0"}) {
    CAPTURE(rest);
    Explanation why;
    const Result<TcpAddress> address = parse(rest, true, why);
    REQUIRE(address.ok());
    CHECK(address->host == (rest[0] == '*' || rest[0] == ':' ? Host::everywhere : Host::literal));
    CHECK(parse(rest, false, why).error() == Error::invalid_address);
    CHECK(contains(why, rest));
  }
}

TEST_CASE("to connect, what is no IP address is a host name") {
  for (const std::string name : {"localhost", "h", "host.name", "a-b_c.d0", "host.name.", "1a",
                                 "127.0.0.x", "eth0", "xn--bcher-kva.example"}) {
    CAPTURE(name);
    Explanation why;
    const std::string rest = name + ":80";
    const Result<TcpAddress> address = parse(rest, false, why);
    REQUIRE(address.ok());
    CHECK(address->host == Host::name);
    CHECK(address->name == name);
    CHECK(address->name.data() == rest.data());
    CHECK(address->family == IpFamily::any);
    CHECK(address->port == 80);
  }
}

TEST_CASE("to listen, what is no IP address is an interface, but localhost is the loopback") {
  Explanation why;
  for (const char* name : {"eth0", "lo", "wlp2s0.100", "br-12ab"}) {
    const std::string rest = name + ":0"s;
    const Result<TcpAddress> address = parse(rest, true, why);
    REQUIRE(address.ok());
    CHECK(address->host == Host::name);
    CHECK(address->name == name);
  }
  CHECK(shown(parse("localhost:0", true, why)->ip) == "127.0.0.1");
  CHECK(shown(parse_tcp("localhost:0", IpFamily::ip6, true, why)->ip) == "[::1]");
  CHECK(parse("an-interface-too-long:1", true, why).error() == Error::invalid_address);
  CHECK(contains(why, "name of an interface"));
}

TEST_CASE("left of a semicolon stands where to connect from") {
  Explanation why;
  TcpAddress address = parse("127.0.0.2;127.0.0.1:80", false, why).value();
  CHECK(shown(address.local_ip) == "127.0.0.2");
  CHECK(shown(address.ip) == "127.0.0.1");
  address = parse("[::1];host:80", false, why).value();
  CHECK(shown(address.local_ip) == "[::1]");
  CHECK(address.name == "host");
  CHECK(address.family == IpFamily::ip6);  // no other address of the host could be reached
  address = parse("eth0;[::1]:80", false, why).value();
  CHECK(address.local_name == "eth0");
  CHECK(shown(address.ip) == "[::1]");
  address = parse("*;host:80", false, why).value();
  CHECK(address.local_ip.family == IpFamily::any);
  CHECK(address.local_name.empty());
  CHECK(why.empty());
}

TEST_CASE("the scheme may say which family it has to be") {
  CHECK(family_of_scheme("tcp") == IpFamily::any);
  CHECK(family_of_scheme("tcp4") == IpFamily::ip4);
  CHECK(family_of_scheme("tcp6") == IpFamily::ip6);
  Explanation why;
  CHECK(parse_tcp("127.0.0.1:1", IpFamily::ip4, false, why).ok());
  CHECK(parse_tcp("[::1]:1", IpFamily::ip6, false, why).ok());
  CHECK(parse_tcp("host:1", IpFamily::ip6, false, why)->family == IpFamily::ip6);
  CHECK(parse_tcp("*:1", IpFamily::ip4, true, why)->family == IpFamily::ip4);
  CHECK(why.empty());
  CHECK(parse_tcp("127.0.0.1:1", IpFamily::ip6, false, why).error() == Error::invalid_address);
  CHECK(contains(why, "only IPv6"));
  CHECK(parse_tcp("[::1]:1", IpFamily::ip4, true, why).error() == Error::invalid_address);
  CHECK(contains(why, "only IPv4"));
  CHECK_FALSE(parse_tcp("[::ffff:192.0.2.1]:1", IpFamily::ip6, false, why).ok());
}

TEST_CASE("the kernel's form has family, size, address, scope and port") {
  Explanation why;
  const TcpAddress parsed = parse("1.2.3.4:258", false, why).value();
  const SocketAddress four = socket_address(parsed.ip, parsed.port);
  CHECK(four.family() == AF_INET);
  REQUIRE(four.size == sizeof(sockaddr_in));
  sockaddr_in in{};
  std::memcpy(&in, &four.storage, sizeof in);
  CHECK(ntohs(in.sin_port) == 258);
  CHECK(ntohl(in.sin_addr.s_addr) == 0x01020304);
  CHECK(ip_of(four) == parsed.ip);
  CHECK(port_of(four) == 258);
  const SocketAddress six = socket_address(parse("[fe80::7%1]:258", false, why)->ip, 258);
  CHECK(six.family() == AF_INET6);
  REQUIRE(six.size == sizeof(sockaddr_in6));
  sockaddr_in6 in6{};
  std::memcpy(&in6, &six.storage, sizeof in6);
  CHECK(in6.sin6_scope_id == 1);
  CHECK(in6.sin6_addr.s6_addr[15] == 7);
  CHECK(shown(ip_of(six)) == "[fe80::7%lo]");
}

TEST_CASE("an IPv4 peer of a socket for both families is shown as IPv4") {
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(9);
  const std::uint8_t bytes[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
  std::memcpy(&in6.sin6_addr, bytes, sizeof bytes);
  SocketAddress address;
  std::memcpy(&address.storage, &in6, sizeof in6);
  address.size = sizeof in6;
  Explanation text;
  PeerName::of(address).describe(text);
  CHECK(text.text() == "tcp://192.0.2.1:9");
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
      {"1:1", "expected an IPv4 address"},
      {"127.0.0.1.:1", "expected an IPv4 address"},
      {"::1:5555", "expected an IPv4 address"},
      {"a b:1", "expected an IPv4 address"},
      {"h\xc3\xb6st:1", "expected an IPv4 address"},
      {"user@host!:1", "expected an IPv4 address"},
      {"a/b:1", "expected an IPv4 address"},
      {"..:1", "expected an IPv4 address"},
      {"1.2:1", "expected an IPv4 address"},
      {"[127.0.0.1]:1", "between the brackets"},
      {"[::1%no-such]:1", "between the brackets"},
      {"[::1%0]:1", "between the brackets"},
      {"[::1%]:1", "between the brackets"},
      {"[:::1]:1", "between the brackets"},
      {"[]:1", "between the brackets"},
      {"[lo]:1", "between the brackets"},
      {"127.0.0.1%lo:1", "expected an IPv4 address"},
      {"[::1:1", "expected an IPv4 address"},
  };
  for (const auto& one : bad)
    for (const bool listen : {false, true}) {
      CAPTURE(one.rest, listen);
      Explanation why;
      CHECK(parse(one.rest, listen, why).error() == Error::invalid_address);
      INFO(why.text());
      CHECK((contains(why, "'"s + one.rest + "'") || one.rest[1] == '\xc3'));
      CHECK(contains(why, one.expected));
    }
}

TEST_CASE("what is wrong only to connect") {
  const struct {
    const char* rest;
    const char* expected;
  } bad[] = {
      {"host..name:1", "host name"},      {".host:1", "host name"},
      {"host.1:1", "host name"},          {"host..:1", "host name"},
      {";127.0.0.1:1", "left of ;"},      {"1.2.3;127.0.0.1:1", "left of ;"},
      {"host!;127.0.0.1:1", "left of ;"}, {"a;b;host:1", "host name"},
      {"[::1];127.0.0.1:1", "only IPv6"}, {"127.0.0.1;[::1]:1", "only IPv4"},
      {"lo;*:1", "expected a host"},      {"[x];127.0.0.1:1", "between the brackets"},
  };
  for (const auto& one : bad) {
    CAPTURE(one.rest);
    Explanation why;
    CHECK(parse(one.rest, false, why).error() == Error::invalid_address);
    INFO(why.text());
    CHECK(contains(why, one.expected));
  }
  Explanation why;
  CHECK(parse("127.0.0.1;127.0.0.1:1", true, why).error() == Error::invalid_address);
  CHECK(contains(why, "only for connecting"));
}

TEST_CASE("a host name has at most 255 characters, and 63 between two dots") {
  const std::string label(63, 'a');
  const std::string fits = label + "." + label + "." + label + "." + label;  // 255
  Explanation why;
  CHECK(parse(fits + ":1", false, why).ok());
  CHECK(parse(label + ".x:1", false, why).ok());
  CHECK(why.empty());
  CHECK(parse(fits + ".:1", false, why).error() == Error::name_too_long);
  CHECK(contains(why, "256"));
  CHECK(contains(why, "255"));
  why.clear();
  CHECK(parse("x." + label + "a:1", false, why).error() == Error::name_too_long);
  CHECK(contains(why, "64"));
  CHECK(contains(why, "63"));
}

TEST_CASE("text of any length is refused without harm, and the words are whole") {
  for (const std::string& host :
       {std::string(100'000, '1'), "[" + std::string(100'000, '1') + "]", std::string(300, '!')})
    for (const bool listen : {false, true}) {
      Explanation why;
      CHECK_FALSE(parse(host + ":1", listen, why).ok());
      CHECK((contains(why, "expected") || contains(why, "too long")));
      CHECK(why.text().size() < Explanation::capacity);
    }
}

TEST_CASE("an interface is found by its name, in either family") {
  IpAddress found;
  int os_error = 0;
  REQUIRE(find_interface("lo", IpFamily::any, found, os_error) == Error::none);
  CHECK(shown(found) == "127.0.0.1");
  CHECK(find_interface("lo", IpFamily::ip4, found, os_error) == Error::none);
  CHECK(shown(found) == "127.0.0.1");
  const Error six = find_interface("lo", IpFamily::ip6, found, os_error);
  if (six == Error::none)
    CHECK(shown(found) == "[::1]");
  else
    WARN("no IPv6 here: not tested");
  CHECK(find_interface("no-such", IpFamily::any, found, os_error) == Error::address_unavailable);
  CHECK(find_interface("", IpFamily::any, found, os_error) == Error::address_unavailable);
}

}  // namespace
}  // namespace spool::io
