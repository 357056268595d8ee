// The built-in resolver and nameservers that are silent, fail, or know other names.
#include "tests/io/dns_fixture.h"

namespace spool::io::dns {
namespace {

// --- Time, and further servers ------------------------------------------------------------------

TEST_CASE_METHOD(DnsRig, "a silent server is asked as often as attempts says, then it timed out") {
  ask("host.example");
  const int first = server.take().id;
  pass(2s - 1ns);
  CHECK_FALSE(server.has_query());
  pass(1ns);
  CHECK(server.take().id != first);
  pass(2s - 1ns);
  CHECK(done == 0);
  pass(1ns);
  CHECK(done == 1);
  CHECK(error == Error::timed_out);
  CHECK_FALSE(rig.reactor.next_deadline().has_value());
}

TEST_CASE_METHOD(DnsRig, "a reply that comes after its time is not listened to") {
  ask("host.example");
  const DnsServer::Query late = server.take();
  pass(2s);
  const DnsServer::Query now = server.take();
  server.send_address(late, 66);
  settle();
  CHECK(done == 0);
  server.send_address(now, 1);
  until_done();
  CHECK(found == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(DnsRig, "servers are asked in turn: the next one when one is silent or fails") {
  set_servers(3);
  DnsServer second(2, config.port);
  DnsServer third(3, config.port);
  ask("host.example");
  static_cast<void>(server.take());
  CHECK_FALSE(second.has_query());
  pass(2s);
  second.send_code(second.take(), GENERATE(DnsMessage::server_failure, DnsMessage::refused));
  const bool asked = rig.until([&] { return third.has_query(); }, 200, Timeout::after(5ms));
  REQUIRE(asked);
  third.send_address(third.take(), 3);
  until_done();
  CHECK(found == Texts{"192.0.2.3"});
  CHECK_FALSE(server.has_query());
}

TEST_CASE_METHOD(DnsRig, "a server that nobody runs costs no time") {
  set_servers(2);
  const std::uint16_t port = config.port;
  server = DnsServer(2, port);  // none on 127.0.0.1 any more
  ask("host.example");
  REQUIRE(rig.until([&] { return server.has_query(); }, 200, Timeout::after(5ms)));
  server.send_address(server.take(), 1);
  until_done();
  CHECK(found == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(DnsRig, "when no server runs, that is the error") {
  server = DnsServer(9, 0);
  ask("host.example");
  until_done();
  CHECK(error == Error::connection_refused);
}

TEST_CASE_METHOD(DnsRig, "one family that is there waits for the other a quarter of a second") {
  ask("host.example", IpFamily::any);
  for (int i = 0; i < 2; ++i) {
    const DnsServer::Query one = server.take();
    if (one.type == DnsMessage::ip4) server.send_address(one, 1);
  }
  settle();
  CHECK(done == 0);
  pass(250ms - 1ns);
  CHECK(done == 0);
  pass(1ns);
  CHECK(done == 1);
  CHECK(found == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(DnsRig, "a family that is known not to be there is not asked for again") {
  ask("host.example", IpFamily::any);
  for (int i = 0; i < 2; ++i) {
    const DnsServer::Query one = server.take();
    if (one.type == DnsMessage::ip6) server.send_code(one, 0);
  }
  settle();
  pass(2s);
  CHECK(server.take().type == DnsMessage::ip4);
  settle();
  CHECK_FALSE(server.has_query());
}

// --- The search list ----------------------------------------------------------------------------

// The names that are asked for, if none exists.
Texts asked_for(const char* name, const std::string& more) {
  DnsRig rig;
  rig.set_servers(1, more);
  rig.ask(name);
  Texts names;
  REQUIRE(rig.rig.until(
      [&] {
        while (rig.server.has_query()) {
          const DnsServer::Query one = rig.server.take();
          names.push_back(one.name);
          rig.server.send_code(one, DnsMessage::no_such_name);
        }
        return rig.done == 1;
      },
      2000, Timeout::after(2ms)));
  CHECK(rig.error == Error::name_unknown);
  return names;
}

TEST_CASE("short names are completed first, names with dots last, and absolute ones never") {
  const std::string search = "search a.example b.example\n";
  CHECK(asked_for("host", search) == Texts{"host.a.example", "host.b.example", "host"});
  CHECK(asked_for("host.x", search) == Texts{"host.x", "host.x.a.example", "host.x.b.example"});
  CHECK(asked_for("host.x.", search) == Texts{"host.x"});
  CHECK(asked_for("host.", search) == Texts{"host"});
  CHECK(asked_for("host", "") == Texts{"host"});
  CHECK(asked_for("host.x", search + "options ndots:2\n") ==
        Texts{"host.x.a.example", "host.x.b.example", "host.x"});
  CHECK(asked_for("host", search + "options ndots:0\n") ==
        Texts{"host", "host.a.example", "host.b.example"});
}

TEST_CASE("a name that the search list makes too long is left out") {
  const std::string label(63, 'a');
  const std::string name = label + "." + label + "." + label;
  CHECK(asked_for(name.c_str(), "search " + label + " b\n") == Texts{name, name + ".b"});
}

TEST_CASE_METHOD(DnsRig, "the first name that exists is the answer") {
  set_servers(1, "search a.example b.example\n");
  ask("host");
  server.send_code(server.take(), DnsMessage::no_such_name);
  REQUIRE(rig.until([&] { return server.has_query(); }, 200, Timeout::after(5ms)));
  const DnsServer::Query second = server.take();
  CHECK(second.name == "host.b.example");
  server.send_address(second, 2);
  until_done();
  CHECK(found == Texts{"192.0.2.2"});
}

// --- The end of it ------------------------------------------------------------------------------

TEST_CASE_METHOD(DnsRig, "a lookup that is cancelled leaves nothing behind") {
  ask("host.example", IpFamily::any);
  query.cancel();
  const std::size_t live = rig.memory.live;  // with what is kept for the next one
  static_cast<void>(server.take());
  static_cast<void>(server.take());
  ask("host.example", IpFamily::any);
  const DnsServer::Query one = server.take();
  query.cancel();
  server.send_address(one, 1);
  settle();
  pass(10s);
  CHECK(done == 0);
  CHECK_FALSE(rig.reactor.next_deadline().has_value());
  CHECK(rig.memory.live == live);
  resolver.reset();
  CHECK(rig.memory.live == live - 1);
}

TEST_CASE_METHOD(DnsRig, "a second lookup needs no memory of its own") {
  ask("host.example");
  query.cancel();
  rig.memory.refuse_after(1);
  ask("host.example");
  CHECK(done == 0);
  query.cancel();
  rig.memory.allow();
}

TEST_CASE_METHOD(DnsRig, "want of memory is an answer") {
  rig.memory.refuse_after(1);
  ask("host.example");
  rig.memory.allow();
  CHECK(done == 1);
  CHECK(error == Error::no_memory);
}

TEST_CASE_METHOD(DnsRig, "an owner may ask again from within the answer") {
  struct Again final : NameOwner {
    explicit Again(DnsResolver& to) : resolver(to) {}
    void on_name_found(NameQuery&) noexcept override { ++answers; }
    void on_name_failed(NameQuery& failed, Error) noexcept override {
      if (++answers < 3) failed.ask(resolver, "host.example", IpFamily::ip4);
    }
    DnsResolver& resolver;
    int answers = 0;
  };
  Again again(*resolver);
  NameQuery mine(again);
  mine.ask(*resolver, "host.example", IpFamily::ip4);
  REQUIRE(rig.until(
      [&] {
        while (server.has_query()) server.send_code(server.take(), DnsMessage::no_such_name);
        return again.answers == 3;
      },
      2000, Timeout::after(2ms)));
}

}  // namespace
}  // namespace spool::io::dns
