// The events of a connection's life, each with its reason, in the order in which they come.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "event_world.h"
#include "tests/acceptance/raw_peer.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

constexpr unsigned push_id = 0x50;

// A tcp port that was free a moment ago.
std::string free_address(EventLoop& loop) {
  Pull probe = loop.open<Pull>().value();
  Endpoint at = probe.listen("tcp://127.0.0.1:0").value();
  std::string address(at.address().text());
  at.close();
  return address;
}

// --- Connecting ----------------------------------------------------------------------------------

TEST_CASE("where nobody listens each attempt is an event, with errno and the time of the next") {
  World world;
  const std::string address = free_address(world.loop);
  Push push = world.loop.open<Push>({.reconnect_min = 100ms, .reconnect_max = 3s}).value();
  Endpoint at = push.connect(address).value();
  Duration longest{};
  for (std::size_t round = 1; round <= 8; ++round) {
    CAPTURE(round);
    REQUIRE(world.hears(EventKind::connect_failed, round));
    const Event& event = world.last(EventKind::connect_failed);
    CHECK(event.error == Error::connection_refused);
    CHECK(event.os_error == ECONNREFUSED);
    CHECK(event.socket == push.handle());
    CHECK(event.endpoint == at.handle());
    CHECK(event.address.text() == address);
    CHECK(event.retry_in >= 1ms);
    CHECK(event.retry_in <= std::min<Duration>(100ms * (1 << (round - 1)), 3s));
    longest = std::max(longest, event.retry_in);
    CHECK(world.count(EventKind::connecting) == round);
    world.pass(event.retry_in - 1ns);
    CHECK(world.count(EventKind::connecting) == round);
    world.clock.advance(1ns);
  }
  CHECK(longest > 1s);  // it does grow
  const Lines lines = world.lines(push);
  CHECK(lines[0] == "connecting");
  CHECK(lines[1] == "connect failed connection_refused errno 111 again");
  CHECK(lines[2] == "connecting");
  CHECK(push.stats().connects_failed == 8);
  CHECK(at.stats().connects_failed == 8);
}

TEST_CASE("an endpoint has reconnect times of its own") {
  World world;
  const std::string address = free_address(world.loop);
  Push push = world.loop.open<Push>({.reconnect_min = 10s, .reconnect_max = 20s}).value();
  push.connect(address, {.reconnect_min = 2ms, .reconnect_max = 5ms}).value();
  for (std::size_t round = 1; round <= 5; ++round) {
    REQUIRE(world.hears(EventKind::connect_failed, round));
    CHECK(world.last(EventKind::connect_failed).retry_in <= 5ms);
    world.clock.advance(5ms);
  }
}

TEST_CASE("a unix path that nobody has made is refused in the same way") {
  World world;
  const std::string address = fresh_address("ipc");
  Push push = world.loop.open<Push>().value();
  push.connect(address).value();
  REQUIRE(world.hears(EventKind::connect_failed));
  CHECK(world.lines(push) ==
        Lines{"connecting", "connect failed connection_refused errno 2 again"});
  CHECK(world.last(EventKind::connect_failed).address.text() == address);
}

// --- Coming and going ----------------------------------------------------------------------------

TEST_CASE("the events of a connection, from both sides, and of the next one") {
  World world;
  const std::string transport = GENERATE(as<std::string>(), "tcp", "ipc");
  CAPTURE(transport);
  Pull pull = world.loop.open<Pull>().value();
  Push push = world.loop.open<Push>().value();
  Endpoint at = pull.listen(fresh_address(transport)).value();
  const std::string address(at.address().text());
  Endpoint dialer = push.connect(address).value();
  REQUIRE(world.hears(EventKind::peer_joined, 2));
  CHECK(world.lines(pull) == Lines{"listening", "accepted", "peer joined #1"});
  CHECK(world.lines(push) == Lines{"connecting", "peer joined #1"});
  for (const Event& event : world.events) {
    const bool is_pull = event.socket == pull.handle();
    CHECK(event.endpoint == (is_pull ? at.handle() : dialer.handle()));
    if (transport == "ipc" || !is_pull || event.kind == EventKind::listening)
      CHECK(event.address.text() == address);
    else
      CHECK(event.address.text().starts_with("tcp://127.0.0.1:"));
  }
  world.events.clear();
  at.close();
  REQUIRE(world.hears(EventKind::peer_left));
  // The listener was closed by hand, with what came in by it; that is no event of a peer.
  CHECK(world.lines(push) == Lines{"peer left peer_closed #1 again"});
  world.events.clear();
  at = pull.listen(address).value();
  world.clock.advance(1s);
  REQUIRE(world.hears(EventKind::peer_joined, 2));
  CHECK(world.lines(push) == Lines{"connecting", "peer joined #2"});
  CHECK(world.lines(pull) == Lines{"listening", "accepted", "peer joined #2"});
  world.events.clear();
  push.close();
  REQUIRE(world.hears(EventKind::closed));
  CHECK(world.lines(push) == Lines{"closed"});
  CHECK(world.lines(pull) == Lines{"peer left peer_closed #2"});
}

TEST_CASE("a peer that resets the connection leaves with that reason and its errno") {
  World world;
  Pull pull = world.loop.open<Pull>().value();
  raw::Peer peer(listen_on(pull, "tcp"));
  REQUIRE(peer.send(raw::header(push_id)));
  REQUIRE(world.hears(EventKind::peer_joined));
  peer.reset();
  REQUIRE(world.hears(EventKind::peer_left));
  CHECK(world.lines(pull).back() == "peer left connection_reset errno 104 #1");
}

// --- Handshakes that fail ------------------------------------------------------------------------

struct Row {
  const char* what;
  std::string bytes;
  const char* says;
};

TEST_CASE("a handshake that fails says why") {
  const Row row = GENERATE(
      Row{"bad magic", "GET / HTTP/1.0\r\n", "handshake failed bad_handshake"},
      Row{"another protocol", raw::header(0x30), "handshake failed protocol_mismatch"},
      Row{"half a header", raw::header(push_id).substr(0, 5), "handshake failed truncated"},
      Row{"nothing", "", "handshake failed peer_closed"});
  World world;
  CAPTURE(row.what);
  Pull pull = world.loop.open<Pull>().value();
  Endpoint at = pull.listen(fresh_address(GENERATE(as<std::string>(), "tcp", "ipc"))).value();
  {
    raw::Peer peer(at.address().text());
    REQUIRE(peer.send(row.bytes));
    peer.finish_writing();
    REQUIRE(world.hears(EventKind::handshake_failed));
  }
  CHECK(world.lines(pull) == Lines{"listening", "accepted", row.says});
  CHECK(pull.stats().handshakes_failed == 1);
  CHECK(at.stats().handshakes_failed == 1);
  CHECK(at.stats().peers_joined == 0);
}

TEST_CASE("silence is a failed handshake when the time is over") {
  World world;
  Pull pull = world.loop.open<Pull>({.handshake_timeout = 2s}).value();
  raw::Peer peer(listen_on(pull, "tcp"));
  REQUIRE(world.hears(EventKind::accepted));
  world.pass(2s - 1ns);
  CHECK(world.count(EventKind::handshake_failed) == 0);
  world.pass(1ns);
  CHECK(world.lines(pull).back() == "handshake failed handshake_timeout");
  CHECK(turn_until(world.loop, [&] { return peer.is_closed(); }));
}

TEST_CASE("to connect to somebody else's port is a failed handshake that is tried again") {
  World world;
  Pull pull = world.loop.open<Pull>().value();
  Pair pair = world.loop.open<Pair>().value();
  pair.connect(listen_on(pull, "tcp")).value();
  REQUIRE(turn_until(world.loop, [&] { return world.lines(pair).size() >= 2; }));
  CHECK(world.lines(pull) == Lines{"listening", "accepted", "handshake failed protocol_mismatch"});
  // Which of the two sees it first is the kernel's to say.
  const std::string last = world.lines(pair).back();
  CHECK((last == "handshake failed protocol_mismatch again" ||
         last == "handshake failed peer_closed again"));
}

TEST_CASE("a frame that is too large ends the connection with that reason") {
  World world;
  Pull pull = world.loop.open<Pull>({.max_message_size = 10}).value();
  raw::Peer peer(listen_on(pull, "tcp"));
  REQUIRE(peer.send(raw::header(push_id) + raw::frame(false, "0123456789") + raw::length(11)));
  REQUIRE(world.hears(EventKind::peer_left));
  CHECK(world.lines(pull).back() == "peer left message_too_large #1");
  CHECK(receive(pull) == "0123456789");
}

TEST_CASE("of two listeners of a socket one may be stricter") {
  World world;
  Pull pull = world.loop.open<Pull>({.max_message_size = 100}).value();
  const std::string strict = std::string(
      pull.listen("tcp://127.0.0.1:0", {.max_message_size = 10}).value().address().text());
  const std::string usual = listen_on(pull, "tcp");
  raw::Peer at_strict(strict);
  raw::Peer at_usual(usual);
  const std::string eleven = raw::header(push_id) + raw::frame(false, "01234567890");
  REQUIRE(at_strict.send(eleven));
  REQUIRE(world.hears(EventKind::peer_left));
  CHECK(world.last(EventKind::peer_left).error == Error::message_too_large);
  CHECK_FALSE(pull.can_recv());
  REQUIRE(at_usual.send(eleven));
  CHECK(receive(pull) == "01234567890");
  CHECK(pull.peers() == 1);
}

TEST_CASE("a dialer may be stricter than its socket, or more generous") {
  World world;
  Push push = world.loop.open<Push>().value();
  const std::string address = listen_on(push, "ipc");
  Pull pull = world.loop.open<Pull>({.max_message_size = 10}).value();
  pull.connect(address, {.max_message_size = 20}).value();
  REQUIRE(turn_until(world.loop, [&] { return push.can_send() && pull.peers() == 1; }));
  push.try_send(std::string(20, 'x')).value();
  CHECK(receive(pull) == std::string(20, 'x'));
  push.try_send(std::string(21, 'x')).value();
  REQUIRE(world.hears(EventKind::peer_left));
  CHECK(world.lines(pull).back() == "peer left message_too_large #1 again");
}

// --- Accepting -----------------------------------------------------------------------------------

// No more descriptors for this process, until the end of the scope. No checks there: the sanitizers
// open files for them.
class NoDescriptors {
 public:
  NoDescriptors() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const int next = ::dup(0);
    REQUIRE(next >= 0);
    ::close(next);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST_CASE("a listener out of descriptors says so, pauses, and goes on") {
  World world;
  Pull pull = world.loop.open<Pull>().value();
  Endpoint at = pull.listen("tcp://127.0.0.1:0").value();
  raw::Peer peer(at.address().text());
  std::size_t at_once = 0;
  std::size_t later = 0;
  {
    NoDescriptors none;
    world.hears(EventKind::accept_failed);
    world.turns(20);
    at_once = world.count(EventKind::accept_failed);
    world.pass(100ms);
    world.hears(EventKind::accept_failed, 2);
    later = world.count(EventKind::accept_failed);
  }
  CHECK(at_once == 1);  // it does not spin
  CHECK(later == 2);
  const Event& event = world.last(EventKind::accept_failed);
  CHECK(world.brief(event) == "accept failed no_descriptors errno 24 again");
  CHECK(event.retry_in == 100ms);
  CHECK(event.endpoint == at.handle());
  CHECK(event.address.text() == at.address().text());
  world.pass(99ms);
  CHECK(world.count(EventKind::accepted) == 0);
  world.clock.advance(1ms);
  REQUIRE(world.hears(EventKind::accepted));
  CHECK(pull.stats().accepts_failed == 2);
  CHECK(at.stats().accepts_failed == 2);
  CHECK(at.stats().accepted == 1);
}

}  // namespace
}  // namespace spool
