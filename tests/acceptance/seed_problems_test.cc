// What is hard for an SP library: broadcast to peers that are blocked, connections that go in the
// middle of something, large messages, and time-outs within a transfer. Real sockets, whose other
// end is bytes. See also seed_requests_test.cc, seed_reports_test.cc and seed_memory_test.cc.
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "tests/acceptance/world.h"
#include "tests/support/fake_clock.h"

using namespace spool;
using namespace std::chrono_literals;
using spool::testing::FakeClock;

namespace {

constexpr EndpointOptions small_buffer{.kernel_send_buffer = 4096};

// A text of that size which begins with a number, and in which no two places look alike.
std::string numbered(std::size_t number, std::size_t size) {
  std::string body(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    body[i] = static_cast<char>((i * 2654435761u + number) >> 7);
  return body.replace(0, 8, std::to_string(10'000'000 + number));
}
std::size_t number_of(const std::string& body) {
  return std::stoul(body.substr(0, 8)) - 10'000'000;
}

// --- Broadcast -----------------------------------------------------------------------------------

constexpr std::size_t item_size = 3'000;

// A socket that broadcasts, a peer that reads everything at once, and one that reads nothing.
struct Broadcast {
  Broadcast(SocketType type, const std::string& transport, WhenBlocked rule)
      : prefix(type == SocketType::surveyor ? 4 : 0),
        socket(world.loop.open(type, {.send_queue_messages = 4, .when_blocked = rule}).value()),
        address(listen_on(socket, transport, small_buffer)),
        fast(world.join(socket, address, other_end(type))),
        slow(world.join(socket, address, other_end(type))) {}
  static unsigned other_end(SocketType type) {
    return type == SocketType::pub ? sub_id : type == SocketType::bus ? bus_id : respondent_id;
  }
  // One more; the fast one has it before this returns.
  void send() {
    const std::string body = numbered(sent++, item_size);
    REQUIRE(socket.try_send(body).ok());
    REQUIRE(world.read_frame(*fast).substr(prefix) == body);
  }
  // Until the kernel takes no more of the slow one's: the last twenty have cost it twenty.
  void send_until_stuck() {
    for (std::uint64_t before = UINT64_MAX; socket.stats().dropped_no_room - before != 20;) {
      before = socket.stats().dropped_no_room;
      REQUIRE(sent < 10'000);
      for (int i = 0; i < 20; ++i) send();
    }
  }
  // The slow one reads until done(): the numbers that it has got since the beginning.
  template <typename Done>
  std::vector<std::size_t> read_slow(Done done) {
    REQUIRE(world.until([&] {
      slow->receive_some(read, SIZE_MAX);
      return done();
    }));
    std::vector<std::size_t> numbers;
    const std::size_t step = frame_size();
    for (std::size_t at = 0; at + step <= read.size(); at += step)
      numbers.push_back(number_of(read.substr(at + step - item_size)));
    return numbers;
  }
  [[nodiscard]] bool slow_has_the_last() const {
    return !read.empty() && read.size() % frame_size() == 0 &&
           number_of(read.substr(read.size() - item_size)) == sent - 1;
  }
  [[nodiscard]] std::size_t frame_size() const {
    return (slow->ipc ? 9u : 8u) + prefix + item_size;
  }
  std::size_t prefix;
  World world;
  AnySocket socket;
  std::string address;
  World::Peer fast;
  World::Peer slow;
  std::size_t sent = 0;
  std::string read;
};

// How many are missing in each gap.
std::vector<std::uint64_t> gaps_in(const std::vector<std::size_t>& numbers) {
  std::vector<std::uint64_t> gaps;
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    REQUIRE(numbers[i] > numbers[i - 1]);
    if (numbers[i] != numbers[i - 1] + 1) gaps.push_back(numbers[i] - numbers[i - 1] - 1);
  }
  return gaps;
}

SocketType any_broadcast() {
  return GENERATE(SocketType::pub, SocketType::bus, SocketType::surveyor);
}
std::string any_wire() { return GENERATE(as<std::string>(), "tcp", "ipc"); }

}  // namespace

TEST_CASE(
    "A broadcast leaves a blocked peer out, counts what it misses, and has it back when it takes "
    "messages again") {
  Broadcast b(any_broadcast(), any_wire(), WhenBlocked::drop_newest);
  b.send_until_stuck();
  const std::size_t episodes = b.world.count(EventKind::peer_blocked);
  CHECK(b.socket.stats().blocked_episodes == episodes);
  CHECK(b.world.count(EventKind::peer_caught_up) == episodes - 1);
  // It begins to read, and from then on misses nothing.
  b.read_slow([&] { return b.world.count(EventKind::peer_caught_up) == episodes; });
  const std::uint64_t missed = b.socket.stats().dropped_no_room;
  b.send();
  const std::vector<std::size_t> got = b.read_slow([&] { return b.slow_has_the_last(); });
  CHECK(b.socket.stats().dropped_no_room == missed);
  CHECK(got.size() == b.sent - missed);
  // Each gap is one episode, and was told with its length.
  std::vector<std::uint64_t> told;
  for (const Event& event : b.world.events)
    if (event.kind == EventKind::peer_caught_up) told.push_back(event.lost);
  CHECK(gaps_in(got) == told);
}

TEST_CASE("By the rule drop_oldest a blocked peer gets the newest messages of a broadcast") {
  Broadcast b(any_broadcast(), any_wire(), WhenBlocked::drop_oldest);
  b.send_until_stuck();
  const std::vector<std::size_t> got = b.read_slow([&] { return b.slow_has_the_last(); });
  const std::uint64_t missed = b.socket.stats().dropped_no_room;
  CHECK(got.size() == b.sent - missed);
  std::uint64_t missing = 0;
  for (const std::uint64_t gap : gaps_in(got)) missing += gap;
  CHECK(missing == missed);
  CHECK(got[got.size() - 3] == b.sent - 3);
}

TEST_CASE("By the rule disconnect a peer that blocks a broadcast is parted from") {
  Broadcast b(any_broadcast(), any_wire(), WhenBlocked::disconnect);
  while (b.world.count(EventKind::peer_blocked) == 0 && b.sent < 10'000) b.send();
  CHECK(b.world.wait_for(EventKind::peer_left).error == Error::too_slow);
  for (int i = 0; i < 20; ++i) b.send();
  CHECK(b.socket.peers() == 1);
}

// --- A connection that goes ----------------------------------------------------------------------

TEST_CASE(
    "When a puller goes, what it has not begun to get is sent to another, and what was half "
    "written is reported lost") {
  constexpr std::size_t size = 100'000;
  const std::string transport = any_wire();
  const bool other_is_there = GENERATE(true, false);
  CAPTURE(transport, other_is_there);
  World world;
  Push push = world.loop.open<Push>({.send_queue_bytes = 1u << 20}).value();
  const std::string address = listen_on(push, transport, small_buffer);
  World::Peer first = world.join(push, address, pull_id);
  std::size_t sent = 0;
  for (int quiet = 0; quiet < 20;) {
    if (push.try_send(numbered(sent, size)).ok())
      ++sent, quiet = 0;
    else
      world.loop.poll_once(), ++quiet;
  }
  World::Peer second;
  if (other_is_there) second = world.join(push, address, pull_id);
  // What was written, as far as the first puller sees it, before it goes.
  const std::string seen = first->receive(SIZE_MAX);
  const std::size_t frame = size + (first->ipc ? 9 : 8);
  const std::size_t whole = seen.size() / frame;
  REQUIRE(seen.size() % frame != 0);
  REQUIRE(whole + 2 < sent);
  first->close();
  const Event left = world.wait_for(EventKind::peer_left);
  CHECK(left.lost == 1);
  CHECK(push.stats().lost_unsent == 1);
  CHECK(push.stats().returned == sent - whole - 1);
  CHECK(world.loop.stats().messages_lost == 1);
  if (!other_is_there) {
    CHECK(push.stats().waiting_messages == sent - whole - 1);
    second = world.join(push, address, pull_id);
  }
  for (std::size_t i = whole + 1; i < sent; ++i)
    CHECK((world.read_frame(*second) == numbered(i, size)));
  CHECK(push.stats().lost_unsent == 1);
}

TEST_CASE("When the replier of a request goes, the request goes to another one at once") {
  FakeClock clock;  // stands still: no timer has to do with it
  World world(&clock);
  Req req = world.loop.open<Req>().value();
  const std::string address = listen_on(req, any_wire());
  World::Peer first = world.join(req, address, rep_id);
  REQUIRE(req.try_send("question").ok());
  const std::string asked = world.read_frame(*first);
  CHECK(asked.substr(4) == "question");
  const bool other_is_there = GENERATE(true, false);
  World::Peer second;
  if (other_is_there) second = world.join(req, address, rep_id);
  first->close();
  if (!other_is_there) {
    world.wait_for(EventKind::peer_left);
    second = world.join(req, address, rep_id);
  }
  CHECK(world.read_frame(*second) == asked);
  CHECK(req.stats().resent == 1);
  REQUIRE(second->send(raw::frame(second->ipc, asked.substr(0, 4) + "answer")));
  REQUIRE(world.until([&] { return req.can_recv(); }));
  CHECK(req.try_recv()->text() == "answer");
}

TEST_CASE("A receive ends at once when the peer that had the request goes and it is not resent") {
  World world;
  Req req = world.loop.open<Req>({.request_resend = Timeout::infinite()}).value();
  const std::string address = listen_on(req, any_wire());
  World::Peer peer = world.join(req, address, rep_id);
  REQUIRE(req.try_send("question").ok());
  Exchange exchange = req.request("another").value();
  REQUIRE(world.loop.post([&] { peer->close(); }).ok());
  CHECK(req.recv_for(Timeout::infinite()).error() == Error::peer_closed);
  CHECK(exchange.recv_for(Timeout::infinite()).error() == Error::peer_closed);
}

TEST_CASE("A receive that waits is not bound to the peer that goes within a frame") {
  World world;
  Pull pull = world.loop.open<Pull>().value();
  const std::string address = listen_on(pull, any_wire());
  World::Peer first = world.join(pull, address, push_id);
  REQUIRE(first->send(raw::frame(first->ipc, "only half of this").substr(0, 15)));
  World::Peer second = world.join(pull, address, push_id);
  REQUIRE(world.loop
              .post([&] {
                first->close();
                second->send(raw::frame(second->ipc, "whole"));
              })
              .ok());
  CHECK(pull.recv_for(Timeout::infinite()).value().text() == "whole");
  CHECK(world.wait_for(EventKind::peer_left).error == Error::truncated);
}

TEST_CASE("A send that waits is not bound to the peer that goes: the next one gets it") {
  World world;
  Pair pair = world.loop.open<Pair>({.send_queue_messages = 1}).value();
  const std::string address = listen_on(pair, any_wire(), small_buffer);
  World::Peer first = world.join(pair, address, pair_id);
  std::size_t sent = 0;
  while (pair.try_send(numbered(sent, 100'000)).ok()) ++sent, world.settle();
  World::Peer second;
  REQUIRE(world.loop
              .post([&] {
                first->close();
                second = std::make_unique<raw::Peer>(address);
                second->send(raw::header(pair_id));
              })
              .ok());
  REQUIRE(pair.send_for("to whoever is there", Timeout::infinite()).ok());
  CHECK(world.read(*second, 8) == raw::header(pair_id));
  CHECK(world.read_frame(*second) == "to whoever is there");
}

TEST_CASE("An answer to somebody who has gone fails at once") {
  World world;
  Rep rep = world.loop.open<Rep>().value();
  const std::string address = listen_on(rep, any_wire());
  World::Peer peer = world.join(rep, address, req_id);
  for (const char* text : {"one", "two"})
    REQUIRE(peer->send(raw::frame(peer->ipc, word(0x8000'0001) + text)));
  Request request = rep.recv_request_for(10s).value();
  REQUIRE(rep.recv_for(10s).ok());
  peer->close();
  world.wait_for(EventKind::peer_left);
  CHECK(request.reply("too late").error() == Error::peer_closed);
  CHECK(rep.try_send("too late").error() == Error::peer_closed);
  CHECK(rep.stats().dropped_unroutable == 2);
}

// --- Large messages, and time --------------------------------------------------------------------

TEST_CASE("A send of many chunks never waits, and all of it arrives byte by byte in order") {
  World world;
  Push push = world.loop.open<Push>({.send_queue_bytes = 8u << 20}).value();
  const std::string address = listen_on(push, any_wire(), small_buffer);
  World::Peer peer = world.join(push, address, pull_id);
  // Small ones, which are copied side by side, between large ones, which are referred to.
  const std::vector<std::size_t> sizes = {1'000'000, 10, 2'000, 70'000, 8, 500'000, 64'000, 9};
  std::string all;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::string body = numbered(i, sizes[i]);
    REQUIRE(push.try_send(body).ok());
    all += raw::frame(peer->ipc, body);
  }
  CHECK(push.stats().unsent_messages == sizes.size());
  CHECK(push.unsent_bytes() > 1'000'000);
  CHECK((world.read(*peer, all.size()) == all));
  CHECK(push.unsent_bytes() == 0);
}

TEST_CASE("A send that times out has sent nothing, and the half-written frame before it finishes") {
  World world;
  Push push = world.loop.open<Push>({.send_queue_messages = 1}).value();
  const std::string address = listen_on(push, any_wire(), small_buffer);
  World::Peer peer = world.join(push, address, pull_id);
  const std::string body = numbered(1, 1'000'000);
  REQUIRE(push.try_send(body).ok());
  REQUIRE(push.unsent_bytes() > 0);
  Message late = world.loop.message("late").value();
  CHECK(push.send_for(late, 10ms).error() == Error::timed_out);
  CHECK(late.text() == "late");
  const std::string frame = raw::frame(peer->ipc, body);
  CHECK((world.read(*peer, frame.size()) == frame));
  CHECK(world.is_silent(*peer));
  REQUIRE(push.send_for(late, 10s).ok());
  CHECK(world.read_frame(*peer) == "late");
}

TEST_CASE("A receive that times out within a frame loses nothing of it") {
  World world;
  Pull pull = world.loop.open<Pull>().value();
  const std::string address = listen_on(pull, any_wire());
  World::Peer peer = world.join(pull, address, push_id);
  const std::string body = numbered(1, 100'000);
  const std::string frame = raw::frame(peer->ipc, body);
  for (const std::size_t part : {std::size_t{5}, std::size_t{30'000}, frame.size() - 30'005}) {
    CHECK(pull.recv_for(5ms).error() == Error::timed_out);
    static std::size_t at;
    if (part == 5) at = 0;
    REQUIRE(peer->send(frame.substr(at, part)));
    at += part;
  }
  CHECK((pull.recv_for(10s).value().text() == body));
}

TEST_CASE("A request whose time is over in mid-transfer ends for its user, not on the wire") {
  FakeClock clock;
  World world(&clock);
  Req req = world.loop.open<Req>().value();
  const std::string address = listen_on(req, any_wire(), small_buffer);
  World::Peer peer = world.join(req, address, rep_id);
  const std::string body = numbered(1, 1'000'000);
  Exchange exchange = req.request(body, {.deadline = 100ms}).value();
  REQUIRE(req.unsent_bytes() > 0);
  clock.advance(100ms);
  world.settle();
  CHECK(exchange.try_recv().error() == Error::deadline_passed);
  REQUIRE(req.unsent_bytes() > 0);
  const std::string asked = world.read_frame(*peer);
  CHECK((asked.substr(4) == body));
  // The connection is as good as before, and an answer to that request nobody's.
  REQUIRE(peer->send(raw::frame(peer->ipc, asked.substr(0, 4) + "late")));
  Exchange next = req.request("next", {.deadline = 100ms}).value();
  const std::string again = world.read_frame(*peer);
  CHECK(again.substr(4) == "next");
  REQUIRE(peer->send(raw::frame(peer->ipc, again.substr(0, 4) + "in time")));
  REQUIRE(world.until([&] { return next.can_recv(); }));
  CHECK(next.try_recv()->text() == "in time");
  CHECK(req.stats().dropped_stale == 1);
}
