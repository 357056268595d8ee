// Cell by cell, the tables in protocols/pair/pair.h and pair1.h; row by row, docs/wire.md §7.4.
#include "spool/protocols/pair/pair1.h"

#include <catch2/catch.hpp>

#include "tests/protocols/hop_word.h"
#include "tests/support/fake_memory.h"
#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using testing::on_the_wire;
using testing::Peer;
using testing::with_hops;
using Rig = testing::ProtocolRig<Pair1>;
using Texts = std::vector<std::string>;

// --- One peer, as PAIR --------------------------------------------------------------------------

TEST_CASE("alone, a send would block and keeps its message") {
  Rig rig;
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("x") == Error::would_block);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
}

TEST_CASE("alone, a peer is taken and the user is told; a second one is refused") {
  Rig rig;
  Peer first(rig);
  Peer second(rig);
  CHECK(rig.notices([&] { CHECK(rig.attach(first) == Error::none); }) == 1);
  CHECK(rig.attach(second) == Error::refused);
  CHECK(rig.send("x") == Error::none);
  CHECK(first.sent.size() == 1);
  CHECK(second.sent.empty());
  rig.detach(first);
}

TEST_CASE("paired, a send goes to the peer until it is full, and the user is told of room") {
  Rig rig;
  Peer peer(rig, 1);
  rig.attach(peer);
  CHECK(rig.send("1") == Error::none);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("2") == Error::would_block);
  CHECK(rig.notices([&] { peer.make_room(1); }) == 1);
  CHECK(rig.send("2") == Error::none);
  CHECK(on_the_wire(peer) == Texts{with_hops(1, "1"), with_hops(1, "2")});
  rig.detach(peer);
}

TEST_CASE("what a former peer left is received first, then what the next one sent") {
  Rig rig;
  Peer former(rig);
  Peer now(rig);
  rig.attach(former);
  former.arrive(with_hops(1, "old"));
  former.end();
  CHECK_FALSE(rig.protocol.can_send());
  REQUIRE(rig.attach(now) == Error::none);
  CHECK(rig.notices([&] { now.arrive(with_hops(1, "new")); }) == 1);
  CHECK(rig.receive_all() == Texts{"old", "new"});
  rig.detach(former);
  rig.detach(now);
}

// --- What is sent -------------------------------------------------------------------------------

TEST_CASE("a message goes out with a hop count of 1, an empty one too") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  CHECK(rig.send("x") == Error::none);
  Message nothing;
  CHECK(rig.protocol.send(nothing) == Error::none);
  CHECK(on_the_wire(peer) == Texts{with_hops(1, "x"), with_hops(1, "")});
  rig.detach(peer);
}

TEST_CASE("a send without memory leaves the message as it was, and a second try has one word") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  Message message = rig.message("x");
  peer.failures = 1;
  CHECK(rig.protocol.send(message) == Error::no_memory);
  CHECK(message.header().empty());
  CHECK(message.text() == "x");
  CHECK(rig.protocol.send(message) == Error::none);
  CHECK(on_the_wire(peer) == Texts{with_hops(1, "x")});
  rig.detach(peer);
}

TEST_CASE("a word that finds no memory leaves the message as it was") {
  testing::FakeMemory memory;
  MessagePool pool{memory, MessagePool::footprint(3)};
  Rig rig;
  Peer peer(rig);
  Pair1 protocol({rig.host, memory, pool, rig.options});
  REQUIRE(protocol.attach(peer) == Error::none);
  Message message = pool.copy_of(std::as_bytes(std::span("abc", 3))).value();
  const Message other = message.share();
  Message header_taken = message.share();
  REQUIRE(pool.push_header(header_taken, encode_word(5)) == Error::none);
  CHECK(protocol.send(message) == Error::no_memory);
  CHECK(message.header().empty());
  CHECK(message.text() == "abc");
  CHECK(peer.sent.empty());
  protocol.detach(peer);
}

// --- What arrives: docs/wire.md §7.4 ------------------------------------------------------------

TEST_CASE("a word that is missing or short ends the connection") {
  for (const std::string& payload : {std::string(), std::string(3, '\0')}) {
    Rig rig;
    Peer peer(rig);
    rig.attach(peer);
    CHECK_FALSE(peer.arrive(payload));
    CHECK(peer.ended());
    CHECK(rig.owner.last_reason == Error::malformed);
    CHECK(peer.stats().malformed == 1);
    CHECK_FALSE(rig.protocol.can_send());
    rig.detach(peer);
  }
}

TEST_CASE("a word with any of the top 24 bits set ends the connection") {
  for (unsigned bit = 8; bit < 32; ++bit) {
    CAPTURE(bit);
    Rig rig;
    Peer peer(rig);
    rig.attach(peer);
    CHECK_FALSE(peer.arrive(with_hops(1u << bit | 1, "x")));
    CHECK(rig.owner.last_reason == Error::malformed);
    CHECK(peer.ended());
    rig.detach(peer);
  }
}

TEST_CASE("more hops than the limit: dropped, counted and reported, and the connection stays") {
  for (const std::uint32_t hops : {9u, 0xffu}) {
    Rig rig;
    Peer peer(rig);
    rig.attach(peer);
    CHECK_FALSE(peer.arrive(with_hops(hops, "x")));
    CHECK_FALSE(peer.ended());
    CHECK(peer.stats().too_many_hops == 1);
    CHECK(rig.owner.drop_reason == Error::too_many_hops);
    CHECK(peer.arrive(with_hops(1, "next")));
    CHECK(rig.receive_all() == Texts{"next"});
    rig.detach(peer);
  }
}

TEST_CASE("up to the limit, and 0 too, a message is received without its word") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  for (std::uint32_t hops = 0; hops <= 8; ++hops) {
    REQUIRE(peer.arrive(with_hops(hops, std::to_string(hops))));
    Message message = rig.protocol.receive().value();
    CHECK(message.header().empty());
    CHECK(message.text() == std::to_string(hops));
    CHECK(message.peer() == peer.peer_number);
  }
  CHECK(peer.arrive(with_hops(1, "")));
  CHECK(rig.receive_all() == Texts{""});
  rig.detach(peer);
}

TEST_CASE("the limit is the option's") {
  for (const unsigned limit : {1u, 255u}) {
    ProtocolOptions options;
    options.hop_limit = limit;
    Rig rig(options);
    Peer peer(rig);
    rig.attach(peer);
    CHECK(peer.arrive(with_hops(limit, "x")));
    CHECK_FALSE(peer.arrive(with_hops(limit + 1, "y")));
    CHECK(peer.ended() == (limit == 255));
    CHECK(rig.receive_all() == Texts{"x"});
    rig.detach(peer);
  }
}

TEST_CASE("a received message can be sent on, and starts at 1 again") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(with_hops(5, "x"));
  Message message = rig.protocol.receive().value();
  CHECK(rig.protocol.send(message) == Error::none);
  CHECK(on_the_wire(peer) == Texts{with_hops(1, "x")});
  rig.detach(peer);
}

}  // namespace
}  // namespace spool::protocols
