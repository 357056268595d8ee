// on_admission: the host looks at each peer before it is let in.
#include <unistd.h>

#include <deque>
#include <functional>
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

constexpr unsigned push_id = 0x50;

// A PULL that listens and asks about everybody.
struct Door {
  HangGuard guard;
  EventLog log;
  EventLoop loop;
  Pull pull;
  Endpoint at;
  std::vector<PeerInfo> asked;
  std::function<bool(const PeerInfo&)> answer = [](const PeerInfo&) { return true; };

  explicit Door(const std::string& transport)
      : loop(make_loop(log)), pull(loop.open<Pull>().value()) {
    pull.on_admission([this](const PeerInfo& peer) {
          asked.push_back(peer);
          return answer(peer);
        })
        .value();
    at = pull.listen(fresh_address(transport)).value();
  }
  static EventLoop make_loop(EventLog& log) {
    EventLoopConfig config;
    config.on_event = log.collect();
    return EventLoop::create(std::move(config)).value();
  }
  [[nodiscard]] std::string address() const { return std::string(at.address().text()); }
  [[nodiscard]] bool hears(EventKind kind, std::size_t times = 1) {
    return turn_until(loop, [&] { return log.count(kind) == times; });
  }
  // A few turns in which nothing more should happen.
  void wait() {
    for (int i = 0; i < 10; ++i) loop.poll_once(1ms);
  }
};

std::string port_of(const raw::Peer& peer) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  REQUIRE(::getsockname(peer.fd, reinterpret_cast<sockaddr*>(&name), &size) == 0);
  return std::to_string(ntohs(name.sin_port));
}

std::string greeting(const raw::Peer& peer, std::initializer_list<const char*> bodies) {
  std::string bytes = raw::header(push_id);
  for (const char* body : bodies) bytes += raw::frame(peer.ipc, body);
  return bytes;
}

// --- Who it is -----------------------------------------------------------------------------------

TEST_CASE("a tcp peer is shown with its address, before it has a number") {
  Door door("tcp");
  raw::Peer peer(door.address());
  REQUIRE(peer.send(greeting(peer, {"hello"})));
  REQUIRE(turn_until(door.loop, [&] { return !door.asked.empty(); }));
  const PeerInfo& info = door.asked.front();
  CHECK(info.address.text() == "tcp://127.0.0.1:" + port_of(peer));
  CHECK(info.peer == 0);
  CHECK(info.incoming);
  CHECK_FALSE(info.blocked);
  CHECK(info.endpoint == door.at.handle());
  CHECK_FALSE(info.credentials.has_value());
  CHECK(info.stats.bytes_received == 0);  // nothing of it has been read
}

TEST_CASE("an ipc peer is shown with its credentials, and with the address it came in by") {
  Door door("ipc");
  raw::Peer peer(door.address());
  REQUIRE(peer.send(greeting(peer, {})));
  REQUIRE(turn_until(door.loop, [&] { return !door.asked.empty(); }));
  const PeerInfo& info = door.asked.front();
  CHECK(info.address.text() == door.address());
  REQUIRE(info.credentials.has_value());
  CHECK(info.credentials->uid == ::getuid());
  CHECK(info.credentials->gid == ::getgid());
  CHECK((info.credentials->pid == ::getpid() || info.credentials->pid == 0));
}

TEST_CASE("peers over inproc are not asked about") {
  Door door("inproc");
  Push push = door.loop.open<Push>().value();
  push.connect(door.address()).value();
  REQUIRE(turn_until(door.loop, [&] { return push.can_send() && door.pull.peers() == 1; }));
  CHECK(door.asked.empty());
}

// --- Yes and no ----------------------------------------------------------------------------------

TEST_CASE("a peer that is refused is never heard, whatever it sent behind its header") {
  Door door(GENERATE(as<std::string>(), "tcp", "ipc"));
  door.answer = [](const PeerInfo&) { return false; };
  raw::Peer peer(door.address());
  REQUIRE(peer.send(greeting(peer, {"secret", "more"})));
  REQUIRE(door.hears(EventKind::peer_refused));
  CHECK(turn_until(door.loop, [&] { return peer.is_closed(); }));
  door.wait();
  const Event& event = *door.log.last(EventKind::peer_refused);
  CHECK(event.error == Error::vetoed);
  CHECK(event.peer == 0);
  CHECK(event.endpoint == door.at.handle());
  CHECK(event.address.text() == door.asked.front().address.text());
  CHECK(door.asked.size() == 1);
  CHECK(door.log.count(EventKind::peer_joined) == 0);
  CHECK(door.log.count(EventKind::peer_left) == 0);
  CHECK(door.log.count(EventKind::handshake_failed) == 0);
  CHECK_FALSE(door.pull.can_recv());
  CHECK(door.pull.peers() == 0);
  const SocketStats stats = door.pull.stats();
  CHECK(stats.peers_refused == 1);
  CHECK(stats.peers_joined == 0);
  CHECK(stats.messages_received == 0);
  CHECK(stats.lost_unread == 0);
  const EndpointStats endpoint = door.at.stats();
  CHECK(endpoint.accepted == 1);
  CHECK(endpoint.peers_refused == 1);
  CHECK(endpoint.peers_joined == 0);
  CHECK(endpoint.peers == 0);
}

TEST_CASE("of a peer that is let in, everything arrives that lay behind its header") {
  Door door(GENERATE(as<std::string>(), "tcp", "ipc"));
  raw::Peer peer(door.address());
  const std::string large(100'000, 'x');
  REQUIRE(peer.send(greeting(peer, {"a", "", "c"}) + raw::frame(peer.ipc, large)));
  for (const std::string& body : {std::string("a"), std::string(), std::string("c"), large})
    CHECK(receive(door.pull) == body);
  CHECK(door.asked.size() == 1);
  CHECK(door.pull.stats().messages_received == 4);
  CHECK(door.pull.peers() == 1);
  CHECK(door.log.last(EventKind::peer_joined)->peer != 0);
}

TEST_CASE("a header that comes byte by byte is asked about once, when it is whole") {
  Door door("ipc");
  raw::Peer peer(door.address());
  for (const char byte : raw::header(push_id)) {
    CHECK(door.asked.empty());
    REQUIRE(peer.send(std::string(1, byte)));
    door.loop.poll_once(100ms);
    door.loop.poll_once();
  }
  REQUIRE(peer.send(raw::frame(peer.ipc, "x")));
  CHECK(receive(door.pull) == "x");
  CHECK(door.asked.size() == 1);
}

TEST_CASE("somebody whose handshake fails is not asked about") {
  Door door("tcp");
  raw::Peer peer(door.address());
  REQUIRE(peer.send(raw::header(push_id + 1)));
  REQUIRE(door.hears(EventKind::handshake_failed));
  CHECK(door.asked.empty());
}

TEST_CASE("of several that come at once, each gets its own answer") {
  Door door("tcp");
  std::deque<raw::Peer> peers;
  for (int i = 0; i < 6; ++i) {
    peers.emplace_back(door.address());
    REQUIRE(peers.back().send(greeting(peers.back(), {i % 2 == 0 ? "even" : "odd"})));
  }
  std::vector<std::string> unwanted;
  for (std::size_t i = 1; i < 6; i += 2) unwanted.push_back("tcp://127.0.0.1:" + port_of(peers[i]));
  door.answer = [&](const PeerInfo& peer) {
    for (const std::string& address : unwanted)
      if (peer.address.text() == address) return false;
    return true;
  };
  REQUIRE(door.hears(EventKind::peer_refused, 3));
  for (int i = 0; i < 3; ++i) CHECK(receive(door.pull) == "even");
  door.wait();
  CHECK_FALSE(door.pull.can_recv());
  CHECK(door.pull.peers() == 3);
  for (std::size_t i = 0; i < 6; ++i) CHECK(peers[i].is_closed() == (i % 2 == 1));
}

TEST_CASE("who is let in may still find no place") {
  HangGuard guard;
  EventLog log;
  EventLoop loop = Door::make_loop(log);
  Pair pair = loop.open<Pair>().value();
  int asked = 0;
  pair.on_admission([&](const PeerInfo&) { return ++asked > 0; }).value();
  const std::string address = listen_on(pair, "tcp");
  raw::Peer first(address);
  REQUIRE(first.send(raw::header(0x10)));
  REQUIRE(turn_until(loop, [&] { return pair.peers() == 1; }));
  raw::Peer second(address);
  REQUIRE(second.send(raw::header(0x10) + raw::frame(false, "me too")));
  REQUIRE(turn_until(loop, [&] { return log.count(EventKind::peer_refused) == 1; }));
  CHECK(asked == 2);
  CHECK(log.last(EventKind::peer_refused)->error == Error::refused);
  CHECK(turn_until(loop, [&] { return second.is_closed(); }));
  CHECK_FALSE(pair.can_recv());
  REQUIRE(first.send(raw::frame(false, "mine")));
  CHECK(receive(pair) == "mine");
}

// --- What the callback may do --------------------------------------------------------------------

TEST_CASE("the callback may close the endpoint: nobody else is asked, and nobody gets in") {
  Door door("tcp");
  const bool says = GENERATE(true, false);
  std::deque<raw::Peer> peers;
  for (int i = 0; i < 4; ++i) {
    peers.emplace_back(door.address());
    REQUIRE(peers.back().send(greeting(peers.back(), {"x"})));
  }
  door.answer = [&](const PeerInfo&) {
    if (door.asked.size() == 2) door.at.close();
    return door.asked.size() == 2 ? says : true;
  };
  REQUIRE(turn_until(door.loop, [&] { return door.asked.size() == 2; }));
  door.wait();
  CHECK(door.asked.size() == 2);
  CHECK(door.log.count(EventKind::peer_joined) == 1);
  CHECK(door.log.count(EventKind::peer_refused) == 0);
  CHECK(door.pull.peers() == 0);
  CHECK(door.pull.is_open());
  for (raw::Peer& peer : peers) CHECK(turn_until(door.loop, [&] { return peer.is_closed(); }));
}

TEST_CASE("the callback may close the socket, and say what it likes") {
  Door door("ipc");
  const bool says = GENERATE(true, false);
  std::deque<raw::Peer> peers;
  for (int i = 0; i < 3; ++i) {
    peers.emplace_back(door.address());
    REQUIRE(peers.back().send(greeting(peers.back(), {"x"})));
  }
  door.answer = [&](const PeerInfo&) {
    door.pull.close();
    return says;
  };
  REQUIRE(turn_until(door.loop, [&] { return door.loop.stats().sockets == 0; }));
  CHECK(door.asked.size() == 1);
  CHECK(door.log.count(EventKind::peer_joined) == 0);
  for (raw::Peer& peer : peers) CHECK(turn_until(door.loop, [&] { return peer.is_closed(); }));
}

TEST_CASE("the callback may destroy the socket object, which it is part of") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  std::optional<Pull> pull(loop.open<Pull>().value());
  const std::string kept(40, 'k');
  bool called = false;
  pull->on_admission([&pull, &called, kept](const PeerInfo&) {
        pull.reset();
        called = kept == std::string(40, 'k');  // the function is still there
        return called;
      })
      .value();
  raw::Peer peer(listen_on(*pull, "ipc"));
  REQUIRE(peer.send(greeting(peer, {"x"})));
  REQUIRE(turn_until(loop, [&] { return called; }));
  CHECK(turn_until(loop, [&] { return peer.is_closed(); }));
  CHECK(loop.stats().sockets == 0);
}

TEST_CASE("the callback sees the others, and may part from them") {
  Door door("ipc");
  std::size_t listed = 99;
  bool parted = false;
  std::uint32_t number = 0;
  door.answer = [&](const PeerInfo&) {
    listed = door.pull.list_peers({});  // who waits at the door is not in the room
    parted = parted || door.pull.disconnect(number).ok();
    CHECK(door.pull.disconnect(0).error() == Error::invalid_argument);
    return true;
  };
  raw::Peer first(door.address());
  REQUIRE(first.send(greeting(first, {})));
  REQUIRE(door.hears(EventKind::peer_joined));
  CHECK(listed == 0);
  number = door.log.last(EventKind::peer_joined)->peer;
  raw::Peer second(door.address());
  REQUIRE(second.send(greeting(second, {})));
  REQUIRE(door.hears(EventKind::peer_left));
  CHECK(listed == 1);
  CHECK(parted);
  CHECK(door.log.last(EventKind::peer_left)->peer == number);
  CHECK(door.log.last(EventKind::peer_left)->error == Error::closed);
  CHECK(first.is_closed());
  CHECK(door.pull.peers() == 1);
}

TEST_CASE("the callback is set while nothing listens or connects, and not later") {
  Door door("tcp");
  const auto no = [](const PeerInfo&) { return false; };
  CHECK(door.pull.on_admission(no).error() == Error::wrong_state);
  CHECK(door.pull.on_admission(nullptr).error() == Error::wrong_state);
  Push push = door.loop.open<Push>().value();
  CHECK(push.listen("tcp://nonsense").error() == Error::invalid_address);
  CHECK(push.on_admission(no).ok());  // nothing came of it
  Endpoint dialer = push.connect(door.address()).value();
  CHECK(push.on_admission(no).error() == Error::wrong_state);
  dialer.close();
  CHECK(push.on_admission(no).ok());
  push.close();
  CHECK(push.on_admission(no).error() == Error::closed);
}

TEST_CASE("the callback may replace itself once nothing listens, and take itself away") {
  Door door("ipc");
  const bool away = GENERATE(false, true);
  int second = 0;
  door.answer = [&](const PeerInfo&) {
    CHECK(door.pull.on_admission(nullptr).error() == Error::wrong_state);
    door.at.close();
    if (away)
      CHECK(door.pull.on_admission(nullptr).ok());
    else
      CHECK(door.pull.on_admission([&](const PeerInfo&) { return ++second == 0; }).ok());
    return true;
  };
  raw::Peer peer(door.address());
  REQUIRE(peer.send(greeting(peer, {})));
  REQUIRE(turn_until(door.loop, [&] { return door.asked.size() == 1 && !door.at.is_open(); }));
  door.at = door.pull.listen(fresh_address("ipc")).value();
  raw::Peer next(door.address());
  REQUIRE(next.send(greeting(next, {"x"})));
  if (away)
    CHECK(receive(door.pull) == "x");
  else
    CHECK(door.hears(EventKind::peer_refused));
  CHECK(second == (away ? 0 : 1));
  CHECK(door.asked.size() == 1);
}

// --- Peers that go -------------------------------------------------------------------------------

TEST_CASE("a peer that has gone already is asked about all the same, and what it sent arrives") {
  Door door("tcp");
  {
    raw::Peer peer(door.address());
    REQUIRE(peer.send(greeting(peer, {"last words"})));
  }
  REQUIRE(door.hears(EventKind::peer_left));
  CHECK(door.log.last(EventKind::peer_left)->error == Error::peer_closed);
  CHECK(door.asked.size() == 1);
  CHECK(receive(door.pull) == "last words");
}

TEST_CASE("a peer that goes while the host thinks is let in, and leaves") {
  Door door("tcp");
  raw::Peer peer(door.address());
  REQUIRE(peer.send(greeting(peer, {})));
  door.answer = [&](const PeerInfo&) {
    peer.reset();
    return true;
  };
  REQUIRE(door.hears(EventKind::peer_left));
  CHECK(door.log.last(EventKind::peer_left)->error == Error::connection_reset);
  CHECK(door.log.count(EventKind::peer_joined) == 1);
  CHECK(door.pull.stats().peers_left == 1);
}

// --- The side that connects ----------------------------------------------------------------------

TEST_CASE("who connects may refuse too, and then tries again later and later") {
  HangGuard guard;
  testing::FakeClock clock;
  EventLog log;
  EventLoopConfig config;
  config.on_event = log.collect();
  config.clock = &clock;
  config.seed = 1;
  EventLoop loop = EventLoop::create(std::move(config)).value();
  Pull pull = loop.open<Pull>().value();
  const std::string address = listen_on(pull, "tcp");
  Push push = loop.open<Push>({.reconnect_min = 100ms, .reconnect_max = 1s}).value();
  std::vector<PeerInfo> asked;
  bool says = false;
  push.on_admission([&](const PeerInfo& peer) {
        asked.push_back(peer);
        return says;
      })
      .value();
  Endpoint at = push.connect(address).value();
  Duration longest{};
  for (std::size_t round = 1; round <= 6; ++round) {
    CAPTURE(round);
    REQUIRE(turn_until(loop, [&] { return push.stats().peers_refused == round; }));
    // The other side has seen the same peer come and go.
    REQUIRE(turn_until(loop, [&] { return pull.stats().peers_left == round; }));
    CHECK(at.stats().attempts == round);
    const Duration wait = loop.next_deadline().value() - loop.now();
    CHECK(wait >= 1ms);
    CHECK(wait <= std::min<Duration>(100ms * (1 << (round - 1)), 1s));
    longest = std::max(longest, wait);
    clock.advance(wait - 1ns);
    for (int i = 0; i < 5; ++i) loop.poll_once();
    CHECK(at.stats().attempts == round);
    clock.advance(1ns);
  }
  CHECK(longest > 100ms);
  CHECK_FALSE(asked.front().incoming);
  CHECK(asked.front().address.text() == address);
  CHECK(asked.front().endpoint == at.handle());
  CHECK(at.stats().peers_refused == 6);
  CHECK(at.stats().peers_joined == 0);
  CHECK_FALSE(push.can_send());
  says = true;
  clock.advance(1s);
  REQUIRE(turn_until(loop, [&] { return push.can_send(); }));
  push.try_send("at last").value();
  CHECK(receive(pull) == "at last");
}

}  // namespace
}  // namespace spool
