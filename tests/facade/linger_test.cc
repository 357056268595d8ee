// close_for: how many of the accepted messages were not written. Exactly.
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"
#include "tests/acceptance/raw_peer.h"
#include "tests/support/fake_clock.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t body_size = 3'000;

// A PAIR with a peer that has read nothing yet, and more in its queue than the kernel takes.
struct Stuck {
  HangGuard guard;
  EventLog log;
  EventLoop loop;
  Pair pair;
  Endpoint at;
  raw::Peer peer;
  std::uint64_t accepted = 0;
  std::size_t bytes = 0;  // that the peer has read

  explicit Stuck(const std::string& transport = "ipc")
      : loop(make_loop(log)),
        pair(loop.open<Pair>().value()),
        at(pair.listen(fresh_address(transport), {.kernel_send_buffer = 4096}).value()),
        peer(at.address().text()) {
    REQUIRE(peer.send(raw::header(0x10)));
    REQUIRE(turn_until(loop, [&] { return pair.can_send(); }));
    while (pair.try_send(std::string(body_size, 'x')).ok()) {
      ++accepted;
      loop.poll_once();
    }
    REQUIRE(pair.stats().unsent_messages > 2);
  }
  static EventLoop make_loop(EventLog& log) {
    EventLoopConfig config;
    config.on_event = log.collect();
    return EventLoop::create(std::move(config)).value();
  }
  // What the peer has to read when nothing is lost.
  [[nodiscard]] std::size_t all() const { return 8 + accepted * (body_size + (peer.ipc ? 9 : 8)); }
  // Reads to the end: whole messages.
  std::uint64_t read_rest() {
    bytes += peer.receive(SIZE_MAX).size();
    return (bytes - 8) / (body_size + (peer.ipc ? 9 : 8));
  }
  // Reads a little with each turn of the loop, to the end.
  void read_slowly() {
    char part[5'000];
    const ssize_t n = ::recv(peer.fd, part, sizeof part, MSG_DONTWAIT);
    if (n == 0) return peer.close();  // it has heard that this was all
    if (n > 0) bytes += static_cast<std::size_t>(n);
    static_cast<void>(loop.post([this] { read_slowly(); }));
  }
  [[nodiscard]] std::uint64_t lost_in_events() const {
    std::uint64_t lost = 0;
    for (const Event& event : log.events)
      if (event.kind == EventKind::messages_lost || event.kind == EventKind::peer_left)
        lost += event.lost;
    return lost;
  }
};

TEST_CASE("a reader that is slow gets everything, and nothing is lost") {
  Stuck stuck(GENERATE(as<std::string>(), "tcp", "ipc"));
  const Timeout linger = GENERATE(Timeout(20s), Timeout::infinite());
  stuck.read_slowly();
  CHECK(stuck.pair.close_for(linger).value() == 0);
  CHECK(stuck.bytes == stuck.all());
  CHECK_FALSE(stuck.pair.is_open());
  CHECK(stuck.loop.stats().messages_lost == 0);
  stuck.loop.poll_once();
  CHECK(stuck.loop.stats().sockets == 0);
}

TEST_CASE("of a reader that never reads, what is unwritten is lost when the linger is over") {
  Stuck stuck(GENERATE(as<std::string>(), "tcp", "ipc"));
  const Duration linger = GENERATE(Duration(0ms), Duration(30ms));
  const std::uint64_t unsent = stuck.pair.stats().unsent_messages;
  const std::uint64_t lost = stuck.pair.close_for(linger).value();
  CHECK(lost > 0);
  CHECK(lost <= unsent);  // the kernel may take a little more meanwhile
  stuck.loop.poll_once();
  CHECK(stuck.lost_in_events() == lost);
  CHECK(stuck.loop.stats().messages_lost == lost);
  CHECK(stuck.log.last(EventKind::closed)->lost == lost);
  CHECK(stuck.log.count(EventKind::closed) == 1);
  CHECK(stuck.read_rest() + lost == stuck.accepted);
}

TEST_CASE("a reader that goes away ends the wait, with what it did not get") {
  Stuck stuck(GENERATE(as<std::string>(), "tcp", "ipc"));
  const std::uint64_t unsent = stuck.pair.stats().unsent_messages;
  stuck.loop.post([&] { stuck.peer.reset(); }).value();
  const std::uint64_t lost = stuck.pair.close_for(Timeout::infinite()).value();
  CHECK(lost > 0);
  CHECK(lost <= unsent);
  stuck.loop.poll_once();
  CHECK(stuck.lost_in_events() == lost);
}

TEST_CASE("what was lost with earlier connections is part of the result") {
  Stuck stuck;
  const std::uint64_t unsent = stuck.pair.stats().unsent_messages;
  stuck.peer.reset();
  REQUIRE(turn_until(stuck.loop, [&] { return stuck.pair.peers() == 0; }));
  CHECK(stuck.pair.close_for(1s).value() == unsent);
  stuck.loop.poll_once();
  CHECK(stuck.lost_in_events() == unsent);  // told when it happened, and not again
}

// --- Without a peer ------------------------------------------------------------------------------

TEST_CASE("a socket without anything unwritten is through at once") {
  HangGuard guard;
  testing::FakeClock clock;  // stands still: no linger would ever end
  EventLoopConfig config;
  config.clock = &clock;
  EventLoop loop = EventLoop::create(std::move(config)).value();
  for (const SocketType type :
       {SocketType::push, SocketType::pub, SocketType::req, SocketType::pair}) {
    AnySocket socket = loop.open(type).value();
    socket.listen(fresh_address("tcp")).value();
    socket.connect("inproc://nobody").value();
    CHECK(socket.close_for(1h).value() == 0);
    CHECK(socket.close_for(1h).error() == Error::closed);
  }
  loop.poll_once();
  CHECK(loop.stats().sockets == 0);
}

TEST_CASE("a PUSH does not wait for a peer that may never come: its backlog is lost") {
  HangGuard guard;
  EventLog log;
  EventLoop loop = Stuck::make_loop(log);
  Push push = loop.open<Push>({.immediate_sends = 0}).value();
  raw::Peer peer(listen_on(push, "tcp"));
  REQUIRE(peer.send(raw::header(0x51)));
  REQUIRE(turn_until(loop, [&] { return push.can_send(); }));
  push.on_writable([] {});
  while (push.try_send(std::string(body_size, 'x')).ok()) loop.poll_once();
  peer.reset();
  REQUIRE(turn_until(loop, [&] { return push.peers() == 0; }));
  const SocketStats stats = push.stats();
  REQUIRE(stats.waiting_messages > 2);
  const std::uint64_t lost = stats.waiting_messages + stats.lost_unsent;
  CHECK(push.close_for(Timeout::infinite()).value() == lost);
  loop.poll_once();
  CHECK(log.last(EventKind::messages_lost)->lost == stats.waiting_messages);
  CHECK(log.last(EventKind::closed)->lost == lost);
  CHECK(loop.stats().messages_lost == lost);
}

TEST_CASE("requests that nobody has taken are lost with their socket, each once") {
  HangGuard guard;
  EventLog log;
  EventLoop loop = Stuck::make_loop(log);
  Req req = loop.open<Req>().value();
  req.connect("inproc://nobody").value();
  req.try_send("own").value();
  std::vector<Exchange> exchanges;
  for (int i = 0; i < 3; ++i) exchanges.push_back(req.request("beside").value());
  exchanges.pop_back();  // cancelled: nobody wants it any more
  CHECK(req.stats().waiting_messages == 3);
  CHECK(req.close_for(1h).value() == 3);
  CHECK_FALSE(exchanges.front().is_open());
  loop.poll_once();
  CHECK(log.last(EventKind::messages_lost)->lost == 3);
  CHECK(log.last(EventKind::closed)->lost == 3);
  CHECK(loop.stats().messages_lost == 3);
}

// --- Callbacks and others ------------------------------------------------------------------------

TEST_CASE("within a callback it cannot wait: it says so, and the socket is open") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  Push push = loop.open<Push>().value();
  push.connect(listen_on(pull, "inproc")).value();
  REQUIRE(turn_until(loop, [&] { return push.can_send(); }));
  std::optional<Error> said;
  pull.on_readable([&] { said = push.close_for(1s).error(); });
  push.try_send("x").value();
  REQUIRE(turn_until(loop, [&] { return said.has_value(); }));
  CHECK(said == Error::reentrant);
  CHECK(push.is_open());
  CHECK(push.try_send("y").ok());
}

TEST_CASE("callbacks run while it waits, and may move and destroy the very object") {
  Stuck stuck;
  Push other = stuck.loop.open<Push>().value();
  std::optional<Pair> moved;
  const auto go = [&] {
    other.close();
    moved.emplace(std::move(stuck.pair));
    moved.reset();
    stuck.peer.reset();
  };
  stuck.loop.post([&go] { go(); }).value();
  const std::uint64_t unsent = stuck.pair.stats().unsent_messages;
  const std::uint64_t lost = stuck.pair.close_for(10s).value();
  CHECK(lost > 0);
  CHECK(lost <= unsent);
  stuck.loop.poll_once();
  CHECK(stuck.log.last(EventKind::closed)->lost == lost);
  CHECK_FALSE(other.is_open());
}

TEST_CASE("several sockets close one after the other, each with its own result") {
  Stuck stuck;
  Pub pub = stuck.loop.open<Pub>().value();
  Sub sub = stuck.loop.open<Sub>().value();
  sub.subscribe("").value();
  sub.connect(listen_on(pub, "ipc")).value();
  REQUIRE(turn_until(stuck.loop, [&] { return pub.peers() == 1 && sub.peers() == 1; }));
  const std::uint64_t unsent = stuck.pair.stats().unsent_messages;
  for (int i = 0; i < 10; ++i) pub.try_send("x").value();
  CHECK(pub.close_for(10s).value() == 0);
  const std::uint64_t lost = stuck.pair.close_for(10ms).value();
  CHECK(lost > 0);
  CHECK(lost <= unsent);
  for (int i = 0; i < 10; ++i) CHECK(receive(sub) == "x");
}

TEST_CASE("a socket that lingers by itself does not keep another one's close_for") {
  Stuck stuck;
  stuck.pair.close();  // for a second
  Push idle = stuck.loop.open<Push>().value();
  CHECK(idle.close_for(10s).value() == 0);
  stuck.loop.poll_once();
  CHECK(stuck.loop.stats().sockets == 1);  // the other one is still at it
}

// --- Waiting for peers ---------------------------------------------------------------------------

TEST_CASE("one can wait for peers, for so many and for so long") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Pub pub = loop.open<Pub>().value();
  const std::string address = listen_on(pub, "tcp");
  CHECK(pub.wait_for_peers(0, Timeout::none()).ok());
  CHECK(pub.wait_for_peers(1, Timeout::none()).error() == Error::timed_out);
  CHECK(pub.wait_for_peers(1, 2ms).error() == Error::timed_out);
  std::vector<Sub> subs;
  for (int i = 0; i < 3; ++i) {
    subs.push_back(loop.open<Sub>().value());
    subs.back().connect(address).value();
  }
  CHECK(pub.wait_for_peers(3, 10s).ok());
  CHECK(pub.peers() == 3);
  CHECK(pub.wait_for_peers(4, 2ms).error() == Error::timed_out);
  std::optional<Error> too_many;
  std::optional<Error> there;
  const auto ask = [&] {
    too_many = pub.wait_for_peers(4, 1s).error();
    there = pub.wait_for_peers(3, 1s).error();
  };
  loop.post([&ask] { ask(); }).value();
  loop.poll_once();
  CHECK(too_many == Error::reentrant);
  CHECK(there == Error::none);  // nothing to wait for
  loop.post([&pub] { pub.close(); }).value();
  CHECK(pub.wait_for_peers(4, 10s).error() == Error::closed);
}

TEST_CASE("to part from a peer is to lose the connection: it may come again") {
  HangGuard guard;
  const std::string transport = GENERATE(as<std::string>(), "tcp", "ipc", "inproc");
  CAPTURE(transport);
  EventLog log;
  EventLoop loop = Stuck::make_loop(log);
  Pull pull = loop.open<Pull>().value();
  Push push = loop.open<Push>({.reconnect_min = 1ms, .reconnect_max = 2ms}).value();
  push.connect(listen_on(pull, transport)).value();
  REQUIRE(turn_until(loop, [&] { return pull.peers() == 1 && push.peers() == 1; }));
  push.try_send("before").value();
  CHECK(receive(pull) == "before");
  PeerInfo info;
  REQUIRE(pull.list_peers({&info, 1}) == 1);
  CHECK(pull.disconnect(info.peer + 1000).error() == Error::invalid_argument);
  CHECK(pull.disconnect(0).error() == Error::invalid_argument);
  CHECK(pull.disconnect(info.peer).ok());
  CHECK(pull.peers() == 1);  // from within the next turn
  REQUIRE(turn_until(loop, [&] { return pull.stats().peers_left == 1; }));
  CHECK(pull.disconnect(info.peer).error() == Error::invalid_argument);
  for (const Event& event : log.events)
    if (event.kind == EventKind::peer_left && event.socket == pull.handle())
      CHECK(event.error == Error::closed);
  REQUIRE(turn_until(loop, [&] { return pull.stats().peers_joined == 2 && push.can_send(); }));
  push.try_send("after").value();
  CHECK(receive(pull) == "after");
  pull.close();
  CHECK(pull.disconnect(info.peer).error() == Error::closed);
}

}  // namespace
}  // namespace spool
