#include "spool/protocols/policy/broadcast.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/fake_pipe.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using testing::PipeWorld;
using Texts = std::vector<std::string>;

struct Casting {
  PipeWorld world;
  Broadcast broadcast;
  ProtocolStats stats;

  void send(std::string_view text) {
    Message message = world.message(text);
    broadcast.send(message, stats);
    CHECK(message.empty());
  }
};

TEST_CASE("every pipe gets every message, and the message is gone") {
  Casting c;
  Peer pipes[3] = {Peer(c.world), Peer(c.world, SIZE_MAX, 1), Peer(c.world, SIZE_MAX, 16)};
  for (Peer& pipe : pipes) c.broadcast.add(pipe);
  c.send("one");
  c.send("two");
  for (Peer& pipe : pipes) CHECK(pipe.texts() == Texts{"one", "two"});
  CHECK(c.broadcast.pipes() == 3);
  CHECK(c.stats.dropped == 0);
  for (Peer& pipe : pipes) c.broadcast.remove(pipe);
  CHECK(c.broadcast.pipes() == 0);
}

TEST_CASE("the body is shared and not copied") {
  Casting c;
  Peer a(c.world);
  Peer b(c.world);
  c.broadcast.add(a);
  c.broadcast.add(b);
  Message message = c.world.message(std::string(5000, 'x'));
  const std::byte* bytes = message.body().data();
  const std::size_t blocks = c.world.pool.stats().blocks_in_use;
  c.broadcast.send(message, c.stats);
  CHECK(a.sent.at(0).body().data() == bytes);
  CHECK(b.sent.at(0).body().data() == bytes);
  CHECK(c.world.pool.stats().blocks_in_use == blocks);
}

TEST_CASE("without pipes a message vanishes and nothing is counted") {
  Casting c;
  c.send("x");
  CHECK(c.stats.dropped == 0);
  CHECK(c.stats.blocked_episodes == 0);
  CHECK(c.world.pool.stats().blocks_in_use == 0);
}

TEST_CASE("a full pipe leaves, misses messages that are counted, and returns when drained") {
  Casting c;
  Peer slow(c.world, 2);
  Peer fast(c.world);
  c.broadcast.add(slow);
  c.broadcast.add(fast);
  c.send("1");
  CHECK(c.broadcast.blocked() == 0);
  c.send("2");  // fills it: it is blocked from here on, and has missed nothing yet
  CHECK(c.broadcast.blocked() == 1);
  CHECK(c.stats.blocked_episodes == 1);
  CHECK(c.stats.dropped == 0);
  for (const char* text : {"3", "4", "5"}) c.send(text);
  CHECK(c.stats.dropped == 3);
  CHECK(c.stats.blocked_episodes == 1);  // one episode, however much it misses

  slow.set_room(1);
  c.broadcast.activate(slow);
  CHECK(c.broadcast.blocked() == 0);
  c.send("6");
  CHECK(c.stats.blocked_episodes == 2);
  CHECK(c.stats.dropped == 3);
  c.send("7");
  CHECK(c.stats.dropped == 4);
  CHECK(slow.texts() == Texts{"1", "2", "6"});
  CHECK(fast.texts() == Texts{"1", "2", "3", "4", "5", "6", "7"});
  c.broadcast.remove(slow);
  c.broadcast.remove(fast);
}

TEST_CASE("a pipe that is added full is blocked without an episode of its own") {
  Casting c;
  Peer full(c.world, 0);
  c.broadcast.add(full);
  CHECK(c.broadcast.pipes() == 1);
  CHECK(c.broadcast.blocked() == 1);
  c.send("missed");
  CHECK(c.stats.dropped == 1);
  CHECK(c.stats.blocked_episodes == 0);
  full.set_room(5);
  c.broadcast.activate(full);
  c.send("seen");
  CHECK(full.texts() == Texts{"seen"});
  c.broadcast.remove(full);
}

TEST_CASE("a pipe that stopped by itself is noticed at the next message") {
  Casting c;
  Peer dead(c.world);
  Peer alive(c.world);
  c.broadcast.add(dead);
  c.broadcast.add(alive);
  dead.set_room(0);
  c.send("x");
  CHECK(c.stats.dropped == 1);
  CHECK(c.stats.blocked_episodes == 1);
  CHECK(c.broadcast.blocked() == 1);
  CHECK(alive.texts() == Texts{"x"});
  c.broadcast.remove(dead);
  c.broadcast.remove(alive);
  CHECK(c.broadcast.blocked() == 0);
}

TEST_CASE("being told twice of room changes nothing") {
  Casting c;
  Peer a(c.world, 1);
  c.broadcast.add(a);
  c.send("1");
  c.broadcast.activate(a);  // still full
  CHECK(c.broadcast.blocked() == 1);
  a.set_room(9);
  c.broadcast.activate(a);
  c.broadcast.activate(a);
  CHECK(c.broadcast.blocked() == 0);
  c.send("2");
  CHECK(a.texts() == Texts{"1", "2"});
  c.broadcast.remove(a);
}

TEST_CASE("removing a blocked pipe ends its misses") {
  Casting c;
  Peer a(c.world, 1);
  Peer b(c.world, 1);
  c.broadcast.add(a);
  c.broadcast.add(b);
  c.send("1");
  c.broadcast.remove(a);
  CHECK(c.broadcast.blocked() == 1);
  c.send("2");
  CHECK(c.stats.dropped == 1);
  c.broadcast.remove(b);
  c.send("3");
  CHECK(c.stats.dropped == 1);
  CHECK(c.broadcast.pipes() == 0);
}

TEST_CASE("a pipe without memory misses one message, is counted, and stays") {
  Casting c;
  Peer poor(c.world);
  Peer rich(c.world);
  c.broadcast.add(poor);
  c.broadcast.add(rich);
  poor.failures = 1;
  c.send("1");
  CHECK(c.stats.dropped == 1);
  CHECK(c.stats.blocked_episodes == 0);
  CHECK(c.broadcast.blocked() == 0);
  c.send("2");
  CHECK(poor.texts() == Texts{"2"});
  CHECK(rich.texts() == Texts{"1", "2"});
  c.broadcast.remove(poor);
  c.broadcast.remove(rich);
}

TEST_CASE("all pipes that fill up at one message leave together") {
  Casting c;
  Peer pipes[4] = {Peer(c.world, 1), Peer(c.world, 2), Peer(c.world, 1), Peer(c.world, 1)};
  for (Peer& pipe : pipes) c.broadcast.add(pipe);
  c.send("1");
  CHECK(c.broadcast.blocked() == 3);
  CHECK(c.stats.blocked_episodes == 3);
  c.send("2");
  CHECK(c.broadcast.blocked() == 4);
  CHECK(c.stats.dropped == 3);
  for (Peer& pipe : pipes) c.broadcast.remove(pipe);
  CHECK(c.broadcast.blocked() == 0);
}

}  // namespace
}  // namespace spool::protocols
