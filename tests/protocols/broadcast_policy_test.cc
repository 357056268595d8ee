// Cell by cell, the tables in protocols/policy/broadcast.h.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "spool/protocols/policy/broadcast.h"
#include "tests/support/fake_pipe.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using testing::PipeWorld;
using Texts = std::vector<std::string>;

ProtocolOptions options_with(Blocked rule) {
  ProtocolOptions options;
  options.blocked = rule;
  return options;
}

struct Casting : PipeWorld {
  explicit Casting(Blocked rule) : options(options_with(rule)) {}

  testing::FakeHost host;
  ProtocolOptions options;
  ProtocolStats stats;
  Broadcast broadcast{{host, system, pool, options}, stats};

  void send(std::string_view text) {
    Message sent = message(text);
    broadcast.send(sent);
    REQUIRE(sent.empty());
  }
  // A pipe with room again says so to its user; here there is none in between.
  void make_room(Peer& pipe, std::size_t room) {
    pipe.set_room(room);
    broadcast.on_sendable(pipe);
  }
  // Messages that were missed, by each of the counts; they agree.
  std::uint64_t missed(const Peer& pipe) {
    CHECK(pipe.stats().missed == stats.dropped);
    return stats.dropped;
  }
  // Episodes that have begun; each was told once, and counted.
  std::size_t begun() {
    CHECK(host.blocked.size() == stats.blocked_episodes);
    return host.blocked.size();
  }
  // What the episodes that have ended cost.
  std::vector<std::uint64_t> ended() {
    std::vector<std::uint64_t> costs;
    for (const auto& [pipe, cost] : host.caught_up) costs.push_back(cost);
    return costs;
  }
};

using Costs = std::vector<std::uint64_t>;
const auto every_rule = {Blocked::drop_newest, Blocked::drop_oldest, Blocked::disconnect};

// --- in step
// --------------------------------------------------------------------------------------

TEST_CASE("in step: the message that fills a pipe is taken, and nothing begins") {
  for (const Blocked rule : every_rule) {
    Casting c(rule);
    Peer pipe(c, 1);
    c.broadcast.add(pipe);
    c.send("1");
    CHECK_FALSE(pipe.sendable());
    CHECK(pipe.texts() == Texts{"1"});
    CHECK(c.missed(pipe) == 0);
    CHECK(c.begun() == 0);
    CHECK(pipe.abandoned == Error::none);
    c.broadcast.remove(pipe);
    CHECK(c.ended().empty());
  }
}

TEST_CASE("in step: the first message without room is a miss, and an episode begins") {
  for (const Blocked rule : every_rule) {
    Casting c(rule);
    Peer pipe(c, 1);
    c.broadcast.add(pipe);
    c.send("1");
    c.send("2");
    CHECK(c.missed(pipe) == 1);
    CHECK(pipe.missed_in_episode == 1);
    REQUIRE(c.begun() == 1);
    CHECK(c.host.blocked[0] == &pipe);
    CHECK(c.ended().empty());
    c.broadcast.remove(pipe);
  }
}

TEST_CASE("in step: no memory for a message is a miss, and an episode begins") {
  for (const Blocked rule : every_rule) {
    Casting c(rule);
    Peer pipe(c);
    pipe.hold_sends();
    c.broadcast.add(pipe);
    c.send("1");
    c.send("2");
    pipe.failures = 1;
    c.send("3");
    CHECK(c.missed(pipe) == 1);
    CHECK(c.begun() == 1);
    CHECK(pipe.texts() == Texts{"1", "2"});  // nothing older goes for it
    CHECK(pipe.abandoned == (rule == Blocked::disconnect ? Error::too_slow : Error::none));
    c.broadcast.remove(pipe);
  }
}

TEST_CASE("in step: word of room, and removal, are no news") {
  for (const Blocked rule : every_rule) {
    Casting c(rule);
    Peer pipe(c, 1);
    c.broadcast.add(pipe);
    c.send("1");
    c.make_room(pipe, 1);
    c.broadcast.remove(pipe);
    CHECK(c.begun() == 0);
    CHECK(c.ended().empty());
  }
}

// --- behind
// ---------------------------------------------------------------------------------------

TEST_CASE("behind: each further miss is counted, and told to nobody") {
  Casting c(Blocked::drop_newest);
  Peer slow(c, 1);
  Peer fast(c);
  c.broadcast.add(slow);
  c.broadcast.add(fast);
  for (const char* text : {"1", "2", "3", "4"}) c.send(text);
  CHECK(c.missed(slow) == 3);
  CHECK(slow.missed_in_episode == 3);
  CHECK(c.begun() == 1);
  CHECK(slow.texts() == Texts{"1"});
  CHECK(fast.texts() == Texts{"1", "2", "3", "4"});
  CHECK(fast.stats().missed == 0);
  c.broadcast.remove(slow);
  c.broadcast.remove(fast);
}

TEST_CASE("behind: word of room ends the episode, and says what it cost") {
  Casting c(Blocked::drop_newest);
  Peer pipe(c, 1);
  c.broadcast.add(pipe);
  for (const char* text : {"1", "2", "3"}) c.send(text);
  c.make_room(pipe, 1);
  CHECK(c.ended() == Costs{2});
  CHECK(c.host.caught_up.at(0).first == &pipe);
  CHECK(pipe.missed_in_episode == 0);
  c.broadcast.on_sendable(pipe);  // may come more than once
  CHECK(c.ended() == Costs{2});

  c.send("4");
  CHECK(pipe.texts() == Texts{"1", "4"});
  CHECK(c.begun() == 1);
  for (const char* text : {"5", "6", "7"}) c.send(text);  // the next one
  CHECK(c.begun() == 2);
  c.make_room(pipe, 1);
  CHECK(c.ended() == Costs{2, 3});
  CHECK(c.missed(pipe) == 5);
  c.broadcast.remove(pipe);
  CHECK(c.ended() == Costs{2, 3});
}

TEST_CASE("behind: removal ends the episode, and says what it cost") {
  for (const Blocked rule : every_rule) {
    Casting c(rule);
    Peer pipe(c, 1);
    c.broadcast.add(pipe);
    for (const char* text : {"1", "2", "3"}) c.send(text);
    c.broadcast.remove(pipe);
    CHECK(c.ended() == Costs{2});
    CHECK(pipe.missed_in_episode == 0);
    c.broadcast.remove(pipe);
    c.send("4");
    CHECK(c.ended() == Costs{2});
    CHECK(c.missed(pipe) == 2);
  }
}

TEST_CASE("behind for want of memory: the next message that finds an empty queue ends it") {
  Casting c(Blocked::drop_newest);
  Peer pipe(c);
  c.broadcast.add(pipe);
  pipe.failures = 2;
  c.send("1");
  c.send("2");
  CHECK(c.begun() == 1);  // one episode, not one for each
  CHECK(c.missed(pipe) == 2);
  CHECK(c.ended().empty());
  c.send("3");
  CHECK(c.ended() == Costs{2});
  CHECK(pipe.texts() == Texts{"3"});
  c.broadcast.remove(pipe);
}

TEST_CASE("behind: a message that finds something unsent is taken, and does not end it") {
  Casting c(Blocked::drop_newest);
  Peer pipe(c);
  pipe.hold_sends();
  c.broadcast.add(pipe);
  c.send("1");
  pipe.failures = 1;
  c.send("2");
  c.send("3");
  CHECK(pipe.texts() == Texts{"1", "3"});
  CHECK(c.ended().empty());
  pipe.written();
  c.send("4");
  CHECK(c.ended() == Costs{1});
  c.broadcast.remove(pipe);
}

TEST_CASE("each pipe has its own episodes") {
  Casting c(Blocked::drop_newest);
  Peer a(c, 1);
  Peer b(c, 2);
  c.broadcast.add(a);
  c.broadcast.add(b);
  for (const char* text : {"1", "2", "3"}) c.send(text);
  CHECK(a.stats().missed == 2);
  CHECK(b.stats().missed == 1);
  CHECK(c.stats.dropped == 3);
  CHECK(c.host.blocked == std::vector<io::Pipe*>{&a, &b});
  c.make_room(b, 9);
  CHECK(c.ended() == Costs{1});
  c.make_room(a, 9);
  CHECK(c.ended() == Costs{1, 2});
  c.broadcast.remove(a);
  c.broadcast.remove(b);
}

TEST_CASE("a pipe that is full when it comes is behind from its first miss on") {
  Casting c(Blocked::drop_newest);
  Peer pipe(c, 0);
  c.broadcast.add(pipe);
  CHECK(c.begun() == 0);
  c.send("missed");
  CHECK(c.begun() == 1);
  c.make_room(pipe, 5);
  c.send("seen");
  CHECK(pipe.texts() == Texts{"seen"});
  c.broadcast.remove(pipe);
}

// --- drop_newest, and what is common
// --------------------------------------------------------------

TEST_CASE("drop_newest: what is queued stays, also when the pipe could drop it") {
  Casting c(Blocked::drop_newest);
  Peer pipe(c, 3);
  pipe.hold_sends();
  c.broadcast.add(pipe);
  for (const char* text : {"1", "2", "3", "4", "5"}) c.send(text);
  CHECK(pipe.texts() == Texts{"1", "2", "3"});
  CHECK(pipe.abandoned == Error::none);
  c.broadcast.remove(pipe);
}

// --- drop_oldest
// ----------------------------------------------------------------------------------

TEST_CASE("drop_oldest: what is not on its way yet goes first, and the newest are there") {
  Casting c(Blocked::drop_oldest);
  Peer pipe(c, 3);
  pipe.hold_sends();
  c.broadcast.add(pipe);
  for (const char* text : {"1", "2", "3", "4", "5", "6"}) c.send(text);
  CHECK(pipe.texts() == Texts{"1", "5", "6"});  // the first is partly written
  CHECK(c.missed(pipe) == 3);
  CHECK(pipe.abandoned == Error::none);
  c.broadcast.remove(pipe);
}

TEST_CASE("drop_oldest: dropping makes room, and is one episode until the pipe has drained") {
  Casting c(Blocked::drop_oldest);
  Peer pipe(c, 3);
  pipe.hold_sends();
  c.broadcast.add(pipe);
  for (const char* text : {"1", "2", "3", "4", "5", "6"}) c.send(text);
  CHECK(c.begun() == 1);
  CHECK(c.ended().empty());
  pipe.written();
  c.make_room(pipe, 3);
  CHECK(c.begun() == 1);
  CHECK(c.ended() == Costs{3});
  for (const char* text : {"7", "8", "9", "10"}) c.send(text);
  CHECK(c.begun() == 2);
  c.broadcast.remove(pipe);
  CHECK(c.ended() == Costs{3, 1});
}

// A pipe with a limit in bytes: one large message out makes room for many small ones.
struct Roomy : Peer {
  using Peer::Peer;
  bool drop_oldest() noexcept override {
    if (!Peer::drop_oldest()) return false;
    set_room(3);
    return true;
  }
};

TEST_CASE("drop_oldest: a pipe that is not full after a drop is still behind") {
  Casting c(Blocked::drop_oldest);
  Roomy pipe(c, 2);
  pipe.hold_sends();
  c.broadcast.add(pipe);
  for (const char* text : {"1", "2", "3", "4"}) c.send(text);
  REQUIRE(pipe.sendable());
  CHECK(c.missed(pipe) == 1);
  CHECK(c.begun() == 1);
  CHECK(c.ended().empty());  // it has not drained, and nobody will say so
  pipe.written();
  c.send("5");
  CHECK(c.ended() == Costs{1});
  CHECK(pipe.texts() == Texts{"1", "3", "4", "5"});
  c.broadcast.remove(pipe);
  CHECK(c.ended() == Costs{1});
}

// It needs the room of two.
struct Large : Peer {
  using Peer::Peer;
  bool drop_oldest() noexcept override {
    if (!Peer::drop_oldest()) return false;
    if (++drops % 2 == 1) set_room(0);
    return true;
  }
  int drops = 0;
};

TEST_CASE("drop_oldest: as many go as it takes, and each is counted") {
  Casting c(Blocked::drop_oldest);
  Large pipe(c, 4);
  pipe.hold_sends();
  c.broadcast.add(pipe);
  for (const char* text : {"1", "2", "3", "4", "5"}) c.send(text);
  CHECK(pipe.texts() == Texts{"1", "4", "5"});
  CHECK(c.missed(pipe) == 2);
  CHECK(c.begun() == 1);
  c.broadcast.remove(pipe);
}

TEST_CASE("drop_oldest: with nothing but a partly written message, the new one is missed") {
  Casting c(Blocked::drop_oldest);
  Peer pipe(c, 1);
  pipe.hold_sends();
  c.broadcast.add(pipe);
  for (const char* text : {"large", "2", "3"}) c.send(text);
  CHECK(pipe.texts() == Texts{"large"});
  CHECK(c.missed(pipe) == 2);
  CHECK(c.begun() == 1);
  CHECK(pipe.abandoned == Error::none);
  pipe.written();
  c.make_room(pipe, 1);
  c.send("4");
  CHECK(pipe.texts() == Texts{"large", "4"});  // the newest reach it once it has drained
  CHECK(c.ended() == Costs{2});
  c.broadcast.remove(pipe);
}

TEST_CASE("drop_oldest: one that empties its queue by dropping has not drained") {
  // Nothing of it is written, and there is room for one.
  struct Unwritten : Peer {
    using Peer::Peer;
    bool drop_oldest() noexcept override {
      if (unsent_messages() == 0) return false;
      sent.pop_back();
      written();
      set_room(1);
      return true;
    }
  };
  Casting c(Blocked::drop_oldest);
  Unwritten pipe(c, 1);
  pipe.hold_sends();
  c.broadcast.add(pipe);
  for (const char* text : {"1", "2", "3"}) c.send(text);
  CHECK(pipe.texts() == Texts{"3"});
  CHECK(c.begun() == 1);
  CHECK(c.ended().empty());
  c.broadcast.remove(pipe);
}

TEST_CASE("drop_oldest: only the slow pipe drops") {
  Casting c(Blocked::drop_oldest);
  Peer slow(c, 2);
  Peer fast(c);
  slow.hold_sends();
  fast.hold_sends();
  c.broadcast.add(slow);
  c.broadcast.add(fast);
  for (const char* text : {"1", "2", "3"}) c.send(text);
  CHECK(slow.texts() == Texts{"1", "3"});
  CHECK(fast.texts() == Texts{"1", "2", "3"});
  c.broadcast.remove(slow);
  c.broadcast.remove(fast);
}

// --- disconnect
// -----------------------------------------------------------------------------------

TEST_CASE("disconnect: the first miss ends the connection, and nothing before it") {
  Casting c(Blocked::disconnect);
  Peer slow(c, 2);
  Peer fast(c);
  c.broadcast.add(slow);
  c.broadcast.add(fast);
  c.send("1");
  c.send("2");
  CHECK(slow.abandoned == Error::none);
  c.send("3");
  CHECK(slow.abandoned == Error::too_slow);
  CHECK(fast.abandoned == Error::none);
  CHECK(fast.texts() == Texts{"1", "2", "3"});
  c.broadcast.remove(slow);
  c.broadcast.remove(fast);
}

TEST_CASE("disconnect: until the pipe is gone it misses, counted in the same episode") {
  Casting c(Blocked::disconnect);
  Peer pipe(c, 1);
  pipe.hold_sends();
  c.broadcast.add(pipe);
  for (const char* text : {"1", "2", "3", "4"}) c.send(text);
  CHECK(pipe.texts() == Texts{"1"});  // nothing goes to make room
  CHECK(c.missed(pipe) == 3);
  CHECK(c.begun() == 1);
  c.broadcast.remove(pipe);
  CHECK(c.ended() == Costs{3});
}

}  // namespace
}  // namespace spool::protocols
