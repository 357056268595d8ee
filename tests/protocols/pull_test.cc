// Cell by cell, the table in protocols/pipeline/pull.h.
#include "spool/protocols/pipeline/pull.h"

#include <catch2/catch.hpp>

#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using Rig = testing::ProtocolRig<Pull>;
using Texts = std::vector<std::string>;

// --- no pipe with a message ---------------------------------------------------------------------

TEST_CASE("nothing there: an arrival makes receiving possible and the user is told") {
  Rig rig;
  Peer peer(rig);
  CHECK(rig.notices([&] { REQUIRE(rig.attach(peer) == Error::none); }) == 0);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.notices([&] { peer.arrive("1"); }) == 1);
  CHECK(rig.protocol.can_receive());
  rig.detach(peer);
}

TEST_CASE("nothing there: a peer that brings a message makes receiving possible") {
  Rig rig;
  Peer peer(rig);
  peer.arrive("early");
  CHECK(rig.notices([&] { REQUIRE(rig.attach(peer) == Error::none); }) == 1);
  CHECK(rig.receive() == "early");
  rig.detach(peer);
}

TEST_CASE("nothing there: receiving would block") {
  Rig rig;
  CHECK(rig.receive() == "would_block");
}

TEST_CASE("nothing there: the end and the removal of a peer change nothing") {
  Rig rig;
  Peer ended(rig);
  Peer detached(rig);
  rig.attach(ended);
  rig.attach(detached);
  ended.end();
  rig.detach(detached);
  CHECK_FALSE(rig.protocol.can_receive());
  rig.detach(ended);
}

// --- some pipes with messages -------------------------------------------------------------------

TEST_CASE("some there: an arrival from another peer joins the turns and the user is told") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  for (const char* text : {"a1", "a2", "a3"}) a.arrive(text);
  CHECK(rig.notices([&] { b.arrive("b1"); }) == 1);
  CHECK(rig.receive_all() == Texts{"a1", "b1", "a2", "a3"});
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("some there: smaller priority numbers first") {
  Rig rig;
  Peer low(rig, SIZE_MAX, 2);
  Peer high(rig, SIZE_MAX, 1);
  rig.attach(low);
  rig.attach(high);
  low.arrive("low");
  high.arrive("high 1");
  high.arrive("high 2");
  CHECK(rig.receive_all() == Texts{"high 1", "high 2", "low"});
  rig.detach(low);
  rig.detach(high);
}

TEST_CASE("some there: taking the last message ends it") {
  Rig rig;
  Peer a(rig);
  rig.attach(a);
  a.arrive("1");
  CHECK(rig.receive() == "1");
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  rig.detach(a);
}

TEST_CASE("some there: an ended peer keeps its rest") {
  Rig rig;
  Peer a(rig);
  rig.attach(a);
  a.arrive("1");
  a.arrive("2");
  a.end();
  CHECK(rig.protocol.can_receive());
  CHECK(rig.receive_all() == Texts{"1", "2"});
  CHECK(rig.owner.drained == 1);
  rig.detach(a);
}

TEST_CASE("some there: detaching the last one ends it, another does not") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  a.arrive("a");
  b.arrive("b");
  rig.detach(a);
  CHECK(rig.protocol.can_receive());
  rig.detach(b);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
}

// --- What there is not --------------------------------------------------------------------------

TEST_CASE("PULL cannot send, and room at a pusher is no news") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("x") == Error::not_supported);
  CHECK(rig.notices([&] { peer.make_room(3); }) == 0);
  CHECK(rig.protocol.unsubscribe({}) == Error::not_supported);
  rig.detach(peer);
}

}  // namespace
}  // namespace spool::protocols
