// Cell by cell, the table in protocols/pubsub/sub.h, and the filter.
#include "spool/protocols/pubsub/sub.h"

#include <catch2/catch.hpp>

#include "tests/support/fake_memory.h"
#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using Texts = std::vector<std::string>;

struct Holder {
  testing::FakeMemory memory;
};
struct Rig : Holder, testing::ProtocolRig<Sub> {
  Rig() : ProtocolRig<Sub>({}, &(Holder::memory)) {}
  Error subscribe(std::string_view topic) {
    return protocol.subscribe(std::as_bytes(std::span(topic)));
  }
  Error unsubscribe(std::string_view topic) {
    return protocol.unsubscribe(std::as_bytes(std::span(topic)));
  }
};

// --- no pipe with a message ---------------------------------------------------------------------

TEST_CASE("nothing there: an arrival makes receiving possible and the user is told") {
  Rig rig;
  REQUIRE(rig.subscribe("") == Error::none);
  Peer peer(rig);
  REQUIRE(rig.attach(peer) == Error::none);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.notices([&] { peer.arrive("1"); }) == 1);
  CHECK(rig.protocol.can_receive());
  CHECK(rig.receive() == "1");
  rig.detach(peer);
}

TEST_CASE("nothing there: a peer that brings a message makes receiving possible") {
  Rig rig;
  Peer peer(rig);
  peer.arrive("early");  // nobody to ask yet
  CHECK(rig.notices([&] { REQUIRE(rig.attach(peer) == Error::none); }) == 1);
  CHECK(rig.protocol.can_receive());
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

TEST_CASE("some there: publishers are read in turns") {
  Rig rig;
  rig.subscribe("");
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  for (const char* text : {"a1", "a2", "a3"}) a.arrive(text);
  CHECK(rig.notices([&] { b.arrive("b1"); }) == 1);
  CHECK(rig.receive_all() == Texts{"a1", "b1", "a2", "a3"});
  CHECK_FALSE(rig.protocol.can_receive());
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("some there: an ended publisher keeps its rest") {
  Rig rig;
  rig.subscribe("");
  Peer a(rig);
  rig.attach(a);
  a.arrive("1");
  a.arrive("2");
  a.end();
  CHECK(rig.receive_all() == Texts{"1", "2"});
  CHECK(rig.owner.drained == 1);
  rig.detach(a);
}

TEST_CASE("some there: detaching the last one ends it, another does not") {
  Rig rig;
  rig.subscribe("");
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  a.arrive("a");
  b.arrive("b");
  rig.detach(b);
  CHECK(rig.protocol.can_receive());
  rig.detach(a);
  CHECK_FALSE(rig.protocol.can_receive());
}

// --- The filter ---------------------------------------------------------------------------------

TEST_CASE("without a subscription nothing is admitted") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  CHECK_FALSE(peer.arrive("anything"));
  CHECK(peer.stats().filtered == 1);
  CHECK_FALSE(rig.protocol.can_receive());
  rig.detach(peer);
}

TEST_CASE("a message that matches several topics arrives once") {
  Rig rig;
  rig.subscribe("a");
  rig.subscribe("ab");
  rig.subscribe("");
  Peer peer(rig);
  rig.attach(peer);
  CHECK(peer.arrive("abc"));
  CHECK(rig.receive_all() == Texts{"abc"});
  rig.detach(peer);
}

TEST_CASE("only what begins with a topic is admitted") {
  Rig rig;
  rig.subscribe("a.");
  Peer peer(rig);
  rig.attach(peer);
  CHECK(peer.arrive("a.1"));
  CHECK_FALSE(peer.arrive("b.1"));
  CHECK_FALSE(peer.arrive("a"));
  CHECK(rig.receive_all() == Texts{"a.1"});
  rig.detach(peer);
}

TEST_CASE("unsubscribing also holds for what has arrived") {
  Rig rig;
  rig.subscribe("a");
  rig.subscribe("b");
  Peer peer(rig);
  rig.attach(peer);
  for (const char* text : {"a1", "b1", "a2", "b2", "a3"}) REQUIRE(peer.arrive(text));
  CHECK(rig.receive() == "a1");
  REQUIRE(rig.unsubscribe("a") == Error::none);
  CHECK(rig.receive() == "b1");
  CHECK(rig.receive() == "b2");
  CHECK(rig.receive() == "would_block");
  rig.detach(peer);
}

TEST_CASE("after unsubscribing and emptying, a new subscription admits again") {
  Rig rig;
  rig.subscribe("a");
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive("a1");
  REQUIRE(rig.unsubscribe("a") == Error::none);
  CHECK(rig.receive() == "would_block");
  CHECK_FALSE(peer.arrive("a2"));
  REQUIRE(rig.subscribe("a") == Error::none);
  CHECK(peer.arrive("a3"));
  CHECK(rig.receive() == "a3");
  rig.detach(peer);
}

TEST_CASE("subscribed twice and unsubscribed once still admits") {
  Rig rig;
  rig.subscribe("a");
  rig.subscribe("a");
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive("a1");
  REQUIRE(rig.unsubscribe("a") == Error::none);
  CHECK(rig.receive() == "a1");
  CHECK(peer.arrive("a2"));
  rig.detach(peer);
}

TEST_CASE("unsubscribing what is not subscribed is an error, on an empty set too") {
  Rig rig;
  CHECK(rig.unsubscribe("a") == Error::invalid_argument);
  CHECK(rig.unsubscribe("") == Error::invalid_argument);
}

TEST_CASE("a subscription without memory says so and admits nothing") {
  Rig rig;
  rig.Holder::memory.fail_at = 1;
  CHECK(rig.subscribe("a") == Error::no_memory);
  Peer peer(rig);
  rig.attach(peer);
  CHECK_FALSE(peer.arrive("a"));
  rig.detach(peer);
}

// --- What there is not --------------------------------------------------------------------------

TEST_CASE("SUB cannot send, and room at a publisher is no news") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("x") == Error::not_supported);
  CHECK(rig.notices([&] { peer.make_room(3); }) == 0);
  rig.detach(peer);
}

}  // namespace
}  // namespace spool::protocols
