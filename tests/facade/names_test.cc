// Host names, interfaces and other ways to say where, from end to end.
#include <sys/stat.h>

#include <optional>

#include "facade_rig.h"

namespace spool {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

// A loop with one that listens and one that connects.
struct Ends {
  explicit Ends(Resolver* resolver = nullptr) {
    EventLoopConfig config;
    config.resolver = resolver;
    config.on_event = log.collect();
    loop.emplace(EventLoop::create(std::move(config)).value());
    pull.emplace(loop->open<Pull>().value());
    push.emplace(loop->open<Push>().value());
  }
  // Where it listens; "" where it cannot.
  std::string listen(std::string_view address, const EndpointOptions& options = {}) {
    const auto made = pull->listen(address, options);
    return made.ok() ? std::string(made.value().address().text()) : std::string();
  }
  bool talks() {
    if (!push->send_for("hello", 10s).ok()) return false;
    return receive(*pull) == "hello";
  }
  // What was tried, in order.
  Texts tried() const {
    Texts texts;
    for (const Event& event : log.events)
      if (event.kind == EventKind::connecting) texts.emplace_back(event.address.text());
    return texts;
  }

  HangGuard guard;
  EventLog log;
  std::optional<EventLoop> loop;
  std::optional<Pull> pull;
  std::optional<Push> push;
};

std::string port_of(const std::string& address) { return address.substr(address.rfind(':')); }

// Knows the test's names, at once or when it is told to.
struct KnownHosts final : Resolver {
  void resolve(NameQuery& query) noexcept override {
    names.emplace_back(query.name());
    waiting = &query;
    if (!addresses.empty()) answer();
  }
  void cancel(NameQuery&) noexcept override { waiting = nullptr; }
  void answer() { std::exchange(waiting, nullptr)->answer(addresses); }
  void knows(std::initializer_list<const char*> texts) {
    addresses.clear();
    for (const char* text : texts) addresses.push_back(IpAddress::parse(text).value());
  }
  Texts names;
  std::vector<IpAddress> addresses;
  NameQuery* waiting = nullptr;
};

TEST_CASE("localhost has two addresses, and the second is tried at once when the first refuses") {
  Ends ends;
  const std::string real = ends.listen("tcp://[::1]:0");
  if (real.empty()) {
    WARN("no IPv6 here: not tested");
    return;
  }
  const std::string port = port_of(real);
  ends.push->connect("tcp://localhost" + port).value();
  REQUIRE(ends.talks());
  CHECK(ends.tried() == Texts{"tcp://127.0.0.1" + port, "tcp://[::1]" + port});
  const Event* failed = ends.log.last(EventKind::connect_failed);
  REQUIRE(failed != nullptr);
  CHECK(failed->address.text() == "tcp://127.0.0.1" + port);
  CHECK(failed->error == Error::connection_refused);
  CHECK(failed->retry_in == 0ns);
}

TEST_CASE("localhost without IPv6 in it is one address") {
  Ends ends;
  const std::string real = ends.listen("tcp://localhost:0");
  ends.push->connect("tcp4://localhost" + port_of(real)).value();
  REQUIRE(ends.talks());
  CHECK(ends.tried() == Texts{"tcp4://127.0.0.1" + port_of(real)});
}

TEST_CASE("a resolver of the host is asked for every name, and for nothing else") {
  KnownHosts hosts;
  hosts.knows({"127.0.0.1"});
  Ends ends(&hosts);
  const std::string real = ends.listen("tcp://127.0.0.1:0");
  ends.push->connect(real).value();
  REQUIRE(ends.talks());
  CHECK(hosts.names.empty());
  Push other = ends.loop->open<Push>().value();
  other.connect("tcp://lobby.example" + port_of(real)).value();
  REQUIRE(other.send_for("by name", 10s).ok());
  CHECK(receive(*ends.pull) == "by name");
  CHECK(hosts.names == Texts{"lobby.example"});
}

TEST_CASE("an answer may come late; meanwhile the loop has nothing to do") {
  KnownHosts hosts;
  Ends ends(&hosts);
  const std::string real = ends.listen("tcp://127.0.0.1:0");
  ends.push->connect("tcp://lobby.example" + port_of(real)).value();
  for (int i = 0; i < 20; ++i) ends.loop->poll_once(1ms);
  CHECK(ends.push->peers() == 0);
  CHECK(ends.log.count(EventKind::connecting) == 0);
  hosts.knows({"127.0.0.1"});
  hosts.answer();
  CHECK(ends.talks());
}

TEST_CASE("a name that nobody knows is an event, and is asked for again") {
  KnownHosts hosts;
  Ends ends(&hosts);
  ends.push->connect("tcp://lobby.example:1").value();
  for (std::size_t round = 1; round <= 3; ++round) {
    REQUIRE(turn_until(*ends.loop, [&] { return hosts.names.size() == round; }));
    std::exchange(hosts.waiting, nullptr)->fail(Error::name_unknown);
    REQUIRE(
        turn_until(*ends.loop, [&] { return ends.log.count(EventKind::connect_failed) == round; }));
    CHECK(ends.log.last(EventKind::connect_failed)->error == Error::name_unknown);
    CHECK(ends.log.last(EventKind::connect_failed)->address.text() == "tcp://lobby.example:1");
  }
}

TEST_CASE("closing the endpoint, the socket or the loop takes the question back") {
  KnownHosts hosts;
  {
    Ends ends(&hosts);
    auto endpoint = ends.push->connect("tcp://lobby.example:1").value();
    CHECK(hosts.waiting != nullptr);
    endpoint.close();
    CHECK(hosts.waiting == nullptr);
    ends.push->connect("tcp://lobby.example:2").value();
    CHECK(hosts.waiting != nullptr);
    ends.push->close();
    CHECK(hosts.waiting == nullptr);
    Push other = ends.loop->open<Push>().value();
    other.connect("tcp://lobby.example:3").value();
    CHECK(hosts.waiting != nullptr);
  }
  CHECK(hosts.waiting == nullptr);
}

TEST_CASE("everywhere is reached over IPv4 and over IPv6, and by name") {
  Ends ends;
  const std::string real = ends.listen("tcp://*:0");
  CHECK(real.substr(0, 8) == "tcp://*:");
  ends.push->connect("tcp://127.0.0.1" + port_of(real)).value();
  REQUIRE(ends.talks());
  Push other = ends.loop->open<Push>().value();
  other.connect("tcp://[::1]" + port_of(real)).value();
  if (other.send_for("six", 2s).ok())
    CHECK(receive(*ends.pull) == "six");
  else
    WARN("no IPv6 here: not tested");
}

TEST_CASE("the one who accepts sees the local address that the other one chose") {
  Ends ends;
  const std::string real = ends.listen("tcp://lo:0");
  ends.push->connect("tcp://127.0.0.2;127.0.0.1" + port_of(real)).value();
  REQUIRE(ends.talks());
  bool seen = false;
  for (const Event& event : ends.log.events)
    seen = seen || (event.kind == EventKind::accepted &&
                    event.address.text().substr(0, 16) == "tcp://127.0.0.2:");
  CHECK(seen);
}

TEST_CASE("abstract names need no file, and the kernel can choose one") {
  Ends ends;
  const std::string real = ends.listen("abstract://");
  REQUIRE(real.size() > 11);
  ends.push->connect(real).value();
  CHECK(ends.talks());
}

TEST_CASE("the file of an ipc endpoint has the permissions that its options say") {
  Ends ends;
  const std::string path = fresh_address("ipc").substr(6);
  EndpointOptions options;
  options.ipc_permissions = 0620;
  REQUIRE(ends.listen("unix://" + path, options) == "unix://" + path);
  struct stat file {};
  REQUIRE(::stat(path.c_str(), &file) == 0);
  CHECK((file.st_mode & 0777u) == 0620u);
  ends.push->connect("ipc://" + path).value();
  CHECK(ends.talks());
}

}  // namespace
}  // namespace spool
