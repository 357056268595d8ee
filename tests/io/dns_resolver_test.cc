// The built-in resolver against a nameserver of the test's own, on the loopback. Time is the
// test's.
#include "spool/io/dns/dns_resolver.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "spool/io/transports/socket.h"
#include "tests/io/transport_fixture.h"
#include "tests/support/dns_message.h"
#include "tests/support/fake_clock.h"

namespace spool::io::dns {
namespace {

using testing::DnsMessage;
using Texts = std::vector<std::string>;
constexpr std::uint16_t good = DnsMessage::recursive_reply;

// A nameserver that says nothing by itself.
class Server {
 public:
  // On 127.0.0.`last`; port 0: the system chooses.
  Server(int last, std::uint16_t port) {
    IpAddress ip = *IpAddress::parse("127.0.0." + std::to_string(last));
    int os_error = 0;
    fd_ = std::move(make_socket(AF_INET, SOCK_DGRAM, os_error)).value();
    const SocketAddress at = socket_address(ip, port);
    REQUIRE(::bind(fd_.get(), at.get(), at.size) == 0);
  }
  [[nodiscard]] std::uint16_t port() const { return port_of(local_address(fd_.get())); }

  struct Query {
    std::uint16_t id = 0;
    std::string name;
    std::uint16_t type = 0;
    SocketAddress from;
  };
  // The next query, within some seconds.
  Query take() {
    REQUIRE(has_query(2000));
    Query query;
    std::uint8_t bytes[600];
    query.from.size = sizeof query.from.storage;
    const ssize_t size =
        ::recvfrom(fd_.get(), bytes, sizeof bytes, 0,
                   reinterpret_cast<sockaddr*>(&query.from.storage), &query.from.size);
    REQUIRE(size > 17);
    query.id = static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
    std::size_t at = 12;
    while (bytes[at] != 0) {
      if (!query.name.empty()) query.name += '.';
      query.name.append(reinterpret_cast<const char*>(bytes + at + 1), bytes[at]);
      at += 1u + bytes[at];
    }
    query.type = static_cast<std::uint16_t>(bytes[at + 1] << 8 | bytes[at + 2]);
    CHECK(static_cast<std::size_t>(size) == at + 5);
    return query;
  }
  [[nodiscard]] bool has_query(int milliseconds = 0) const {
    pollfd one{fd_.get(), POLLIN, 0};
    return ::poll(&one, 1, milliseconds) == 1;
  }
  void send(const Query& to, const std::vector<std::uint8_t>& bytes) const {
    REQUIRE(::sendto(fd_.get(), bytes.data(), bytes.size(), 0, to.from.get(), to.from.size) ==
            static_cast<ssize_t>(bytes.size()));
  }
  // What a right reply begins with.
  [[nodiscard]] static DnsMessage reply(const Query& to, std::uint16_t flags = good) {
    return {to.id, flags, to.name, to.type};
  }
  // One address of the type that was asked for: 192.0.2.`last` or 2001:db8::`last`.
  void send_address(const Query& to, std::uint8_t last) const {
    DnsMessage message = reply(to);
    if (to.type == DnsMessage::ip4)
      message.address(to.name, {192, 0, 2, last});
    else
      message.answer(to.name, DnsMessage::ip6,
                     {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
    send(to, message.bytes);
  }
  void send_code(const Query& to, std::uint16_t code) const {
    send(to, reply(to, good | code).bytes);
  }

 private:
  loop::OwnedFd fd_;
};

struct Rig : NameOwner {
  Rig() {
    ::alarm(20);  // a test that hangs is killed
    set_hosts("");
    set_servers(1);
  }
  ~Rig() {
    query.cancel();
    ::alarm(0);
  }
  static void write(const std::string& path, const std::string& text) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    REQUIRE(file != nullptr);
    std::fputs(text.c_str(), file);
    std::fclose(file);
  }
  void set_hosts(const std::string& text) { write(hosts, text); }
  // The first `count` of 127.0.0.1, .2 and .3, and further lines.
  void set_servers(int count, const std::string& more = "") {
    std::string text;
    for (int i = 1; i <= count; ++i) text += "nameserver 127.0.0." + std::to_string(i) + "\n";
    write(resolv_conf, text + "options timeout:2 attempts:2\n" + more);
  }

  void ask(const char* name, IpFamily family = IpFamily::ip4) {
    query.ask(*resolver, name, family);
  }
  // Lets what has arrived be read, and `length` pass.
  void pass(Duration length = {}) {
    clock.advance(length);
    for (int i = 0; i < 3; ++i) rig.turn(Timeout::none());
  }
  void until_done() {
    REQUIRE(rig.until([&] { return done == 1; }, 2000, Timeout::after(5ms)));
  }
  // Until the loop has read what is under way; datagrams on the loopback are there at once.
  void settle() {
    for (int i = 0; i < 10; ++i) rig.turn(Timeout::after(1ms));
  }

  void on_name_found(NameQuery& answered) noexcept override {
    ++done;
    error = Error::none;
    for (const IpAddress& address : answered.addresses()) {
      Explanation text;
      address.describe(text);
      found.emplace_back(text.text());
    }
  }
  void on_name_failed(NameQuery&, Error reason) noexcept override {
    ++done;
    error = reason;
  }

  ShortDirectory directory;
  std::string hosts = directory.file("hosts");
  std::string resolv_conf = directory.file("resolv.conf");
  Server server{1, 0};
  testing::FakeClock clock;
  sim::IoRig rig{nullptr, clock};
  DnsConfig config{hosts.c_str(), resolv_conf.c_str(), server.port()};
  std::unique_ptr<DnsResolver> resolver =
      std::make_unique<DnsResolver>(rig.reactor, rig.memory, config);
  NameQuery query{*this};
  int done = 0;
  Error error = Error::none;
  Texts found;
};

// --- Without a server ---------------------------------------------------------------------------

TEST_CASE_METHOD(Rig, "localhost is the loopback at once, whatever the files say") {
  set_hosts("192.0.2.1 localhost\n");
  ask(GENERATE("localhost", "LocalHost", "localhost.", "a.b.localhost"), IpFamily::any);
  CHECK(done == 1);
  CHECK(found == Texts{"127.0.0.1", "[::1]"});
  CHECK_FALSE(server.has_query());
}

TEST_CASE_METHOD(Rig, "what only looks like localhost is asked for") {
  ask("notlocalhost");
  CHECK(done == 0);
  CHECK(server.take().name == "notlocalhost");
}

TEST_CASE_METHOD(Rig, "localhost has one address of each family") {
  ask("localhost", IpFamily::ip6);
  CHECK(found == Texts{"[::1]"});
}

TEST_CASE_METHOD(Rig, "a host of the hosts file is found at once, in the file's order") {
  set_hosts("192.0.2.1 host\n2001:db8::1 host\n192.0.2.2 x host\n");
  ask(GENERATE("host", "host."), IpFamily::any);
  CHECK(done == 1);
  CHECK(found == Texts{"192.0.2.1", "[2001:db8::1]", "192.0.2.2"});
  CHECK_FALSE(server.has_query());
}

TEST_CASE_METHOD(Rig, "a host that the hosts file has with the other family only is asked for") {
  set_hosts("192.0.2.1 host\n");
  ask("host", IpFamily::ip6);
  CHECK(done == 0);
  CHECK(server.take().type == DnsMessage::ip6);
}

// --- One server ---------------------------------------------------------------------------------

TEST_CASE_METHOD(Rig, "both families are asked for at once, and are mixed with IPv6 first") {
  ask("host.example", IpFamily::any);
  const Server::Query first = server.take();
  const Server::Query second = server.take();
  CHECK(first.name == "host.example");
  CHECK(std::set<int>{first.type, second.type} == std::set<int>{1, 28});
  CHECK(first.from.size != 0);
  CHECK(port_of(first.from) != port_of(second.from));
  const bool first_is_ip4 = first.type == DnsMessage::ip4;
  DnsMessage two = Server::reply(first_is_ip4 ? first : second);
  two.address("host.example", {192, 0, 2, 1}).address("host.example", {192, 0, 2, 2});
  server.send(first_is_ip4 ? first : second, two.bytes);
  server.send_address(first_is_ip4 ? second : first, 7);
  until_done();
  CHECK(found == Texts{"[2001:db8::7]", "192.0.2.1", "192.0.2.2"});
}

TEST_CASE_METHOD(Rig, "ids are not counted up") {
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

TEST_CASE_METHOD(Rig, "only the family that is of use is asked for") {
  ask("host.example", IpFamily::ip6);
  const Server::Query query_ = server.take();
  CHECK(query_.type == DnsMessage::ip6);
  settle();
  CHECK_FALSE(server.has_query());
  server.send_address(query_, 1);
  until_done();
  CHECK(found == Texts{"[2001:db8::1]"});
}

TEST_CASE_METHOD(Rig, "a name that does not exist is unknown, without further questions") {
  ask("host.example");
  server.send_code(server.take(), DnsMessage::no_such_name);
  until_done();
  CHECK(error == Error::name_unknown);
  CHECK_FALSE(server.has_query());
  CHECK_FALSE(rig.reactor.next_deadline().has_value());
}

TEST_CASE_METHOD(Rig, "one family that does not exist leaves the other") {
  ask("host.example", IpFamily::any);
  for (int i = 0; i < 2; ++i) {
    const Server::Query one = server.take();
    if (one.type == DnsMessage::ip4)
      server.send_address(one, 1);
    else
      server.send_code(one, 0);  // no such record
  }
  until_done();
  CHECK(found == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(Rig, "an alias leads to the address") {
  ask("www.example");
  const Server::Query one = server.take();
  DnsMessage message = Server::reply(one);
  message.alias_of("www.example", "host.example").address("host.example", {192, 0, 2, 3});
  server.send(one, message.bytes);
  until_done();
  CHECK(found == Texts{"192.0.2.3"});
}

TEST_CASE_METHOD(Rig, "what is no reply to the question is passed over, and the reply then taken") {
  ask("host.example");
  const Server::Query one = server.take();
  Server::Query other = one;
  SECTION("a wrong id") { other.id ^= 1; }
  SECTION("a wrong name") { other.name = "host.examplf"; }
  SECTION("a wrong type") { other.type = DnsMessage::ip6; }
  DnsMessage message = Server::reply(other);
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

TEST_CASE_METHOD(Rig, "what somebody else sends is not even read") {
  Server stranger(2, 0);
  ask("host.example");
  const Server::Query one = server.take();
  stranger.send_address(one, 66);
  settle();
  CHECK(done == 0);
  server.send_address(one, 1);
  until_done();
  CHECK(found == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(Rig, "of a reply that was cut off, what is there is used") {
  ask("host.example");
  const Server::Query one = server.take();
  DnsMessage message = Server::reply(one, good | DnsMessage::truncated);
  message.address("host.example", {192, 0, 2, 1});
  message.put_raw({0xc0});
  server.send(one, message.bytes);
  until_done();
  CHECK(found == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(Rig, "a reply with a loop of pointers is a failure of the server") {
  set_servers(1, "options attempts:1\n");
  ask("host.example");
  const Server::Query one = server.take();
  DnsMessage message = Server::reply(one);
  message.put_raw({0xc0, 30}).put_record(DnsMessage::ip4, {6, 6, 6, 6});
  REQUIRE(message.get16(6) == 1);
  server.send(one, message.bytes);
  until_done();
  CHECK(error == Error::name_unknown);
}

// --- Time, and further servers ------------------------------------------------------------------

TEST_CASE_METHOD(Rig, "a silent server is asked as often as attempts says, then it timed out") {
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

TEST_CASE_METHOD(Rig, "a reply that comes after its time is not listened to") {
  ask("host.example");
  const Server::Query late = server.take();
  pass(2s);
  const Server::Query now = server.take();
  server.send_address(late, 66);
  settle();
  CHECK(done == 0);
  server.send_address(now, 1);
  until_done();
  CHECK(found == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(Rig, "servers are asked in turn: the next one when one is silent or fails") {
  set_servers(3);
  Server second(2, config.port);
  Server third(3, config.port);
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

TEST_CASE_METHOD(Rig, "a server that nobody runs costs no time") {
  set_servers(2);
  const std::uint16_t port = config.port;
  server = Server(2, port);  // none on 127.0.0.1 any more
  ask("host.example");
  REQUIRE(rig.until([&] { return server.has_query(); }, 200, Timeout::after(5ms)));
  server.send_address(server.take(), 1);
  until_done();
  CHECK(found == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(Rig, "when no server runs, that is the error") {
  server = Server(9, 0);
  ask("host.example");
  until_done();
  CHECK(error == Error::connection_refused);
}

TEST_CASE_METHOD(Rig, "one family that is there waits for the other a quarter of a second") {
  ask("host.example", IpFamily::any);
  for (int i = 0; i < 2; ++i) {
    const Server::Query one = server.take();
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

TEST_CASE_METHOD(Rig, "a family that is known not to be there is not asked for again") {
  ask("host.example", IpFamily::any);
  for (int i = 0; i < 2; ++i) {
    const Server::Query one = server.take();
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
  Rig rig;
  rig.set_servers(1, more);
  rig.ask(name);
  Texts names;
  REQUIRE(rig.rig.until(
      [&] {
        while (rig.server.has_query()) {
          const Server::Query one = rig.server.take();
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

TEST_CASE_METHOD(Rig, "the first name that exists is the answer") {
  set_servers(1, "search a.example b.example\n");
  ask("host");
  server.send_code(server.take(), DnsMessage::no_such_name);
  REQUIRE(rig.until([&] { return server.has_query(); }, 200, Timeout::after(5ms)));
  const Server::Query second = server.take();
  CHECK(second.name == "host.b.example");
  server.send_address(second, 2);
  until_done();
  CHECK(found == Texts{"192.0.2.2"});
}

// --- The end of it ------------------------------------------------------------------------------

TEST_CASE_METHOD(Rig, "a lookup that is cancelled leaves nothing behind") {
  ask("host.example", IpFamily::any);
  query.cancel();
  const std::size_t live = rig.memory.live;  // with what is kept for the next one
  static_cast<void>(server.take());
  static_cast<void>(server.take());
  ask("host.example", IpFamily::any);
  const Server::Query one = server.take();
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

TEST_CASE_METHOD(Rig, "a second lookup needs no memory of its own") {
  ask("host.example");
  query.cancel();
  rig.memory.refuse_after(1);
  ask("host.example");
  CHECK(done == 0);
  query.cancel();
  rig.memory.allow();
}

TEST_CASE_METHOD(Rig, "want of memory is an answer") {
  rig.memory.refuse_after(1);
  ask("host.example");
  rig.memory.allow();
  CHECK(done == 1);
  CHECK(error == Error::no_memory);
}

TEST_CASE_METHOD(Rig, "an owner may ask again from within the answer") {
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
