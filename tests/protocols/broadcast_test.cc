// Who gets what of a broadcast. What those miss who have no room is in broadcast_policy_test.cc.
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

struct Casting : PipeWorld {
  testing::FakeHost host;
  ProtocolOptions options;
  ProtocolStats stats;
  Broadcast broadcast{{host, system, pool, options}, stats};

  void send(std::string_view text, std::uint32_t except = 0) {
    Message sent = message(text);
    broadcast.send(sent, except);
    CHECK(sent.empty());
  }
};

TEST_CASE("every pipe gets every message, and the message is gone") {
  Casting c;
  Peer pipes[3] = {Peer(c), Peer(c, SIZE_MAX, 1), Peer(c, SIZE_MAX, 16)};
  for (Peer& pipe : pipes) c.broadcast.add(pipe);
  c.send("one");
  c.send("two");
  for (Peer& pipe : pipes) CHECK(pipe.texts() == Texts{"one", "two"});
  CHECK(c.stats.dropped == 0);
  CHECK(c.host.blocked.empty());
  for (Peer& pipe : pipes) c.broadcast.remove(pipe);
}

TEST_CASE("the body is shared and not copied") {
  Casting c;
  Peer a(c);
  Peer b(c);
  c.broadcast.add(a);
  c.broadcast.add(b);
  Message message = c.message(std::string(5000, 'x'));
  const std::byte* bytes = message.body().data();
  const std::size_t blocks = c.pool.stats().blocks_in_use;
  c.broadcast.send(message);
  CHECK(a.sent.at(0).body().data() == bytes);
  CHECK(b.sent.at(0).body().data() == bytes);
  CHECK(c.pool.stats().blocks_in_use == blocks);
}

TEST_CASE("without pipes a message vanishes and nothing is counted") {
  Casting c;
  c.send("x");
  CHECK(c.stats.dropped == 0);
  CHECK(c.stats.blocked_episodes == 0);
  CHECK(c.pool.stats().blocks_in_use == 0);
}

TEST_CASE("all pipes but one get a message, and that one does not miss it") {
  Casting c;
  Peer pipes[3] = {Peer(c), Peer(c), Peer(c)};
  std::uint32_t number = 0;
  for (Peer& pipe : pipes) {
    pipe.peer_number = ++number;
    c.broadcast.add(pipe);
  }
  c.send("not to 2", 2);
  pipes[1].set_room(0);
  c.send("nor this", 2);
  c.send("not to 7, who is not here", 7);
  CHECK(pipes[0].texts() == Texts{"not to 2", "nor this", "not to 7, who is not here"});
  CHECK(pipes[1].sent.empty());
  CHECK(pipes[1].stats().missed == 1);
  CHECK(pipes[2].texts() == pipes[0].texts());
  CHECK(c.stats.dropped == 1);
  for (Peer& pipe : pipes) c.broadcast.remove(pipe);
}

TEST_CASE("a pipe that is removed gets nothing more, and can be removed again") {
  Casting c;
  Peer gone(c);
  Peer stays(c);
  c.broadcast.add(gone);
  c.broadcast.add(stays);
  c.broadcast.remove(gone);
  c.broadcast.remove(gone);
  c.send("x");
  CHECK(gone.sent.empty());
  CHECK(stays.texts() == Texts{"x"});
  CHECK(c.stats.dropped == 0);
  c.broadcast.remove(stays);
}

TEST_CASE("a pipe that comes back is a new one") {
  Casting c;
  Peer pipe(c);
  c.broadcast.add(pipe);
  c.broadcast.remove(pipe);
  c.broadcast.add(pipe);
  c.send("x");
  CHECK(pipe.texts() == Texts{"x"});
  c.broadcast.remove(pipe);
}

TEST_CASE("the header goes with the body") {
  Casting c;
  Peer pipe(c);
  c.broadcast.add(pipe);
  Message message = c.message("HEADbody");
  message.body_to_header(4);
  c.broadcast.send(message);
  CHECK(pipe.sent.at(0).payload().size() == 8);
  CHECK(pipe.texts() == Texts{"body"});
  c.broadcast.remove(pipe);
}

}  // namespace
}  // namespace spool::protocols
