#include "spool/protocols/policy/fair_queue.h"

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/fake_pipe.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using testing::PipeWorld;
using Texts = std::vector<std::string>;

struct Queueing {
  PipeWorld world;
  FairQueue queue;

  // `count` messages from this pipe: "a1", "a2", ...
  void arrive(Peer& pipe, const std::string& name, int count) {
    for (int i = 1; i <= count; ++i) REQUIRE(pipe.arrive(name + std::to_string(i)));
    queue.activate(pipe);
  }
  Texts take_all() {
    Texts texts;
    for (;;) {
      Result<Message> message = queue.receive();
      if (!message.ok()) {
        REQUIRE(message.error() == Error::would_block);
        return texts;
      }
      texts.emplace_back(message->text());
    }
  }
};

TEST_CASE("without a message receiving would block") {
  Queueing q;
  CHECK_FALSE(q.queue.ready());
  CHECK(q.queue.receive().error() == Error::would_block);
  CHECK(q.queue.receive_in_order().error() == Error::would_block);
}

TEST_CASE("pipes with messages are read in turns") {
  Queueing q;
  Peer a(q.world);
  Peer b(q.world);
  Peer c(q.world);
  q.arrive(a, "a", 4);
  q.arrive(b, "b", 1);
  q.arrive(c, "c", 2);
  CHECK(q.queue.ready());
  CHECK(q.take_all() == Texts{"a1", "b1", "c1", "a2", "c2", "a3", "a4"});
  CHECK_FALSE(q.queue.ready());
}

TEST_CASE("a flood from one pipe does not delay another by more than one message") {
  Queueing q;
  Peer loud(q.world);
  Peer quiet(q.world);
  q.arrive(loud, "loud", 500);
  for (int i = 0; i < 100; ++i) {
    q.arrive(quiet, "quiet", 1);
    const std::string first(q.queue.receive().value().text());
    const std::string second(q.queue.receive().value().text());
    CHECK((first == "quiet1" || second == "quiet1"));
  }
}

TEST_CASE("what a peer sent before it parted is taken before what it sends when it is back") {
  Queueing q;
  Peer other(q.world);
  Peer parted(q.world);
  Peer back(q.world);
  q.arrive(other, "other", 3);
  q.arrive(parted, "old", 3);
  parted.end(Error::peer_closed);
  q.arrive(back, "new", 2);
  CHECK(q.take_all() ==
        Texts{"other1", "old1", "old2", "old3", "new1", "other2", "new2", "other3"});
}

TEST_CASE("of 16 priorities a smaller number is emptied first") {
  Queueing q;
  std::vector<std::unique_ptr<Peer>> pipes;
  Texts expected;
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned priority = i * 7 % 16 + 1;
    pipes.push_back(std::make_unique<Peer>(q.world, SIZE_MAX, static_cast<std::uint8_t>(priority)));
    q.arrive(*pipes.back(), std::to_string(priority) + "-", 2);
  }
  for (int priority = 1; priority <= 16; ++priority)
    for (int i = 1; i <= 2; ++i)
      expected.push_back(std::to_string(priority) + "-" + std::to_string(i));
  CHECK(q.take_all() == expected);
}

TEST_CASE("a better pipe that gets a message is served before the rest of the others") {
  Queueing q;
  Peer low(q.world, 1, 9);
  Peer high(q.world, 1, 8);
  q.arrive(low, "low", 3);
  CHECK(q.queue.receive().value().text() == "low1");
  q.arrive(high, "high", 1);
  CHECK(q.take_all() == Texts{"high1", "low2", "low3"});
}

TEST_CASE("an ended pipe keeps its rest until it is taken, and is told so then") {
  Queueing q;
  Peer gone(q.world);
  Peer other(q.world);
  q.arrive(gone, "gone", 2);
  q.arrive(other, "other", 1);
  gone.end();
  CHECK(q.world.owner.drained == 0);
  CHECK(q.queue.receive().value().text() == "gone1");
  CHECK(q.world.owner.drained == 0);
  CHECK(q.queue.receive().value().text() == "gone2");
  CHECK(q.world.owner.drained == 1);
  CHECK(q.queue.receive().value().text() == "other1");
  CHECK_FALSE(q.queue.ready());
}

// Detaches the pipe that has ended and is empty, as core::Socket does, while it is being read.
struct Detacher final : testing::FakeOwner {
  FairQueue* queue = nullptr;
  void on_pipe_drained(io::Pipe& pipe) noexcept override {
    ++drained;
    queue->remove(pipe);
  }
};

TEST_CASE("a pipe may leave the queue while its last message is being taken") {
  Queueing q;
  Detacher owner;
  owner.queue = &q.queue;
  Peer gone(q.world);
  Peer other(q.world);
  gone.set_owner(owner);
  q.arrive(gone, "gone", 1);
  q.arrive(other, "other", 2);
  gone.end();
  CHECK(q.take_all() == Texts{"gone1", "other1", "other2"});
  CHECK(owner.drained == 1);
}

TEST_CASE("a removed pipe is not read any more") {
  Queueing q;
  Peer a(q.world);
  Peer b(q.world);
  q.arrive(a, "a", 2);
  q.arrive(b, "b", 2);
  q.queue.remove(a);
  CHECK(q.take_all() == Texts{"b1", "b2"});
  q.queue.remove(b);  // not in it: nothing happens
  CHECK_FALSE(q.queue.ready());
}

TEST_CASE("a pipe without a message is not activated") {
  Queueing q;
  Peer a(q.world);
  q.queue.activate(a);
  CHECK_FALSE(q.queue.ready());
}

TEST_CASE("in order, one pipe is read until it is empty") {
  Queueing q;
  Peer first(q.world);
  Peer second(q.world);
  q.arrive(first, "first", 2);
  q.arrive(second, "second", 2);
  Texts texts;
  while (q.queue.ready()) texts.emplace_back(q.queue.receive_in_order().value().text());
  CHECK(texts == Texts{"first1", "first2", "second1", "second2"});
}

}  // namespace
}  // namespace spool::protocols
