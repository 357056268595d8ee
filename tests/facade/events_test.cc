// The events of a connection's life, each with its reason, in the order in which they come.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"
#include "tests/acceptance/raw_peer.h"
#include "tests/support/fake_clock.h"

namespace spool {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

constexpr unsigned push_id = 0x50;

struct World {
  HangGuard guard;
  testing::FakeClock clock;
  std::vector<Event> events;
  std::map<std::uint64_t, std::set<std::uint32_t>> peers;  // of each socket, as they came
  std::vector<std::string> log;
  EventLoop loop;

  explicit World(LogLevel level = LogLevel::debug) : loop(make_loop(level)) {}
  EventLoop make_loop(LogLevel level) {
    EventLoopConfig config;
    config.clock = &clock;
    config.seed = 1;
    config.event_queue = 1024;
    config.on_event = [this](const Event& event) {
      events.push_back(event);
      if (event.peer != 0) peers[event.socket.value()].insert(event.peer);
    };
    config.log = [this](LogLevel, std::string_view line) { log.emplace_back(line); };
    config.log_level = level;
    return EventLoop::create(std::move(config)).value();
  }
  // What an event says, but for addresses and handles. #1 is the first peer of that socket.
  [[nodiscard]] std::string brief(const Event& event) const {
    std::string line = to_string(event.kind);
    if (event.error != Error::none) line += std::string(" ") + to_string(event.error);
    if (event.os_error != 0) line += " errno " + std::to_string(event.os_error);
    if (event.peer != 0) {
      const std::set<std::uint32_t>& known = peers.at(event.socket.value());
      line += " #" + std::to_string(std::distance(known.begin(), known.find(event.peer)) + 1);
    }
    if (event.lost != 0) line += " lost " + std::to_string(event.lost);
    if (event.retry_in != Duration::zero()) line += " again";
    return line;
  }
  // Of this socket, so far.
  [[nodiscard]] Lines lines(const SocketBase& socket) const {
    Lines result;
    for (const Event& event : events)
      if (event.socket == socket.handle()) result.push_back(brief(event));
    return result;
  }
  [[nodiscard]] std::size_t count(EventKind kind) const {
    std::size_t result = 0;
    for (const Event& event : events) result += event.kind == kind ? 1 : 0;
    return result;
  }
  [[nodiscard]] const Event& last(EventKind kind) const {
    const Event* found = nullptr;
    for (const Event& event : events)
      if (event.kind == kind) found = &event;
    REQUIRE(found != nullptr);
    return *found;
  }
  bool hears(EventKind kind, std::size_t times = 1) {
    return turn_until(loop, [&] { return count(kind) >= times; });
  }
  void turns(int number) {
    for (int i = 0; i < number; ++i) loop.poll_once();
  }
  void pass(Duration length) {
    clock.advance(length);
    turns(2);
  }
};

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

// --- Messages ------------------------------------------------------------------------------------

TEST_CASE("a request that makes no sense is dropped, counted and reported; the peer stays") {
  World world;
  Rep rep = world.loop.open<Rep>().value();
  Endpoint at = rep.listen(fresh_address(GENERATE(as<std::string>(), "tcp", "ipc"))).value();
  raw::Peer peer(at.address().text());
  const std::string id = raw::hex("80 00 00 01");
  REQUIRE(peer.send(raw::header(0x30) + raw::frame(peer.ipc, "x") + raw::frame(peer.ipc, "") +
                    raw::frame(peer.ipc, id + "question")));
  REQUIRE(turn_until(world.loop, [&] { return rep.can_recv(); }));
  CHECK(rep.try_recv().value().text() == "question");
  world.turns(2);
  std::uint64_t dropped = 0;
  for (const Event& event : world.events) {
    if (event.kind != EventKind::messages_dropped) continue;
    CHECK(event.error == Error::malformed);
    CHECK(world.brief(event).find("#1") != std::string::npos);
    CHECK(event.endpoint == at.handle());
    CHECK_FALSE(event.address.empty());
    dropped += event.lost;
  }
  CHECK(dropped == 2);
  CHECK(rep.stats().dropped_malformed == 2);
  CHECK(rep.peers() == 1);
}

TEST_CASE("a full SUB queue is one event, until somebody has read half of it") {
  World world;
  const std::string transport = GENERATE(as<std::string>(), "ipc", "inproc");
  CAPTURE(transport);
  const ReceiveOverflow rule = GENERATE(ReceiveOverflow::drop_oldest, ReceiveOverflow::drop_newest);
  Pub pub = world.loop.open<Pub>().value();
  Sub sub = world.loop.open<Sub>({.receive_queue_messages = 4, .overflow = rule}).value();
  sub.subscribe("").value();
  Endpoint at = sub.connect(listen_on(pub, transport)).value();
  REQUIRE(turn_until(world.loop, [&] { return pub.peers() == 1 && sub.peers() == 1; }));
  world.turns(1);
  world.events.clear();
  std::uint64_t sent = 0;
  const auto send = [&](int count) {
    for (int i = 0; i < count; ++i, ++sent) pub.try_send("x").value();
    REQUIRE(turn_until(world.loop, [&] {
      const SocketStats stats = sub.stats();
      return rule == ReceiveOverflow::drop_oldest
                 ? stats.messages_received == sent
                 : stats.messages_received + stats.dropped_overflow == sent;
    }));
    world.turns(2);
  };
  send(4);
  CHECK(world.events.empty());
  send(6);
  CHECK(world.lines(sub) == Lines{"messages dropped queue_full #1 lost 1"});
  const Event& event = world.last(EventKind::messages_dropped);
  CHECK(event.endpoint == at.handle());
  CHECK_FALSE(event.address.empty());
  CHECK(sub.stats().dropped_overflow == 6);
  CHECK(sub.try_recv().ok());
  send(3);
  CHECK(world.events.size() == 1);  // it was not half empty: still the same episode
  CHECK(sub.try_recv().ok());
  CHECK(sub.try_recv().ok());
  send(2);
  CHECK(world.events.size() == 1);  // there was room
  send(1);
  CHECK(world.count(EventKind::messages_dropped) == 2);
}

// A PUB that fills up, on a loop of its own, and the SUB that reads as it likes.
struct Slow {
  World here;
  EventLoop there = EventLoop::create({}).value();
  Pub pub;
  Sub sub;
  explicit Slow(const std::string& transport)
      : pub(here.loop.open<Pub>({.send_queue_messages = 20}).value()),
        sub(there.open<Sub>({.receive_queue_messages = 4, .overflow = ReceiveOverflow::wait})
                .value()) {
    sub.subscribe("").value();
    sub.connect(listen_on(pub, transport)).value();
    REQUIRE(turn_until(here.loop, there, [&] { return pub.peers() == 1 && sub.peers() == 1; }));
  }
  // Until so many messages did not fit.
  void fill(std::uint64_t misses) {
    const std::string body(10'000, 'x');
    while (pub.stats().dropped_no_room < misses) {
      pub.try_send(body).value();
      here.loop.poll_once();
    }
  }
};

TEST_CASE("a subscriber that is slow is one event when it begins, and one when it is back") {
  Slow slow(GENERATE(as<std::string>(), "tcp", "ipc"));
  slow.fill(7);
  World& world = slow.here;
  world.turns(3);
  CHECK(world.count(EventKind::peer_blocked) == 1);
  CHECK(world.count(EventKind::peer_caught_up) == 0);
  CHECK(world.brief(world.last(EventKind::peer_blocked)) == "peer blocked #1");
  CHECK_FALSE(world.last(EventKind::peer_blocked).address.empty());
  PeerInfo info;
  CHECK(slow.pub.list_peers({&info, 1}) == 1);
  CHECK(info.blocked);
  CHECK(info.stats.dropped_no_room == 7);
  REQUIRE(turn_until(world.loop, slow.there, [&] {
    while (slow.sub.try_recv().ok()) {
    }
    return world.count(EventKind::peer_caught_up) != 0;
  }));
  world.turns(3);
  CHECK(world.brief(world.last(EventKind::peer_caught_up)) == "peer caught up #1 lost 7");
  CHECK_FALSE(world.last(EventKind::peer_caught_up).address.empty());
  CHECK(world.count(EventKind::peer_blocked) == 1);
  CHECK(world.count(EventKind::peer_caught_up) == 1);
  CHECK(slow.pub.stats().blocked_episodes == 1);
}

TEST_CASE("a slow subscriber that goes ends its episode first") {
  Slow slow("tcp");
  slow.fill(3);
  const std::uint64_t unsent = slow.pub.stats().unsent_messages;
  slow.here.events.clear();
  slow.sub.close();
  REQUIRE(turn_until(slow.here.loop, slow.there,
                     [&] { return slow.here.count(EventKind::peer_left) == 1; }));
  const Lines lines = slow.here.lines(slow.pub);
  REQUIRE(lines.size() >= 2);
  const std::string left = lines.back();
  CHECK(lines[lines.size() - 2] == "peer caught up #1 lost 3");
  const std::uint64_t lost = slow.pub.stats().lost_unsent;
  CHECK(left.ends_with(" lost " + std::to_string(lost)));
  CHECK(lost > 0);
  CHECK(lost <= unsent);
}

// --- Closing -------------------------------------------------------------------------------------

TEST_CASE("the end of a socket is an event, without loss") {
  World world;
  Push push = world.loop.open<Push>().value();
  Pull pull = world.loop.open<Pull>().value();
  push.connect(listen_on(pull, "tcp")).value();
  REQUIRE(turn_until(world.loop, [&] { return push.can_send() && pull.peers() == 1; }));
  push.try_send("x").value();
  push.close();
  REQUIRE(world.hears(EventKind::closed));
  CHECK(world.lines(push) == Lines{"connecting", "peer joined #1", "closed"});
  CHECK(receive(pull) == "x");
}

TEST_CASE("the end of a socket is an event, with what was lost before it") {
  Slow slow("ipc");
  slow.fill(1);
  World& world = slow.here;
  const std::uint64_t unsent = slow.pub.stats().unsent_messages;
  REQUIRE(unsent >= 20);
  world.events.clear();
  slow.pub.close_for(Timeout::none()).value();
  world.turns(1);
  const std::string lost = " lost " + std::to_string(unsent);
  CHECK(world.lines(slow.pub) ==
        Lines{"peer caught up #1 lost 1", "messages lost #1" + lost, "closed" + lost});
  CHECK(world.loop.stats().messages_lost == unsent);  // once
}

// --- Text ----------------------------------------------------------------------------------------

TEST_CASE("the log has a line for each event") {
  World world;
  Pull pull = world.loop.open<Pull>().value();
  Push push = world.loop.open<Push>().value();
  const std::string address = listen_on(pull, "ipc");
  push.connect(address).value();
  REQUIRE(world.hears(EventKind::peer_joined, 2));
  const SocketHandle gone = push.handle();
  push.close();
  REQUIRE(world.hears(EventKind::peer_left));
  REQUIRE(world.hears(EventKind::closed));
  CHECK(push.handle() == gone);  // it still names what the events are about
  const auto number = [&](const SocketBase& socket) {
    return " (" + std::to_string(*world.peers.at(socket.handle().value()).begin()) + ")";
  };
  Lines lines = world.log;
  std::sort(lines.begin(), lines.end());
  Lines expected{address + ": listening",
                 address + ": connecting",
                 address + ": accepted",
                 address + ": peer joined" + number(pull),
                 address + ": peer joined" + number(push),
                 address + ": peer left" + number(pull) + ": peer_closed",
                 "socket " + std::to_string(push.handle().index) + ": closed"};
  std::sort(expected.begin(), expected.end());
  CHECK(lines == expected);
}

TEST_CASE("the log leaves out what is below its level") {
  World world(LogLevel::warning);
  Pull pull = world.loop.open<Pull>().value();
  const std::string address = listen_on(pull, "tcp");
  {
    raw::Peer peer(address);
    REQUIRE(peer.send("nonsense"));
    REQUIRE(world.hears(EventKind::handshake_failed));
  }
  REQUIRE(world.log.size() == 1);
  CHECK(world.log[0] == std::string(world.last(EventKind::handshake_failed).address.text()) +
                            ": handshake failed: bad_handshake");
}

}  // namespace
}  // namespace spool
