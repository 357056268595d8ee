#include "spool/protocols/policy/priority_ring.h"

#include <memory>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/fake_pipe.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using testing::PipeWorld;
using Ring = PriorityRing<io::SendRing>;

std::vector<io::Pipe*> order_of(Ring& ring) {
  std::vector<io::Pipe*> order;
  ring.each([&](io::Pipe& pipe) { order.push_back(&pipe); });
  return order;
}

TEST_CASE("an empty ring has no front") {
  Ring ring;
  CHECK(ring.empty());
  CHECK(ring.front() == nullptr);
}

TEST_CASE("of 16 priorities the lowest number is in front, whatever the order of adding") {
  PipeWorld world;
  Ring ring;
  std::vector<std::unique_ptr<Peer>> pipes;
  for (int i = 0; i < 16; ++i) pipes.push_back(std::make_unique<Peer>(world));
  // 5 and 16 have no common divisor: all of them, jumbled.
  for (unsigned i = 0; i < 16; ++i)
    ring.add(*pipes[i * 5 % 16], static_cast<std::uint8_t>(i * 5 % 16 + 1));
  for (auto& pipe : pipes) {
    CHECK(ring.front() == pipe.get());
    ring.remove(*pipe);
  }
  CHECK(ring.empty());
}

TEST_CASE("a pipe that is in the ring is not added again") {
  PipeWorld world;
  Ring ring;
  Peer a(world);
  Peer b(world);
  ring.add(a, 8);
  ring.add(b, 8);
  ring.add(a, 8);
  CHECK(order_of(ring) == std::vector<io::Pipe*>{&a, &b});
  ring.add(b, 1);
  CHECK(order_of(ring) == std::vector<io::Pipe*>{&a, &b});
}

TEST_CASE("rotating sends the front of a class to its end and leaves other classes alone") {
  PipeWorld world;
  Ring ring;
  Peer a(world);
  Peer b(world);
  Peer c(world);
  Peer low(world);
  for (Peer* pipe : {&a, &b, &c}) ring.add(*pipe, 3);
  ring.add(low, 4);
  ring.rotate(a, 3);
  CHECK(order_of(ring) == std::vector<io::Pipe*>{&b, &c, &a, &low});
  ring.rotate(low, 4);  // alone in its class
  CHECK(order_of(ring) == std::vector<io::Pipe*>{&b, &c, &a, &low});
}

TEST_CASE("a class that became empty is used again by the next pipe of it") {
  PipeWorld world;
  Ring ring;
  Peer high(world);
  Peer low(world);
  ring.add(high, 1);
  ring.add(low, 16);
  ring.remove(high);
  CHECK(ring.front() == &low);
  ring.add(high, 1);
  CHECK(ring.front() == &high);
}

TEST_CASE("removing a pipe that is in no ring does nothing") {
  PipeWorld world;
  Ring ring;
  Peer a(world);
  ring.remove(a);
  CHECK(ring.empty());
  CHECK_FALSE(Ring::contains(a));
}

TEST_CASE("whoever is visited may leave, and all others are still visited once") {
  PipeWorld world;
  Ring ring;
  Peer pipes[5] = {Peer(world), Peer(world), Peer(world), Peer(world), Peer(world)};
  for (Peer& pipe : pipes) ring.add(pipe, 2);
  std::vector<io::Pipe*> visited;
  ring.each([&](io::Pipe& pipe) {
    visited.push_back(&pipe);
    if (&pipe != &pipes[2]) ring.remove(pipe);
  });
  CHECK(visited == std::vector<io::Pipe*>{&pipes[0], &pipes[1], &pipes[2], &pipes[3], &pipes[4]});
  CHECK(order_of(ring) == std::vector<io::Pipe*>{&pipes[2]});
}

TEST_CASE("the two rings of a pipe know nothing of each other") {
  PipeWorld world;
  PriorityRing<io::SendRing> sends;
  PriorityRing<io::ReceiveRing> receives;
  Peer a(world);
  sends.add(a, 1);
  CHECK_FALSE(PriorityRing<io::ReceiveRing>::contains(a));
  receives.add(a, 16);
  sends.remove(a);
  CHECK(receives.front() == &a);
  CHECK(sends.empty());
}

}  // namespace
}  // namespace spool::protocols
