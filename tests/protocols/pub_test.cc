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

// --- there
// ----------------------------------------------------------------------------------------

TEST_CASE("there: a subscriber gets its share") {
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

TEST_CASE("there: what a slow subscriber misses is counted, and room ends that") {
  Rig rig;
  Peer slow(rig, 1);
  Peer fast(rig);
  rig.attach(slow);
  rig.attach(fast);
  for (const char* text : {"1", "2", "3"}) REQUIRE(rig.send(text) == Error::none);
  CHECK(rig.protocol.can_send());
  CHECK(rig.protocol.stats().dropped == 2);
  CHECK(rig.protocol.stats().blocked_episodes == 1);
  CHECK(slow.stats().missed == 2);
  CHECK(rig.host.blocked == std::vector<io::Pipe*>{&slow});

  CHECK(rig.notices([&] { slow.make_room(9); }) == 0);  // one can send in any case
  CHECK(rig.host.caught_up == std::vector<std::pair<io::Pipe*, std::uint64_t>>{{&slow, 2}});
  REQUIRE(rig.send("4") == Error::none);
  CHECK(slow.texts() == Texts{"1", "4"});
  CHECK(fast.texts() == Texts{"1", "2", "3", "4"});
  rig.detach(slow);
  rig.detach(fast);
}

TEST_CASE("there: what to do with a slow subscriber is an option") {
  const Blocked rule = GENERATE(Blocked::drop_oldest, Blocked::disconnect);
  ProtocolOptions options;
  options.blocked = rule;
  Rig rig(options);
  Peer slow(rig, 2);
  slow.hold_sends();
  rig.attach(slow);
  for (const char* text : {"1", "2", "3"}) REQUIRE(rig.send(text) == Error::none);
  CHECK(slow.texts() == (rule == Blocked::drop_oldest ? Texts{"1", "3"} : Texts{"1", "2"}));
  CHECK(slow.abandoned == (rule == Blocked::drop_oldest ? Error::none : Error::too_slow));
  rig.detach(slow);
}

TEST_CASE("there: detached it gets nothing more, and misses nothing more") {
  Rig rig;
  Peer a(rig, 1);
  rig.attach(a);
  REQUIRE(rig.send("1") == Error::none);
  REQUIRE(rig.send("2") == Error::none);
  rig.detach(a);
  CHECK(rig.host.caught_up.size() == 1);
  REQUIRE(rig.send("3") == Error::none);
  CHECK(a.texts() == Texts{"1"});
  CHECK(rig.protocol.stats().dropped == 1);
}

TEST_CASE("there: once it has ended it misses nothing more, and its detachment is no news") {
  Rig rig;
  Peer a(rig, 1);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  REQUIRE(rig.send("1") == Error::none);
  REQUIRE(rig.send("2") == Error::none);
  a.end();
  CHECK(rig.host.caught_up.size() == 1);
  REQUIRE(rig.send("3") == Error::none);
  rig.detach(a);
  CHECK(a.texts() == Texts{"1"});
  CHECK(b.texts() == Texts{"1", "2", "3"});
  CHECK(rig.protocol.stats().dropped == 1);
  CHECK(rig.host.caught_up.size() == 1);
  rig.detach(b);
}

// --- gone
// -----------------------------------------------------------------------------------------

TEST_CASE("gone: a subscriber that comes gets its share, and the user is told") {
  Rig rig;
  Peer a(rig);
  CHECK(rig.notices([&] { REQUIRE(rig.attach(a) == Error::none); }) == 1);
  REQUIRE(rig.send("x") == Error::none);
  CHECK(a.texts() == Texts{"x"});
  rig.detach(a);
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
