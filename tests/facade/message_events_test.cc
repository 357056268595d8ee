// The events of messages that are lost, dropped or late, of the end of sockets; and all as text.
#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "event_world.h"
#include "tests/acceptance/raw_peer.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

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
