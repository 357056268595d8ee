// Cell by cell, the table in protocols/pair/poly_pair1.h.
#include "spool/protocols/pair/poly_pair1.h"

#include <catch2/catch.hpp>
#include <memory>

#include "tests/protocols/hop_word.h"
#include "tests/support/fake_memory.h"
#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using testing::on_the_wire;
using testing::Peer;
using testing::with_hops;
using Texts = std::vector<std::string>;

struct Holder {
  testing::FakeMemory memory;
};
struct Rig : Holder, testing::ProtocolRig<PolyPair1> {
  Rig() : ProtocolRig<PolyPair1>({}, &(Holder::memory)) {}
  // An error has to leave text and addressee.
  Error send_to(std::uint32_t peer, std::string_view text) {
    Message sent = message(text);
    sent.set_peer(peer);
    const Error error = protocol.send(sent);
    if (error == Error::none) return sent.payload().empty() ? error : Error::wrong_state;
    const bool same = sent.text() == text && sent.header().empty() && sent.peer() == peer;
    return same ? error : Error::wrong_state;
  }
};

// --- no peer ------------------------------------------------------------------------------------

TEST_CASE("no peer: a send to nobody in particular would block") {
  Rig rig;
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send_to(0, "x") == Error::would_block);
}

TEST_CASE("no peer: a send to one says that it is gone") {
  Rig rig;
  CHECK(rig.send_to(1, "x") == Error::peer_closed);
}

TEST_CASE("no peer: one that comes is taken and the user is told") {
  Rig rig;
  Peer peer(rig);
  CHECK(rig.notices([&] { CHECK(rig.attach(peer) == Error::none); }) == 1);
  CHECK(rig.protocol.can_send());
  rig.detach(peer);
}

TEST_CASE("a peer without memory is not taken") {
  Rig rig;
  Peer peer(rig);
  rig.Holder::memory.fail_at = 1;
  CHECK(rig.notices([&] { CHECK(rig.attach(peer) == Error::no_memory); }) == 0);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send_to(peer.peer_number, "x") == Error::peer_closed);
  CHECK(rig.attach(peer) == Error::none);
  rig.detach(peer);
}

TEST_CASE("no peer: a late word of a former one changes nothing") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.end();
  CHECK(rig.notices([&] {
    rig.protocol.on_pipe_ended(peer);
    rig.detach(peer);
  }) == 0);
  CHECK(rig.send_to(0, "x") == Error::would_block);
}

// --- some peers: sending ------------------------------------------------------------------------

TEST_CASE("some: a message goes to the peer it names, with a hop count of 1") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  Peer c(rig);
  for (Peer* peer : {&a, &b, &c}) REQUIRE(rig.attach(*peer) == Error::none);
  CHECK(rig.send_to(b.peer_number, "to b") == Error::none);
  CHECK(rig.send_to(c.peer_number, "to c") == Error::none);
  CHECK(rig.send_to(a.peer_number, "to a") == Error::none);
  CHECK(on_the_wire(a) == Texts{with_hops(1, "to a")});
  CHECK(on_the_wire(b) == Texts{with_hops(1, "to b")});
  CHECK(on_the_wire(c) == Texts{with_hops(1, "to c")});
  for (Peer* peer : {&a, &b, &c}) rig.detach(*peer);
}

TEST_CASE("some: a message that names nobody goes to the first, and to it alone") {
  Rig rig;
  Peer late(rig);
  Peer first(rig, 1);
  late.peer_number = 3;  // the order is that of attaching, not of numbers
  first.peer_number = 5;
  rig.attach(first);
  rig.attach(late);
  CHECK(rig.send_to(0, "1") == Error::none);
  CHECK(rig.send_to(0, "2") == Error::would_block);
  CHECK(rig.protocol.can_send());
  CHECK(on_the_wire(first) == Texts{with_hops(1, "1")});
  CHECK(late.sent.empty());
  rig.detach(first);
  rig.detach(late);
}

TEST_CASE("some: a full peer blocks its own messages, and nothing is lost") {
  Rig rig;
  Peer a(rig, 1);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  CHECK(rig.send_to(a.peer_number, "1") == Error::none);
  CHECK(rig.send_to(a.peer_number, "2") == Error::would_block);
  CHECK(rig.send_to(b.peer_number, "3") == Error::none);
  CHECK(rig.protocol.can_send());
  CHECK(rig.notices([&] { a.make_room(1); }) == 1);
  CHECK(rig.send_to(a.peer_number, "2") == Error::none);
  CHECK(on_the_wire(a) == Texts{with_hops(1, "1"), with_hops(1, "2")});
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("some: when all are full nobody can send, until one has room") {
  Rig rig;
  Peer a(rig, 0);
  Peer b(rig, 0);
  rig.attach(a);
  rig.attach(b);
  CHECK_FALSE(rig.protocol.can_send());
  b.make_room(1);
  CHECK(rig.protocol.can_send());
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("some: a message to none of them says that its peer is gone") {
  Rig rig;
  Peer a(rig);
  rig.attach(a);
  CHECK(rig.send_to(a.peer_number + 1, "x") == Error::peer_closed);
  CHECK(rig.send_to(0x7fff'ffff, "x") == Error::peer_closed);
  CHECK(a.sent.empty());
  rig.detach(a);
}

TEST_CASE("some: a send without memory leaves the message, its peer and no word") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  b.failures = 2;
  CHECK(rig.send_to(b.peer_number, "x") == Error::no_memory);
  // The word makes a shared message move to a block of its own: it keeps its peer.
  Message message = rig.message("y");
  message.set_peer(b.peer_number);
  const Message share = message.share();
  Message header_taken = message.share();
  REQUIRE(rig.pool.push_header(header_taken, encode_word(5)) == Error::none);
  CHECK(rig.protocol.send(message) == Error::no_memory);
  CHECK(message.peer() == b.peer_number);
  CHECK(message.text() == "y");
  CHECK(rig.protocol.send(message) == Error::none);
  CHECK(a.sent.empty());
  CHECK(on_the_wire(b) == Texts{with_hops(1, "y")});
  rig.detach(a);
  rig.detach(b);
}

// --- some peers: leaving ------------------------------------------------------------------------

TEST_CASE(
    "some: one that ends or is detached is gone for those who wait for it, and they are told") {
  Rig rig;
  Peer stays(rig);
  Peer ended(rig, 0);
  Peer detached(rig, 0);
  for (Peer* peer : {&stays, &ended, &detached}) rig.attach(*peer);
  CHECK(rig.send_to(ended.peer_number, "x") == Error::would_block);
  CHECK(rig.send_to(detached.peer_number, "x") == Error::would_block);
  CHECK(rig.notices([&] { ended.end(); }) == 1);
  CHECK(rig.notices([&] { rig.detach(detached); }) == 1);
  CHECK(rig.send_to(ended.peer_number, "x") == Error::peer_closed);
  CHECK(rig.send_to(detached.peer_number, "x") == Error::peer_closed);
  CHECK(rig.send_to(stays.peer_number, "y") == Error::none);
  CHECK(rig.notices([&] { rig.detach(ended); }) == 0);
  rig.detach(stays);
}

TEST_CASE("some: when the first leaves, the next oldest is the first") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  Peer c(rig);
  for (Peer* peer : {&a, &b, &c}) rig.attach(*peer);
  a.end();
  CHECK(rig.send_to(0, "1") == Error::none);
  rig.detach(b);
  CHECK(rig.send_to(0, "2") == Error::none);
  CHECK(on_the_wire(b) == Texts{with_hops(1, "1")});
  CHECK(on_the_wire(c) == Texts{with_hops(1, "2")});
  rig.detach(a);
  rig.detach(c);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send_to(0, "3") == Error::would_block);
}

// --- Receiving ----------------------------------------------------------------------------------

TEST_CASE("all are received from in turns, and each message says whose it is") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  for (const char* text : {"a1", "a2", "a3"}) a.arrive(with_hops(1, text));
  CHECK(rig.notices([&] { b.arrive(with_hops(0, "b1")); }) == 1);
  Texts texts;
  std::vector<std::uint32_t> peers;
  while (rig.protocol.can_receive()) {
    const Message message = rig.protocol.receive().value();
    CHECK(message.header().empty());
    texts.emplace_back(message.text());
    peers.push_back(message.peer());
  }
  CHECK(texts == Texts{"a1", "b1", "a2", "a3"});
  const std::uint32_t from_a = a.peer_number;
  CHECK(peers == std::vector<std::uint32_t>{from_a, b.peer_number, from_a, from_a});
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("a received message sent back goes to whom it came from") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  b.arrive(with_hops(2, "x"));
  Message message = rig.protocol.receive().value();
  CHECK(rig.protocol.send(message) == Error::none);
  CHECK(a.sent.empty());
  CHECK(on_the_wire(b) == Texts{with_hops(1, "x")});
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("what a former peer left can be received; what is detached cannot") {
  Rig rig;
  Peer ended(rig);
  Peer detached(rig);
  rig.attach(ended);
  rig.attach(detached);
  ended.arrive(with_hops(1, "rest"));
  detached.arrive(with_hops(1, "never read"));
  ended.end();
  rig.detach(detached);
  CHECK(rig.receive_all() == Texts{"rest"});
  CHECK(rig.owner.drained == 1);
  rig.detach(ended);
}

TEST_CASE("what arrived before the peer was attached is received") {
  Rig rig;
  Peer peer(rig);
  peer.arrive(with_hops(1, "early"));
  rig.attach(peer);
  CHECK(rig.receive_all() == Texts{"early"});
  rig.detach(peer);
}

TEST_CASE("the word in front is judged as in PAIR v1, for each peer by itself") {
  Rig rig;
  Peer shorty(rig);
  Peer wild(rig);
  Peer far(rig);
  for (Peer* peer : {&shorty, &wild, &far}) rig.attach(*peer);
  CHECK_FALSE(shorty.arrive("abc"));
  CHECK(shorty.ended());
  CHECK_FALSE(wild.arrive(with_hops(0x100, "x")));
  CHECK(wild.ended());
  CHECK_FALSE(far.arrive(with_hops(9, "x")));
  CHECK_FALSE(far.ended());
  CHECK(far.stats().too_many_hops == 1);
  CHECK(far.arrive(with_hops(8, "y")));
  CHECK(rig.receive_all() == Texts{"y"});
  for (Peer* peer : {&shorty, &wild, &far}) rig.detach(*peer);
}

TEST_CASE("many peers come and go, and each is found") {
  Rig rig;
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 500; ++i) {
    peers.push_back(std::make_unique<Peer>(rig));
    REQUIRE(rig.attach(*peers.back()) == Error::none);
    if (i % 3 == 0) peers.back()->end();
  }
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const Error expected = i % 3 == 0 ? Error::peer_closed : Error::none;
    REQUIRE(rig.send_to(peers[i]->peer_number, "x") == expected);
    REQUIRE(peers[i]->sent.size() == (i % 3 == 0 ? 0 : 1));
  }
  for (const auto& peer : peers) rig.detach(*peer);
  CHECK_FALSE(rig.protocol.can_send());
}

}  // namespace
}  // namespace spool::protocols
