// Cell by cell, the table in protocols/pair/pair.h.
#include "spool/protocols/pair/pair.h"

#include <catch2/catch.hpp>

#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using Rig = testing::ProtocolRig<Pair>;
using Texts = std::vector<std::string>;

// --- alone --------------------------------------------------------------------------------------

TEST_CASE("alone, a peer is taken and the user is told") {
  Rig rig;
  Peer peer(rig);
  CHECK(rig.notices([&] { CHECK(rig.attach(peer) == Error::none); }) == 1);
  CHECK(rig.protocol.can_send());
  rig.detach(peer);
}

TEST_CASE("alone, a send would block and keeps its message") {
  Rig rig;
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("x") == Error::would_block);
}

TEST_CASE("alone, receiving would block") {
  Rig rig;
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
}

TEST_CASE("alone, a late word of a former peer changes nothing") {
  Rig rig;
  Peer former(rig);
  rig.attach(former);
  former.arrive("rest");
  former.end();
  rig.protocol.on_pipe_ended(former);
  CHECK_FALSE(rig.protocol.can_send());
  rig.detach(former);
  CHECK(rig.send("x") == Error::would_block);
  CHECK_FALSE(rig.protocol.can_receive());
}

// --- paired -------------------------------------------------------------------------------------

TEST_CASE("paired, a second peer is refused and the first stays") {
  Rig rig;
  Peer first(rig);
  Peer second(rig);
  REQUIRE(rig.attach(first) == Error::none);
  CHECK(rig.notices([&] { CHECK(rig.attach(second) == Error::refused); }) == 0);
  CHECK(rig.send("x") == Error::none);
  CHECK(first.texts() == Texts{"x"});
  CHECK(second.sent.empty());
  rig.detach(first);
}

TEST_CASE("paired, a send goes to the peer until it is full") {
  Rig rig;
  Peer peer(rig, 2);
  rig.attach(peer);
  CHECK(rig.send("1") == Error::none);
  CHECK(rig.protocol.can_send());
  CHECK(rig.send("2") == Error::none);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("3") == Error::would_block);
  CHECK(peer.texts() == Texts{"1", "2"});
  rig.detach(peer);
}

TEST_CASE("paired, the user is told when the peer has room again") {
  Rig rig;
  Peer peer(rig, 1);
  rig.attach(peer);
  REQUIRE(rig.send("1") == Error::none);
  CHECK(rig.notices([&] { peer.make_room(1); }) == 1);
  CHECK(rig.send("2") == Error::none);
  rig.detach(peer);
}

TEST_CASE("paired, a send without memory says so and keeps its message") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.failures = 1;
  CHECK(rig.send("x") == Error::no_memory);
  CHECK(rig.send("x") == Error::none);
  rig.detach(peer);
}

TEST_CASE("paired, when the peer's pipe ends one is alone and the next peer is taken") {
  Rig rig;
  Peer first(rig);
  Peer next(rig);
  rig.attach(first);
  first.end();
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("x") == Error::would_block);
  CHECK(rig.attach(next) == Error::none);
  CHECK(rig.send("x") == Error::none);
  CHECK(next.texts() == Texts{"x"});
  rig.detach(first);  // late: must not take `next` away
  CHECK(rig.protocol.can_send());
  rig.detach(next);
}

TEST_CASE("paired, when the peer is detached one is alone and the next peer is taken") {
  Rig rig;
  Peer first(rig);
  Peer next(rig);
  rig.attach(first);
  first.arrive("never read");
  rig.detach(first);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.attach(next) == Error::none);
  rig.detach(next);
}

// --- Receiving ----------------------------------------------------------------------------------

TEST_CASE("what the peer sent is received in order, and the user is told of each arrival") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  CHECK(rig.notices([&] { peer.arrive("1"); }) == 1);
  CHECK(rig.notices([&] { peer.arrive("2"); }) == 1);
  CHECK(rig.protocol.can_receive());
  CHECK(rig.receive_all() == Texts{"1", "2"});
  CHECK(rig.receive() == "would_block");
  rig.detach(peer);
}

TEST_CASE("what arrived before the peer was attached is received") {
  Rig rig;
  Peer peer(rig);
  peer.arrive("early");
  rig.attach(peer);
  CHECK(rig.receive_all() == Texts{"early"});
  rig.detach(peer);
}

TEST_CASE("what a former peer left is received first, then what the new one sent") {
  Rig rig;
  Peer former(rig, SIZE_MAX, 16);
  Peer now(rig, SIZE_MAX, 16);
  rig.attach(former);
  former.arrive("old 1");
  former.arrive("old 2");
  former.end();
  rig.attach(now);
  now.arrive("new 1");
  now.arrive("new 2");
  CHECK(rig.receive_all() == Texts{"old 1", "old 2", "new 1", "new 2"});
  CHECK(rig.owner.drained == 1);
  rig.detach(former);
  rig.detach(now);
}

TEST_CASE("PAIR knows no subscriptions") {
  Rig rig;
  CHECK(rig.protocol.subscribe({}) == Error::not_supported);
  CHECK(rig.protocol.unsubscribe({}) == Error::not_supported);
}

}  // namespace
}  // namespace spool::protocols
