// Cell by cell, the table in protocols/pubsub/pub.h.
#include "spool/protocols/pubsub/pub.h"

#include <catch2/catch.hpp>

#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using Rig = testing::ProtocolRig<Pub>;
using Texts = std::vector<std::string>;

TEST_CASE("PUB can always send, with nobody there as well") {
  Rig rig;
  CHECK(rig.protocol.can_send());
  CHECK(rig.send("x") == Error::none);
  CHECK(rig.protocol.stats().dropped == 0);
}

// --- in the set ---------------------------------------------------------------------------------

TEST_CASE("in the set: a subscriber gets its share") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  REQUIRE(rig.send("x") == Error::none);
  CHECK(a.texts() == Texts{"x"});
  CHECK(b.texts() == Texts{"x"});
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("in the set: a message that fills a subscriber blocks it") {
  Rig rig;
  Peer a(rig, 1);
  rig.attach(a);
  REQUIRE(rig.send("1") == Error::none);
  CHECK(rig.protocol.stats().blocked_episodes == 1);
  CHECK(rig.protocol.stats().dropped == 0);
  CHECK(rig.protocol.can_send());
  rig.detach(a);
}

TEST_CASE("in the set: word of room changes nothing") {
  Rig rig;
  Peer a(rig);
  rig.attach(a);
  a.make_room(5);
  REQUIRE(rig.send("1") == Error::none);
  CHECK(a.texts() == Texts{"1"});
  rig.detach(a);
}

TEST_CASE("in the set: detached it gets nothing more, and misses nothing") {
  Rig rig;
  Peer a(rig);
  rig.attach(a);
  rig.detach(a);
  REQUIRE(rig.send("x") == Error::none);
  CHECK(a.sent.empty());
  CHECK(rig.protocol.stats().dropped == 0);
}

// --- blocked ------------------------------------------------------------------------------------

TEST_CASE("blocked: it misses messages, and each is counted") {
  Rig rig;
  Peer slow(rig, 1);
  Peer fast(rig);
  rig.attach(slow);
  rig.attach(fast);
  for (const char* text : {"1", "2", "3"}) REQUIRE(rig.send(text) == Error::none);
  CHECK(rig.protocol.stats().dropped == 2);
  CHECK(rig.protocol.stats().blocked_episodes == 1);
  CHECK(slow.texts() == Texts{"1"});
  CHECK(fast.texts() == Texts{"1", "2", "3"});
  rig.detach(slow);
  rig.detach(fast);
}

TEST_CASE("blocked: room brings it back") {
  Rig rig;
  Peer slow(rig, 1);
  rig.attach(slow);
  REQUIRE(rig.send("1") == Error::none);
  REQUIRE(rig.send("2") == Error::none);
  slow.make_room(9);
  REQUIRE(rig.send("3") == Error::none);
  CHECK(slow.texts() == Texts{"1", "3"});
  CHECK(rig.protocol.stats().dropped == 1);
  rig.detach(slow);
}

TEST_CASE("blocked: detached it misses nothing more") {
  Rig rig;
  Peer slow(rig, 1);
  rig.attach(slow);
  REQUIRE(rig.send("1") == Error::none);
  rig.detach(slow);
  REQUIRE(rig.send("2") == Error::none);
  CHECK(rig.protocol.stats().dropped == 0);
}

// --- gone ---------------------------------------------------------------------------------------

TEST_CASE("gone: a subscriber that comes is in the set, and the user is told") {
  Rig rig;
  Peer a(rig);
  CHECK(rig.notices([&] { REQUIRE(rig.attach(a) == Error::none); }) == 1);
  REQUIRE(rig.send("x") == Error::none);
  CHECK(a.texts() == Texts{"x"});
  rig.detach(a);
}

TEST_CASE("gone: a pipe that ended gets nothing, and its detachment leaves no trace") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  a.end();
  rig.detach(a);  // core does so in the same step
  REQUIRE(rig.send("x") == Error::none);
  CHECK(a.sent.empty());
  CHECK(b.texts() == Texts{"x"});
  CHECK(rig.protocol.stats().dropped == 0);
  rig.detach(b);
}

// --- What there is not --------------------------------------------------------------------------

TEST_CASE("what a subscriber sends is not admitted and not received") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  CHECK_FALSE(peer.arrive("stray"));
  CHECK(peer.stats().filtered == 1);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "not_supported");
  CHECK(rig.protocol.subscribe({}) == Error::not_supported);
  CHECK(rig.notices([&] { rig.protocol.on_receivable(peer); }) == 0);
  rig.detach(peer);
}

}  // namespace
}  // namespace spool::protocols
