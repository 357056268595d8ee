// The built-in resolver and one nameserver.
#include "tests/io/dns_fixture.h"

namespace spool::io::dns {
namespace {

// --- Without a server ---------------------------------------------------------------------------

TEST_CASE_METHOD(DnsRig, "localhost is the loopback at once, whatever the files say") {
  set_hosts("192.0.2.1 localhost\n");
  ask(GENERATE("localhost", "LocalHost", "localhost.", "a.b.localhost"), IpFamily::any);
  CHECK(done == 1);
  CHECK(found == Texts{"127.0.0.1", "[::1]"});
  CHECK_FALSE(server.has_query());
}

TEST_CASE_METHOD(DnsRig, "what only looks like localhost is asked for") {
  ask("notlocalhost");
  CHECK(done == 0);
  CHECK(server.take().name == "notlocalhost");
}

TEST_CASE_METHOD(DnsRig, "localhost has one address of each family") {
  ask("localhost", IpFamily::ip6);
  CHECK(found == Texts{"[::1]"});
}

TEST_CASE_METHOD(DnsRig, "a host of the hosts file is found at once, in the file's order") {
  set_hosts("192.0.2.1 host\n2001:db8::1 host\n192.0.2.2 x host\n");
  ask(GENERATE("host", "host."), IpFamily::any);
  CHECK(done == 1);
  CHECK(found == Texts{"192.0.2.1", "[2001:db8::1]", "192.0.2.2"});
  CHECK_FALSE(server.has_query());
}

TEST_CASE_METHOD(DnsRig, "a host that the hosts file has with the other family only is asked for") {
  set_hosts("192.0.2.1 host\n");
  ask("host", IpFamily::ip6);
  CHECK(done == 0);
  CHECK(server.take().type == DnsMessage::ip6);
}

// --- One server ---------------------------------------------------------------------------------

TEST_CASE_METHOD(DnsRig, "both families are asked for at once, and are mixed with IPv6 first") {
  ask("host.example", IpFamily::any);
  const DnsServer::Query first = server.take();
  const DnsServer::Query second = server.take();
  CHECK(first.name == "host.example");
  CHECK(std::set<int>{first.type, second.type} == std::set<int>{1, 28});
  CHECK(first.from.size != 0);
  CHECK(port_of(first.from) != port_of(second.from));
  const bool first_is_ip4 = first.type == DnsMessage::ip4;
  DnsMessage two = DnsServer::reply(first_is_ip4 ? first : second);
  two.address("host.example", {192, 0, 2, 1}).address("host.example", {192, 0, 2, 2});
  server.send(first_is_ip4 ? first : second, two.bytes);
  server.send_address(first_is_ip4 ? second : first, 7);
  until_done();
  CHECK(found == Texts{"[2001:db8::7]", "192.0.2.1", "192.0.2.2"});
}

TEST_CASE_METHOD(DnsRig, "ids are not counted up") {
  std::set<int> ids;
  for (int i = 0; i < 8; ++i) {
    ask("host.example");
    ids.insert(server.take().id);
    query.cancel();
  }
  CHECK(ids.size() > 4);
  int steps = 0;
  for (auto id = ids.begin(), next = std::next(id); next != ids.end(); id = next++)
    steps += *next - *id == 1 ? 1 : 0;
  CHECK(steps < 4);
}

TEST_CASE_METHOD(DnsRig, "only the family that is of use is asked for") {
  ask("host.example", IpFamily::ip6);
  const DnsServer::Query query_ = server.take();
  CHECK(query_.type == DnsMessage::ip6);
  settle();
  CHECK_FALSE(server.has_query());
  server.send_address(query_, 1);
  until_done();
  CHECK(found == Texts{"[2001:db8::1]"});
}

TEST_CASE_METHOD(DnsRig, "a name that does not exist is unknown, without further questions") {
  ask("host.example");
  server.send_code(server.take(), DnsMessage::no_such_name);
  until_done();
  CHECK(error == Error::name_unknown);
  CHECK_FALSE(server.has_query());
  CHECK_FALSE(rig.reactor.next_deadline().has_value());
}

TEST_CASE_METHOD(DnsRig, "one family that does not exist leaves the other") {
  ask("host.example", IpFamily::any);
  for (int i = 0; i < 2; ++i) {
    const DnsServer::Query one = server.take();
    if (one.type == DnsMessage::ip4)
      server.send_address(one, 1);
    else
      server.send_code(one, 0);  // no such record
  }
  until_done();
  CHECK(found == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(DnsRig, "an alias leads to the address") {
  ask("www.example");
  const DnsServer::Query one = server.take();
  DnsMessage message = DnsServer::reply(one);
  message.alias_of("www.example", "host.example").address("host.example", {192, 0, 2, 3});
  server.send(one, message.bytes);
  until_done();
  CHECK(found == Texts{"192.0.2.3"});
}

TEST_CASE_METHOD(DnsRig,
                 "what is no reply to the question is passed over, and the reply then taken") {
  ask("host.example");
  const DnsServer::Query one = server.take();
  DnsServer::Query other = one;
  SECTION("a wrong id") { other.id ^= 1; }
  SECTION("a wrong name") { other.name = "host.examplf"; }
  SECTION("a wrong type") { other.type = DnsMessage::ip6; }
  DnsMessage message = DnsServer::reply(other);
  message.address("host.example", {6, 6, 6, 6});
  for (int i = 0; i < 20; ++i) server.send(one, message.bytes);
  server.send(one, {1, 2, 3});
  server.send(one, {});
  settle();
  CHECK(done == 0);
  server.send_address(one, 1);
  until_done();
  CHECK(found == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(DnsRig, "what somebody else sends is not even read") {
  DnsServer stranger(2, 0);
  ask("host.example");
  const DnsServer::Query one = server.take();
  stranger.send_address(one, 66);
  settle();
  CHECK(done == 0);
  server.send_address(one, 1);
  until_done();
  CHECK(found == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(DnsRig, "of a reply that was cut off, what is there is used") {
  ask("host.example");
  const DnsServer::Query one = server.take();
  DnsMessage message = DnsServer::reply(one, good | DnsMessage::truncated);
  message.address("host.example", {192, 0, 2, 1});
  message.put_raw({0xc0});
  server.send(one, message.bytes);
  until_done();
  CHECK(found == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(DnsRig, "a reply with a loop of pointers is a failure of the server") {
  set_servers(1, "options attempts:1\n");
  ask("host.example");
  const DnsServer::Query one = server.take();
  DnsMessage message = DnsServer::reply(one);
  message.put_raw({0xc0, 30}).put_record(DnsMessage::ip4, {6, 6, 6, 6});
  REQUIRE(message.get16(6) == 1);
  server.send(one, message.bytes);
  until_done();
  CHECK(error == Error::name_unknown);
}

}  // namespace
}  // namespace spool::io::dns
