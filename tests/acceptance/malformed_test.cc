// What peers can send that no correct peer sends, row by row of docs/wire.md: bytes in, and then
// what the user sees, what is counted, which event there is, and whether the connection stays.
// hostile_peers_test.cc has the handshakes, and frames that end or lie.
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

const std::string id = word(0x8000'0005);
const std::string hop = word(0x0000'0007);

std::string hops(int count) {
  std::string words;
  for (int i = 0; i < count; ++i) words += hop;
  return words;
}
std::string any_wire() { return GENERATE(as<std::string>(), "tcp", "ipc"); }

// A counter that goes up by one for a message that is dropped; null: it is delivered.
using Counter = std::uint64_t SocketStats::*;

// A socket and a peer of the right pattern.
struct Line {
  Line(SocketType type, unsigned other_end, const SocketOptions& options = {},
       bool raw_socket = false)
      : socket(raw_socket ? Either(world.loop.open_raw(type, options).value())
                          : Either(world.loop.open(type, options).value())),
        address(listen_on(base(), any_wire())),
        peer(world.join(base(), address, other_end)) {}

  // Sends a payload and looks what became of it: one counter goes up by one, none other moves, and
  // with an error there is one event.
  void check_dropped(const std::string& payload, Counter counter, Error told) {
    const SocketStats before = base().stats();
    world.events.clear();
    REQUIRE(peer->send(raw::frame(peer->ipc, payload)));
    REQUIRE(world.until([&] { return total(base().stats()) != total(before); }));
    world.settle();
    const SocketStats after = base().stats();
    CHECK(after.*counter == before.*counter + 1);
    CHECK(total(after) == total(before) + 1);
    const std::size_t events = told == Error::none ? 0 : 1;
    CHECK(world.events.size() == events);
    if (world.events.size() == 1) {
      CHECK(world.events[0].kind == EventKind::messages_dropped);
      CHECK(world.events[0].error == told);
      CHECK(world.events[0].lost == 1);
    }
    CHECK(base().peers() == 1);
    CHECK_FALSE(peer->is_closed());
  }
  // Of what arrived: dropped, for any reason, or received.
  static std::uint64_t total(const SocketStats& stats) {
    return stats.dropped_malformed + stats.dropped_hops + stats.dropped_stale +
           stats.dropped_unasked + stats.dropped_overflow + stats.dropped_unroutable;
  }
  // The next message that the user gets.
  Message take() {
    Message message;
    REQUIRE(world.until([&] {
      Result<Message> received = cooked != nullptr ? cooked->try_recv() : raw_one->try_recv();
      if (received.ok()) message = std::move(received).value();
      return received.ok();
    }));
    return message;
  }
  std::string next() {
    const Message message = take();
    header.assign(reinterpret_cast<const char*>(message.header().data()), message.header().size());
    return std::string(message.text());
  }
  void send(const std::string& payload) { REQUIRE(peer->send(raw::frame(peer->ipc, payload))); }
  [[nodiscard]] SocketBase& base() {
    if (cooked != nullptr) return *cooked;
    return *raw_one;
  }

  struct Either {
    explicit Either(AnySocket made) : cooked(std::make_unique<AnySocket>(std::move(made))) {}
    explicit Either(RawSocket made) : raw(std::make_unique<RawSocket>(std::move(made))) {}
    std::unique_ptr<AnySocket> cooked;
    std::unique_ptr<RawSocket> raw;
  };
  World world;
  Either socket;
  AnySocket* cooked = socket.cooked.get();
  RawSocket* raw_one = socket.raw.get();
  std::string address;
  World::Peer peer;
  std::string header;  // of what next() returned
};

SocketType replier() { return GENERATE(SocketType::rep, SocketType::respondent); }
unsigned asker_of(SocketType type) { return type == SocketType::rep ? req_id : surveyor_id; }

}  // namespace

// --- Requests and surveys that come in -----------------------------------------------------------

TEST_CASE("REP and RESPONDENT drop, count and tell a request of less than a word") {
  const SocketType type = replier();
  const bool raw_socket = GENERATE(false, true);
  Line line(type, asker_of(type), {}, raw_socket);
  for (const char* payload : {"", "a", "ab", "abc"})
    line.check_dropped(payload, &SocketStats::dropped_malformed, Error::malformed);
  line.send(id + "good");
  CHECK(line.next() == "good");
}

TEST_CASE("REP and RESPONDENT drop, count and tell a request whose words end without an id") {
  const SocketType type = replier();
  const bool raw_socket = GENERATE(false, true);
  Line line(type, asker_of(type), {}, raw_socket);
  for (const std::string& payload :
       {hops(1), hops(7), hops(1) + "a", hops(1) + "abc", hops(7) + "ab"})
    line.check_dropped(payload, &SocketStats::dropped_malformed, Error::malformed);
  line.send(id + "good");
  CHECK(line.next() == "good");
}

TEST_CASE("REP and RESPONDENT drop, count and tell a request of more words than the hop limit") {
  const SocketType type = replier();
  const bool raw_socket = GENERATE(false, true);
  const unsigned limit = GENERATE(1u, 8u, 255u);
  SocketOptions options;
  options.hop_limit = limit;
  Line line(type, asker_of(type), options, raw_socket);
  const int most = static_cast<int>(limit);
  line.check_dropped(hops(most) + id + "x", &SocketStats::dropped_hops, Error::too_many_hops);
  line.check_dropped(hops(most + 1), &SocketStats::dropped_hops, Error::too_many_hops);
  line.check_dropped(hops(300) + id, &SocketStats::dropped_hops, Error::too_many_hops);
  line.send(hops(most - 1) + id + "good");
  CHECK(line.next() == "good");
}

TEST_CASE("REP and RESPONDENT answer a request of many words with the same words in front") {
  const SocketType type = replier();
  Line line(type, asker_of(type));
  for (const std::string& words : {id, hops(1) + id, hops(7) + id, word(0x8000'0000),
                                   word(0xffff'ffff), word(0) + word(0x7fff'ffff) + id}) {
    for (const char* body : {"question", ""}) {
      line.send(words + body);
      CHECK(line.next() == body);
      CHECK(line.header.empty());
      REQUIRE(line.cooked->try_send("answer").ok());
      CHECK(line.world.read_frame(*line.peer) == words + "answer");
      CHECK(line.cooked->try_send("another").error() == Error::wrong_state);
    }
  }
}

TEST_CASE("A raw REP shows the words with the number of the peer in front, and takes them back") {
  const SocketType type = replier();
  Line line(type, asker_of(type), {}, true);
  line.send(hop + id + "question");
  CHECK(line.next() == "question");
  REQUIRE(line.header.size() == 12);
  CHECK(static_cast<unsigned char>(line.header[0]) < 0x80);
  CHECK(line.header.substr(4) == hop + id);
  line.send(hop + id + "again");
  Message message = line.take();
  REQUIRE(line.raw_one->try_send(message).ok());
  CHECK(line.world.read_frame(*line.peer) == hop + id + "again");
}

// --- Answers that come in ------------------------------------------------------------------------

TEST_CASE("REQ drops, counts and tells an answer of less than a word") {
  Line line(SocketType::req, rep_id);
  REQUIRE(line.cooked->try_send("question").ok());
  const std::string asked = line.world.read_frame(*line.peer).substr(0, 4);
  for (const std::string& payload : {std::string(), asked.substr(0, 1), asked.substr(0, 3)})
    line.check_dropped(payload, &SocketStats::dropped_malformed, Error::malformed);
  line.send(asked + "answer");
  CHECK(line.next() == "answer");
}

TEST_CASE("REQ drops and counts answers to something else, and those over a further hop") {
  Line line(SocketType::req, rep_id);
  REQUIRE(line.cooked->try_send("old").ok());
  const std::string old = line.world.read_frame(*line.peer).substr(0, 4);
  REQUIRE(line.cooked->try_send("question").ok());
  const std::string asked = line.world.read_frame(*line.peer).substr(0, 4);
  std::string without_bit = asked;
  without_bit[0] = static_cast<char>(without_bit[0] & 0x7f);
  for (const std::string& wrong :
       {old, without_bit, hop + asked, word(0x8000'0000 ^ 0x1234'5678)}) {
    line.check_dropped(wrong + "wrong", &SocketStats::dropped_stale, Error::none);
    CHECK(line.cooked->try_recv().error() == Error::would_block);
  }
  line.send(asked);
  CHECK(line.next().empty());
}

TEST_CASE("REQ keeps the first of two right answers, and drops and counts the second") {
  Line line(SocketType::req, rep_id);
  REQUIRE(line.cooked->try_send("question").ok());
  const std::string asked = line.world.read_frame(*line.peer).substr(0, 4);
  line.send(asked + "first");
  REQUIRE(line.world.until([&] { return line.cooked->can_recv(); }));
  line.check_dropped(asked + "second", &SocketStats::dropped_stale, Error::none);
  CHECK(line.next() == "first");
  CHECK(line.cooked->try_recv().error() == Error::wrong_state);
  line.check_dropped(asked + "third", &SocketStats::dropped_stale, Error::none);
}

TEST_CASE("REQ without a question drops and counts whatever comes") {
  Line line(SocketType::req, rep_id);
  line.check_dropped(id + "nobody asked", &SocketStats::dropped_stale, Error::none);
  CHECK(line.cooked->try_recv().error() == Error::wrong_state);
}

TEST_CASE("SURVEYOR takes all answers to its survey, and drops those to others and in bad form") {
  FakeClock clock;
  World world(&clock);
  Surveyor surveyor = world.loop.open<Surveyor>().value();
  const std::string address = listen_on(surveyor, any_wire());
  const World::Peer peer = world.join(surveyor, address, respondent_id);
  REQUIRE(surveyor.try_send("question").ok());
  const std::string asked = world.read_frame(*peer);
  CHECK(asked.substr(4) == "question");
  CHECK(static_cast<unsigned char>(asked[0]) >= 0x80);
  const std::string right = asked.substr(0, 4);
  const auto frame = [&](const std::string& payload) { return raw::frame(peer->ipc, payload); };
  REQUIRE(peer->send(frame(right + "one") + frame("") + frame("abc") + frame(right + "two") +
                     frame(word(0x8123'4567) + "other") + frame(hop + right + "hop") +
                     frame(right)));
  for (const char* answer : {"one", "two", ""}) {
    REQUIRE(world.until([&] { return surveyor.can_recv(); }));
    CHECK(surveyor.try_recv().value().text() == answer);
  }
  CHECK(surveyor.stats().dropped_malformed == 2);
  CHECK(surveyor.stats().dropped_stale == 2);
  CHECK(surveyor.try_recv().error() == Error::would_block);

  // The deadline: told once; what comes later is for nobody.
  clock.advance(1s);
  world.settle();
  CHECK(surveyor.try_recv().error() == Error::deadline_passed);
  CHECK(surveyor.try_recv().error() == Error::wrong_state);
  REQUIRE(peer->send(frame(right + "late")));
  REQUIRE(world.until([&] { return surveyor.stats().dropped_stale == 3; }));
  CHECK(surveyor.try_recv().error() == Error::wrong_state);
  CHECK(surveyor.peers() == 1);
}

TEST_CASE("A raw REQ or SURVEYOR drops an answer in bad form, and takes the next") {
  const SocketType type = GENERATE(SocketType::req, SocketType::surveyor);
  Line line(type, type == SocketType::req ? rep_id : respondent_id, {}, true);
  for (const std::string& payload : {std::string(), std::string("abc"), hops(2), hops(2) + "x"})
    line.check_dropped(payload, &SocketStats::dropped_malformed, Error::malformed);
  line.send(hop + id + "answer");
  CHECK(line.next() == "answer");
  CHECK(line.header == hop + id);
}

// --- Patterns that only send ---------------------------------------------------------------------

TEST_CASE("PUB and PUSH drop and count whatever comes, and go on reading") {
  const SocketType type = GENERATE(SocketType::pub, SocketType::push);
  Line line(type, type == SocketType::pub ? sub_id : pull_id);
  for (const std::string& payload : {std::string(), std::string("x"), std::string(100'000, 'x')})
    line.check_dropped(payload, &SocketStats::dropped_unasked, Error::none);
  CHECK(line.cooked->try_recv().error() == Error::not_supported);
  REQUIRE(line.cooked->try_send("still here").ok());
  CHECK(line.world.read_frame(*line.peer) == "still here");
}

TEST_CASE("SUB drops and counts what it has not subscribed to") {
  Line line(SocketType::sub, pub_id);
  line.check_dropped("anything", &SocketStats::dropped_unasked, Error::none);
  REQUIRE(line.cooked->subscribe("ab").ok());
  for (const char* payload : {"", "a", "Ab", "b"})
    line.check_dropped(payload, &SocketStats::dropped_unasked, Error::none);
  line.send("ab");
  CHECK(line.next() == "ab");
}

// --- PAIR v1 -------------------------------------------------------------------------------------

TEST_CASE("PAIR v1 ends a connection whose message has no hop count, or one above 255") {
  const bool polyamorous = GENERATE(false, true);
  const bool raw_socket = GENERATE(false, true);
  for (const std::string& payload : {std::string(), std::string("abc"), word(256) + "x",
                                     word(0x0001'0000), word(0x8000'0001), word(0xffff'ffff)}) {
    SocketOptions options;
    options.polyamorous = polyamorous;
    Line line(SocketType::pair1, pair1_id, options, raw_socket);
    line.send(word(1) + "before");
    CHECK(line.next() == "before");
    line.send(payload);
    CHECK(line.world.wait_for(EventKind::peer_left).error == Error::malformed);
    CHECK(line.world.until([&] { return line.peer->is_closed(); }));
    CHECK(line.base().stats().dropped_malformed == 1);
    CHECK_FALSE(line.base().can_recv());
    // And takes the next one.
    const World::Peer next = line.world.join(line.base(), line.address, pair1_id);
    REQUIRE(next->send(raw::frame(next->ipc, word(1) + "after")));
    CHECK(line.next() == "after");
  }
}

TEST_CASE("PAIR v1 drops, counts and tells a message of more hops than its limit") {
  const unsigned limit = GENERATE(1u, 8u, 254u);
  SocketOptions options;
  options.hop_limit = limit;
  Line line(SocketType::pair1, pair1_id, options);
  for (const unsigned count : {limit + 1, 255u})
    line.check_dropped(word(count) + "x", &SocketStats::dropped_hops, Error::too_many_hops);
  for (const unsigned count : {0u, 1u, limit}) {
    line.send(word(count) + "fine");
    CHECK(line.next() == "fine");
  }
  line.send(word(1));
  CHECK(line.next().empty());
}

TEST_CASE("PAIR v1 sends a hop count of one, and raw what it received and one more") {
  Line line(SocketType::pair1, pair1_id);
  REQUIRE(line.cooked->try_send("x").ok());
  CHECK(line.world.read_frame(*line.peer) == word(1) + "x");
  REQUIRE(line.cooked->try_send("").ok());
  CHECK(line.world.read_frame(*line.peer) == word(1));

  Line forwarder(SocketType::pair1, pair1_id, {}, true);
  for (const unsigned count : {0u, 1u, 8u}) {
    forwarder.send(word(count) + "x");
    Message message = forwarder.take();
    REQUIRE(forwarder.raw_one->try_send(message).ok());
    CHECK(forwarder.world.read_frame(*forwarder.peer) == word(count + 1) + "x");
  }
}
