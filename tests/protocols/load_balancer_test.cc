#include "spool/protocols/policy/load_balancer.h"

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/fake_pipe.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using testing::PipeWorld;

struct Balancing {
  PipeWorld world;
  LoadBalancer balancer;

  Error send(std::string_view text) {
    Message message = world.message(text);
    return balancer.send(message);
  }
  void send_all(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) REQUIRE(send(std::to_string(i)) == Error::none);
  }
};

using Texts = std::vector<std::string>;

TEST_CASE("without a pipe a send would block and the message stays with its sender") {
  Balancing b;
  Message message = b.world.message("kept");
  CHECK(b.balancer.send(message) == Error::would_block);
  CHECK(message.text() == "kept");
  CHECK_FALSE(b.balancer.ready());
}

TEST_CASE("pipes of one priority take turns") {
  Balancing b;
  Peer first(b.world);
  Peer second(b.world);
  Peer third(b.world);
  for (Peer* pipe : {&first, &second, &third}) b.balancer.activate(*pipe);
  b.send_all(7);
  CHECK(first.texts() == Texts{"0", "3", "6"});
  CHECK(second.texts() == Texts{"1", "4"});
  CHECK(third.texts() == Texts{"2", "5"});
}

TEST_CASE("each of 16 priorities is used only while all smaller numbers are full") {
  Balancing b;
  std::vector<std::unique_ptr<Peer>> pipes;
  for (unsigned i = 0; i < 16; ++i)
    pipes.push_back(std::make_unique<Peer>(b.world, 2, static_cast<std::uint8_t>(16 - i)));
  for (auto& pipe : pipes) b.balancer.activate(*pipe);
  b.send_all(32);
  CHECK(b.send("more") == Error::would_block);
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned first = (15 - i) * 2;
    CHECK(pipes[i]->texts() == Texts{std::to_string(first), std::to_string(first + 1)});
  }
}

TEST_CASE("a full pipe leaves and comes back at the tail of its class") {
  Balancing b;
  Peer small(b.world, 1);
  Peer x(b.world);
  Peer y(b.world);
  for (Peer* pipe : {&small, &x, &y}) b.balancer.activate(*pipe);
  b.send_all(4);  // small is full after "0"; then x, y, x
  small.set_room(1);
  b.balancer.activate(small);
  REQUIRE(b.send("4") == Error::none);
  REQUIRE(b.send("5") == Error::none);
  REQUIRE(b.send("6") == Error::none);
  CHECK(y.texts() == Texts{"2", "4"});
  CHECK(x.texts() == Texts{"1", "3", "5"});
  CHECK(small.texts() == Texts{"0", "6"});
}

TEST_CASE("a pipe that became full by itself is passed over") {
  Balancing b;
  Peer dead(b.world, 5, 1);
  Peer alive(b.world, 5, 2);
  b.balancer.activate(dead);
  b.balancer.activate(alive);
  dead.set_room(0);
  CHECK(b.balancer.ready());
  REQUIRE(b.send("x") == Error::none);
  CHECK(dead.sent.empty());
  CHECK(alive.texts() == Texts{"x"});
  alive.set_room(0);
  CHECK_FALSE(b.balancer.ready());
  CHECK(b.send("y") == Error::would_block);
}

TEST_CASE("the pipe whose turn it is goes away and the others keep their order") {
  Balancing b;
  Peer a(b.world);
  Peer c(b.world);
  Peer d(b.world);
  for (Peer* pipe : {&a, &c, &d}) b.balancer.activate(*pipe);
  b.send_all(1);
  CHECK(b.balancer.pick() == &c);
  b.balancer.remove(c);
  REQUIRE(b.send("1") == Error::none);
  REQUIRE(b.send("2") == Error::none);
  CHECK(d.texts() == Texts{"1"});
  CHECK(a.texts() == Texts{"0", "2"});
  b.balancer.remove(a);
  b.balancer.remove(d);
  CHECK(b.send("3") == Error::would_block);
}

TEST_CASE("a pipe without memory keeps its turn and the sender its message") {
  Balancing b;
  Peer a(b.world);
  Peer other(b.world);
  b.balancer.activate(a);
  b.balancer.activate(other);
  a.failures = 1;
  Message message = b.world.message("kept");
  CHECK(b.balancer.send(message) == Error::no_memory);
  CHECK(message.text() == "kept");
  CHECK(b.balancer.send(message) == Error::none);
  CHECK(message.empty());
  CHECK(a.texts() == Texts{"kept"});
}

TEST_CASE("a pipe that cannot take a message is not activated") {
  Balancing b;
  Peer full(b.world, 0);
  b.balancer.activate(full);
  CHECK_FALSE(b.balancer.ready());
}

TEST_CASE("room in a better class is used from the next message on") {
  Balancing b;
  Peer high(b.world, 1, 1);
  Peer low(b.world, SIZE_MAX, 16);
  b.balancer.activate(low);
  b.balancer.activate(high);
  b.send_all(3);
  high.set_room(2);
  b.balancer.activate(high);
  REQUIRE(b.send("3") == Error::none);
  CHECK(high.texts() == Texts{"0", "3"});
  CHECK(low.texts() == Texts{"1", "2"});
}

}  // namespace
}  // namespace spool::protocols
