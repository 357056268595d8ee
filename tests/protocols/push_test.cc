// Cell by cell, the table in protocols/pipeline/push.h.
#include "spool/protocols/pipeline/push.h"

#include <catch2/catch.hpp>

#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using Rig = testing::ProtocolRig<Push>;
using Texts = std::vector<std::string>;

// --- no sendable pipe ---------------------------------------------------------------------------

TEST_CASE("none sendable: a peer that can take a message makes sending possible") {
  Rig rig;
  Peer peer(rig);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.notices([&] { REQUIRE(rig.attach(peer) == Error::none); }) == 1);
  CHECK(rig.protocol.can_send());
  rig.detach(peer);
}

TEST_CASE("none sendable: a peer that is full does not") {
  Rig rig;
  Peer peer(rig, 0);
  REQUIRE(rig.attach(peer) == Error::none);
  CHECK_FALSE(rig.protocol.can_send());
  rig.detach(peer);
}

TEST_CASE("none sendable: room at a peer makes sending possible and the user is told") {
  Rig rig;
  Peer peer(rig, 0);
  rig.attach(peer);
  CHECK(rig.notices([&] { peer.make_room(1); }) == 1);
  CHECK(rig.send("x") == Error::none);
  rig.detach(peer);
}

TEST_CASE("none sendable: a send would block and keeps its message") {
  Rig rig;
  Peer peer(rig, 0);
  CHECK(rig.send("x") == Error::would_block);
  rig.attach(peer);
  CHECK(rig.send("x") == Error::would_block);
  rig.detach(peer);
}

TEST_CASE("none sendable: the end and the removal of a full peer change nothing") {
  Rig rig;
  Peer ended(rig, 0);
  Peer detached(rig, 0);
  rig.attach(ended);
  rig.attach(detached);
  ended.end();
  rig.detach(detached);
  CHECK_FALSE(rig.protocol.can_send());
  rig.detach(ended);
}

// --- some sendable pipes ------------------------------------------------------------------------

TEST_CASE("some sendable: a further peer joins the turns") {
  Rig rig;
  Peer first(rig);
  Peer second(rig);
  rig.attach(first);
  CHECK(rig.send("1") == Error::none);
  rig.attach(second);
  for (const char* text : {"2", "3", "4"}) REQUIRE(rig.send(text) == Error::none);
  CHECK(first.texts() == Texts{"1", "2", "4"});
  CHECK(second.texts() == Texts{"3"});
  rig.detach(first);
  rig.detach(second);
}

TEST_CASE("some sendable: a peer with room again joins the turns") {
  Rig rig;
  Peer first(rig);
  Peer second(rig, 1);
  rig.attach(first);
  rig.attach(second);
  for (const char* text : {"1", "2", "3"}) REQUIRE(rig.send(text) == Error::none);
  second.make_room(5);
  for (const char* text : {"4", "5"}) REQUIRE(rig.send(text) == Error::none);
  CHECK(first.texts() == Texts{"1", "3", "4"});
  CHECK(second.texts() == Texts{"2", "5"});
  rig.detach(first);
  rig.detach(second);
}

TEST_CASE("some sendable: by priority first, then by turn") {
  Rig rig;
  Peer low(rig, SIZE_MAX, 9);
  Peer high_a(rig, 1, 8);
  Peer high_b(rig, 1, 8);
  rig.attach(low);
  rig.attach(high_a);
  rig.attach(high_b);
  for (const char* text : {"1", "2", "3"}) REQUIRE(rig.send(text) == Error::none);
  CHECK(high_a.texts() == Texts{"1"});
  CHECK(high_b.texts() == Texts{"2"});
  CHECK(low.texts() == Texts{"3"});
  for (Peer* pipe : {&low, &high_a, &high_b}) rig.detach(*pipe);
}

TEST_CASE("some sendable: the message that fills the last peer ends it") {
  Rig rig;
  Peer first(rig, 1);
  Peer second(rig, 1);
  rig.attach(first);
  rig.attach(second);
  CHECK(rig.send("1") == Error::none);
  CHECK(rig.protocol.can_send());
  CHECK(rig.send("2") == Error::none);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("3") == Error::would_block);
  rig.detach(first);
  rig.detach(second);
}

TEST_CASE("some sendable: the end of the last peer ends it, that of another does not") {
  Rig rig;
  Peer first(rig);
  Peer second(rig);
  rig.attach(first);
  rig.attach(second);
  first.end();
  CHECK(rig.protocol.can_send());
  CHECK(rig.send("1") == Error::none);
  CHECK(second.texts() == Texts{"1"});
  second.end();
  CHECK_FALSE(rig.protocol.can_send());
  rig.detach(first);
  rig.detach(second);
}

TEST_CASE("some sendable: detaching the last peer ends it, another does not") {
  Rig rig;
  Peer first(rig);
  Peer second(rig);
  rig.attach(first);
  rig.attach(second);
  rig.detach(first);
  CHECK(rig.send("1") == Error::none);
  CHECK(second.texts() == Texts{"1"});
  rig.detach(second);
  CHECK_FALSE(rig.protocol.can_send());
}

// --- What there is not --------------------------------------------------------------------------

TEST_CASE("whatever a puller sends is not admitted and not received") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  CHECK(rig.protocol.inspect(peer, {}) == io::Verdict::unasked);
  CHECK_FALSE(peer.arrive("stray"));
  CHECK(peer.stats().filtered == 1);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "not_supported");
  CHECK(rig.notices([&] { rig.protocol.on_receivable(peer); }) == 0);
  CHECK(rig.protocol.subscribe({}) == Error::not_supported);
  rig.detach(peer);
}

}  // namespace
}  // namespace spool::protocols
