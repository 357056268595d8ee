// Statistics: every way in which a message can get lost has its counter, what is counted for the
// peers is counted for their endpoint and for the socket, and nothing is counted twice.
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "statistics_rig.h"
#include "tests/acceptance/raw_peer.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

constexpr unsigned sub_id = 0x21;

// --- Sums ----------------------------------------------------------------------------------------

struct Star {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  std::vector<Endpoint> listeners;
  std::vector<Push> pushers;
  std::vector<Endpoint> dialers;

  Star() {
    for (const char* transport : {"tcp", "ipc", "inproc"}) {
      listeners.push_back(pull.listen(fresh_address(transport)).value());
      for (int i = 0; i < 2; ++i) {
        pushers.push_back(loop.open<Push>().value());
        dialers.push_back(pushers.back().connect(listeners.back().address().text()).value());
      }
    }
    REQUIRE(turn_until(loop, [&] { return pull.peers() == 6; }));
    for (Push& push : pushers) REQUIRE(turn_until(loop, [&] { return push.can_send(); }));
  }
  // The i-th pusher sends i + 1 messages of i + 10 bytes: 21 messages, 280 bytes.
  void send() {
    const std::uint64_t before = pull.stats().messages_received;
    for (std::size_t i = 0; i < pushers.size(); ++i)
      for (std::size_t j = 0; j <= i; ++j) pushers[i].try_send(std::string(i + 10, 'x')).value();
    REQUIRE(turn_until(loop, [&] { return pull.stats().messages_received == before + 21; }));
  }
};

TEST_CASE("what is counted for peers is counted for their endpoint, and for the socket") {
  Star star;
  star.send();
  const SocketStats all = star.pull.stats();
  CHECK(all.messages_received == 21);
  CHECK(all.bytes_received == 280);
  check_same(all, sum_of_peers(star.pull));
  check_same(all, sum_of(star.listeners));
  for (const Endpoint& at : star.listeners) CHECK(at.stats().peers == 2);
  for (std::size_t i = 0; i < star.pushers.size(); ++i) {
    CHECK(star.pushers[i].stats().messages_sent == i + 1);
    CHECK(star.pushers[i].stats().bytes_sent == (i + 1) * (i + 10));
    check_same(star.pushers[i].stats(), sum_of_peers(star.pushers[i]));
    check_same(star.pushers[i].stats(), star.dialers[i].stats());
  }
}

TEST_CASE("each peer in the list has its own numbers") {
  Star star;
  star.send();
  std::vector<PeerInfo> peers(6);
  REQUIRE(star.pull.list_peers(peers) == 6);
  std::vector<bool> seen(7);
  for (const PeerInfo& peer : peers) {
    CHECK(peer.incoming);
    CHECK_FALSE(peer.address.empty());
    CHECK(peer.peer != 0);
    const std::uint64_t count = peer.stats.messages_received;
    REQUIRE(count <= 6);
    CHECK_FALSE(seen[count]);
    seen[count] = true;
    CHECK(peer.stats.bytes_received == count * (count + 9));
  }
}

TEST_CASE("the list of peers fills what room there is, and says how many there are") {
  Star star;
  std::vector<PeerInfo> peers(3);
  CHECK(star.pull.list_peers({}) == 6);
  CHECK(star.pull.list_peers(std::span(peers).first(2)) == 6);
  CHECK(peers[0].peer != 0);
  CHECK(peers[1].peer != 0);
  CHECK(peers[2].peer == 0);  // not touched
  star.pushers[0].close();
  REQUIRE(turn_until(star.loop, [&] { return star.pull.peers() == 5; }));
  CHECK(star.pull.list_peers({}) == 5);
  star.pull.close();
  CHECK(star.pull.list_peers(peers) == 0);
  CHECK(star.pull.peers() == 0);
}

TEST_CASE("nothing is counted twice when a peer goes, is read out, and is forgotten") {
  Star star;
  star.send();
  const SocketStats before = star.pull.stats();
  for (Push& push : star.pushers) push.close();
  REQUIRE(turn_until(star.loop, [&] { return star.pull.peers() == 0; }));
  // Gone, and not read yet.
  check_same(star.pull.stats(), before);
  check_same(sum_of(star.listeners), before);
  CHECK(star.pull.stats().peers_left == 6);
  for (int i = 0; i < 21; ++i) {
    REQUIRE(star.pull.try_recv().ok());
    check_same(star.pull.stats(), before);
    check_same(sum_of(star.listeners), before);
  }
  CHECK_FALSE(star.pull.can_recv());
  for (int i = 0; i < 3; ++i) star.loop.poll_once();
  check_same(star.pull.stats(), before);
  check_same(sum_of(star.listeners), before);
  for (const Endpoint& at : star.listeners) {
    CHECK(at.stats().peers == 0);
    CHECK(at.stats().peers_joined == 2);
    CHECK(at.stats().peers_left == 2);
    CHECK(at.stats().accepted == 2);
  }
}

TEST_CASE(
    "a socket keeps the numbers of an endpoint that was closed, and what was unread is lost") {
  Star star;
  star.send();
  REQUIRE(star.pull.try_recv().ok());
  SocketStats expected = star.pull.stats();
  for (Endpoint& at : star.listeners) {
    at.close();
    CHECK(at.stats().messages_received == 0);  // nothing left to ask
  }
  expected.lost_unread = 20;
  check_same(star.pull.stats(), expected);
  CHECK_FALSE(star.pull.can_recv());
  CHECK(star.pull.peers() == 0);
  REQUIRE(turn_until(star.loop, [&] {
    std::size_t left = 0;
    for (const Push& push : star.pushers) left += push.peers();
    return left == 0;
  }));
  check_same(star.pull.stats(), expected);
}

// --- Losses on the way out -----------------------------------------------------------------------

// A sender that the kernel takes nothing from any more. Its peer reads when it is told to.
template <typename Socket>
struct Stuck {
  HangGuard guard;
  EventLog log;
  EventLoop loop;
  Socket push;
  Endpoint at;
  std::optional<raw::Peer> peer;
  std::uint64_t accepted = 0;

  explicit Stuck(const std::string& transport, SocketOptions options = {})
      : loop(make_loop(log)), push(loop.open<Socket>(options).value()) {
    at = push.listen(fresh_address(transport), {.kernel_send_buffer = 4096}).value();
    meet();
    while (push.try_send(std::string(3'000, 'x')).ok()) {
      ++accepted;
      loop.poll_once();
    }
    REQUIRE(push.stats().unsent_messages > 2);
  }
  static EventLoop make_loop(EventLog& log) {
    EventLoopConfig config;
    config.on_event = log.collect();
    return EventLoop::create(std::move(config)).value();
  }
  void meet() {
    peer.emplace(at.address().text());
    REQUIRE(peer->send(raw::header(Socket::type == SocketType::push ? 0x51 : 0x10)));
    REQUIRE(turn_until(loop, [&] { return push.peers() == 1; }));
  }
  // Reads on until the other side closes: so many bytes, its header included.
  std::size_t read_all() {
    std::size_t read = 0;
    REQUIRE(turn_until(loop, [&] {
      char part[4096];
      for (;;) {
        const ssize_t n = ::recv(peer->fd, part, sizeof part, MSG_DONTWAIT);
        if (n == 0) return true;
        if (n < 0) return false;
        read += static_cast<std::size_t>(n);
      }
    }));
    return read;
  }
};

TEST_CASE("unsent is what the system has not taken: bytes, whole messages, of each peer") {
  Stuck<Pair> stuck(GENERATE(as<std::string>(), "tcp", "ipc"));
  const SocketStats stats = stuck.push.stats();
  CHECK(stats.messages_sent == stuck.accepted);
  CHECK(stats.bytes_sent == stuck.accepted * 3'000);
  CHECK(stuck.push.unsent_bytes() == stats.unsent_bytes);
  CHECK(stats.unsent_bytes > (stats.unsent_messages - 1) * 3'000);
  CHECK(stats.unsent_bytes <= stats.unsent_messages * 3'009);
  check_same(stats, sum_of_peers(stuck.push));
  check_same(stats, stuck.at.stats());
  PeerInfo info;
  REQUIRE(stuck.push.list_peers({&info, 1}) == 1);
  CHECK(info.blocked);
}

TEST_CASE("what was not written when the peer went is lost, once") {
  Stuck<Pair> stuck(GENERATE(as<std::string>(), "tcp", "ipc"));
  SocketStats expected = stuck.push.stats();
  expected.lost_unsent = expected.unsent_messages;
  expected.unsent_messages = expected.unsent_bytes = 0;
  stuck.peer->reset();
  REQUIRE(turn_until(stuck.loop, [&] { return stuck.push.peers() == 0; }));
  for (int i = 0; i < 3; ++i) {
    check_same(stuck.push.stats(), expected);
    check_same(stuck.at.stats(), expected);
    CHECK(stuck.loop.stats().messages_lost == expected.lost_unsent);
    stuck.loop.poll_once();
  }
  CHECK(stuck.log.last(EventKind::peer_left)->lost == expected.lost_unsent);
  CHECK(stuck.log.count(EventKind::messages_lost) == 0);
}

TEST_CASE("what a PUSH gets back from a lost connection was not sent, waits, and is sent once") {
  Stuck<Push> stuck(GENERATE(as<std::string>(), "tcp", "ipc"));
  const SocketStats before = stuck.push.stats();
  stuck.peer->reset();
  REQUIRE(turn_until(stuck.loop, [&] { return stuck.push.peers() == 0; }));
  SocketStats after = stuck.push.stats();
  CHECK(after.returned + after.lost_unsent == before.unsent_messages);
  CHECK(after.lost_unsent <= 1);  // the one that was half written
  CHECK(after.messages_sent + after.returned == before.messages_sent);
  CHECK(after.bytes_sent == after.messages_sent * 3'000);
  CHECK(after.waiting_messages == after.returned);
  CHECK(after.unsent_messages == 0);
  CHECK(stuck.loop.stats().messages_lost == after.lost_unsent);
  check_same(after, stuck.at.stats());
  const std::uint64_t waiting = after.waiting_messages;
  stuck.meet();
  after = stuck.push.stats();
  CHECK(after.messages_sent == stuck.accepted);
  CHECK(after.bytes_sent == stuck.accepted * 3'000);
  CHECK(after.waiting_messages == 0);
  stuck.at.close();
  CHECK(stuck.read_all() == 8 + waiting * (stuck.peer->ipc ? 3'009 : 3'008));
}

TEST_CASE("what drains behind a closed endpoint is counted once, and drain_for waits for it") {
  Stuck<Pair> stuck(GENERATE(as<std::string>(), "tcp", "ipc"));
  const SocketStats before = stuck.push.stats();
  stuck.at.close();
  CHECK(stuck.push.peers() == 0);
  CHECK(stuck.push.list_peers({}) == 0);
  check_same(stuck.push.stats(), before);
  CHECK(stuck.push.unsent_bytes() == before.unsent_bytes);
  CHECK_FALSE(stuck.loop.drain_for(5ms).value());
  const std::size_t read = stuck.read_all();
  const std::size_t framing = stuck.peer->ipc ? 9 : 8;
  CHECK(read == 8 + stuck.accepted * (3'000 + framing));
  stuck.peer->close();
  CHECK(stuck.loop.drain_for(10s).value());
  SocketStats expected = before;
  expected.unsent_messages = expected.unsent_bytes = 0;
  check_same(stuck.push.stats(), expected);
}

TEST_CASE("what a closed endpoint could not write within the linger is lost, once") {
  Stuck<Pair> stuck("ipc", {.linger = 20ms});
  SocketStats expected = stuck.push.stats();
  expected.lost_unsent = expected.unsent_messages;
  expected.unsent_messages = expected.unsent_bytes = 0;
  stuck.at.close();
  REQUIRE(turn_until(stuck.loop, [&] { return stuck.log.count(EventKind::messages_lost) != 0; }));
  stuck.loop.poll_once();
  check_same(stuck.push.stats(), expected);
  CHECK(stuck.log.count(EventKind::messages_lost) == 1);
  CHECK(stuck.log.last(EventKind::messages_lost)->lost == expected.lost_unsent);
  CHECK(stuck.log.last(EventKind::messages_lost)->error == Error::timed_out);
  CHECK(stuck.loop.stats().messages_lost == expected.lost_unsent);
}

// --- Broadcast -----------------------------------------------------------------------------------

// A PUB with one subscriber that reads nothing, and one over inproc that takes everything.
struct Broadcast {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Pub pub;
  std::vector<Endpoint> at;
  raw::Peer slow;
  Sub fast = loop.open<Sub>({.overflow = ReceiveOverflow::drop_oldest}).value();
  std::uint64_t sent = 0;

  explicit Broadcast(WhenBlocked rule)
      : pub(loop.open<Pub>({.send_queue_messages = 10, .when_blocked = rule}).value()),
        at{pub.listen(fresh_address("ipc"), {.kernel_send_buffer = 4096}).value(),
           pub.listen(fresh_address("inproc")).value()},
        slow(at[0].address().text()) {
    REQUIRE(slow.send(raw::header(sub_id)));
    fast.subscribe("").value();
    fast.connect(at[1].address().text()).value();
    REQUIRE(turn_until(loop, [&] { return pub.peers() == 2; }));
  }
  void send() {
    pub.try_send(std::string(1'000, 'x')).value();
    ++sent;
    loop.poll_once();
  }
};

TEST_CASE("a subscriber's misses are counted for it, its endpoint and the socket") {
  const WhenBlocked rule = GENERATE(WhenBlocked::drop_newest, WhenBlocked::drop_oldest);
  Broadcast broadcast(rule);
  while (broadcast.pub.stats().dropped_no_room < 30) broadcast.send();
  const SocketStats stats = broadcast.pub.stats();
  CHECK(stats.dropped_no_room == 30);
  CHECK(stats.messages_sent + stats.dropped_no_room == 2 * broadcast.sent);
  CHECK(stats.bytes_sent == stats.messages_sent * 1'000);
  CHECK(stats.blocked_episodes == 1);
  check_same(stats, sum_of_peers(broadcast.pub));
  check_same(stats, sum_of(broadcast.at));
  CHECK(broadcast.at[0].stats().dropped_no_room == 30);
  CHECK(broadcast.at[1].stats().dropped_no_room == 0);
  CHECK(broadcast.at[1].stats().messages_sent == broadcast.sent);
  const std::uint64_t unsent = stats.unsent_messages;
  broadcast.slow.reset();
  REQUIRE(turn_until(broadcast.loop, [&] { return broadcast.pub.peers() == 1; }));
  CHECK(broadcast.pub.stats().dropped_no_room == 30);
  CHECK(broadcast.pub.stats().lost_unsent == unsent);
  check_same(broadcast.pub.stats(), sum_of(broadcast.at));
}

TEST_CASE("a subscriber that is put out for being slow has missed one message") {
  Broadcast broadcast(WhenBlocked::disconnect);
  while (broadcast.pub.peers() == 2) broadcast.send();
  const SocketStats stats = broadcast.pub.stats();
  CHECK(stats.dropped_no_room == 1);
  CHECK(stats.lost_unsent == 10);
  CHECK(stats.peers_left == 1);
  CHECK(stats.messages_sent + stats.dropped_no_room == 2 * broadcast.sent);
  check_same(stats, sum_of(broadcast.at));
}

TEST_CASE("what a subscriber drops is counted by reason") {
  HangGuard guard;
  const std::string transport = GENERATE(as<std::string>(), "tcp", "ipc", "inproc");
  const ReceiveOverflow rule = GENERATE(ReceiveOverflow::drop_oldest, ReceiveOverflow::drop_newest);
  CAPTURE(transport);
  EventLoop loop = EventLoop::create({}).value();
  Pub pub = loop.open<Pub>().value();
  Sub sub = loop.open<Sub>({.receive_queue_messages = 3, .overflow = rule}).value();
  sub.subscribe("a").value();
  std::vector<Endpoint> at{sub.connect(listen_on(pub, transport)).value()};
  REQUIRE(turn_until(loop, [&] { return pub.peers() == 1 && sub.peers() == 1; }));
  for (const char* text : {"a1", "b", "a2", "a3", "b", "a4", "b", "a5"}) pub.try_send(text).value();
  REQUIRE(turn_until(loop, [&] { return sub.stats().dropped_overflow == 2; }));
  const SocketStats stats = sub.stats();
  CHECK(stats.dropped_unasked == 3);
  CHECK(stats.dropped_overflow == 2);
  CHECK(pub.stats().messages_sent == 8);
  const bool newest = rule == ReceiveOverflow::drop_oldest;
  for (const char* text : {newest ? "a3" : "a1", newest ? "a4" : "a2", newest ? "a5" : "a3"})
    CHECK(receive(sub) == text);
  check_same(stats, sum_of(at));
  check_same(stats, sum_of_peers(sub));
}

TEST_CASE("what is sent to those who never listen is counted as unasked") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Pub pub = loop.open<Pub>().value();
  Push push = loop.open<Push>().value();
  raw::Peer sub(listen_on(pub, "tcp"));
  raw::Peer pull(listen_on(push, "tcp"));
  REQUIRE(sub.send(raw::header(sub_id) + raw::frame(false, "x") + raw::frame(false, "y")));
  REQUIRE(pull.send(raw::header(0x51) + raw::frame(false, "z")));
  REQUIRE(turn_until(
      loop, [&] { return pub.stats().dropped_unasked == 2 && push.stats().dropped_unasked == 1; }));
  CHECK(pub.stats().messages_received == 0);
  check_same(pub.stats(), sum_of_peers(pub));
  check_same(push.stats(), sum_of_peers(push));
}

}  // namespace
}  // namespace spool
