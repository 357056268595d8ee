// Cell by cell, the table in protocols/reqrep/rep.h: the socket's own request.
#include "spool/protocols/reqrep/rep.h"

#include <catch2/catch.hpp>

#include "tests/protocols/backtrace_fixture.h"

namespace spool::protocols {
namespace {

using testing::far_wire;
using testing::id;
using testing::Peer;
using testing::sent_to;
using testing::wire;
using Rig = testing::ProtocolRig<Rep>;
using Texts = std::vector<std::string>;

// --- idle ---------------------------------------------------------------------------------------

TEST_CASE("idle: there is nothing to receive and nothing to send") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  CHECK(rig.receive() == "would_block");
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("a") == Error::wrong_state);
  CHECK(peer.sent.empty());
  rig.detach(peer);
}

TEST_CASE("idle: a request that nobody has received yet cannot be answered") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("a") == Error::wrong_state);
  rig.detach(peer);
}

TEST_CASE("idle: a request that is received can be answered, and the user is told of room") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({7, id}, "q"));
  const int writable = rig.host.writable;
  Result<Message> request = rig.protocol.receive();
  REQUIRE(request.ok());
  CHECK(request->text() == "q");
  CHECK(request->header().empty());
  CHECK(request->peer() == peer.peer_number);
  CHECK(rig.host.writable == writable + 1);
  CHECK(rig.protocol.can_send());
  rig.detach(peer);
}

// --- answering ----------------------------------------------------------------------------------

TEST_CASE("answering: the answer goes to who asked, behind the same words, and that was it") {
  Rig rig;
  Peer bystander(rig);
  Peer peer(rig);
  rig.attach(bystander);
  rig.attach(peer);
  peer.arrive(wire({3, 7, id}, "q"));
  rig.receive();
  CHECK(rig.send("a") == Error::none);
  CHECK(sent_to(peer) == Texts{wire({3, 7, id}, "a")});
  CHECK(bystander.sent.empty());
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("again") == Error::wrong_state);
  CHECK(rig.protocol.stats().unroutable == 0);
  rig.detach(bystander);
  rig.detach(peer);
}

TEST_CASE("answering: receiving the next request forgets the former one") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  a.arrive(wire({1, 2, id}, "from a"));
  b.arrive(wire({id + 1}, "from b"));
  CHECK(rig.receive() == "from a");
  CHECK(rig.receive() == "from b");
  CHECK(rig.protocol.can_send());
  CHECK(rig.send("to b") == Error::none);
  CHECK(a.sent.empty());
  CHECK(sent_to(b) == Texts{wire({id + 1}, "to b")});
  CHECK(rig.send("to a") == Error::wrong_state);
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("answering: finding no further request forgets nothing") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  rig.receive();
  CHECK(rig.receive() == "would_block");
  CHECK(rig.protocol.can_send());
  CHECK(rig.send("a") == Error::none);
  CHECK(sent_to(peer) == Texts{wire({id}, "a")});
  rig.detach(peer);
}

TEST_CASE("answering: a full requester keeps its request until it has room, and the user is told") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  rig.receive();
  peer.set_room(0);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("a") == Error::would_block);
  CHECK(rig.protocol.stats().unroutable == 0);
  const int writable = rig.host.writable;
  peer.make_room(1);
  CHECK(rig.host.writable == writable + 1);
  CHECK(rig.protocol.can_send());
  CHECK(rig.send("a") == Error::none);
  CHECK(sent_to(peer) == Texts{wire({id}, "a")});
  rig.detach(peer);
}

TEST_CASE("answering: the answer to an ended requester is the caller's again, counted, and over") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  rig.receive();
  peer.set_room(0);
  const int writable = rig.host.writable;
  peer.end();
  CHECK(rig.host.writable == writable + 1);
  CHECK(rig.protocol.can_send());
  CHECK(rig.send("a") == Error::peer_closed);
  CHECK(rig.protocol.stats().unroutable == 1);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("a") == Error::wrong_state);
  CHECK(rig.protocol.stats().unroutable == 1);
  rig.detach(peer);
}

TEST_CASE("answering: the same of a requester that is detached") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  rig.receive();
  const int writable = rig.host.writable;
  rig.detach(peer);
  CHECK(rig.host.writable == writable + 1);
  CHECK(rig.protocol.can_send());
  CHECK(rig.send("a") == Error::peer_closed);
  CHECK(rig.send("a") == Error::wrong_state);
}

TEST_CASE("a requester that ends and is detached is told of once") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.end();
  CHECK(rig.notices([&] { rig.detach(peer); }) == 0);
}

TEST_CASE("the answer goes to who asked, not to who came after it") {
  Rig rig;
  Peer asked(rig);
  rig.attach(asked);
  asked.arrive(wire({id}, "q"));
  rig.receive();
  asked.end();
  Peer later(rig);
  rig.attach(later);
  CHECK(rig.send("a") == Error::peer_closed);
  CHECK(later.sent.empty());
  rig.detach(asked);
  rig.detach(later);
}

TEST_CASE("a request that an ended requester left is received, and its answer finds nobody") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  peer.end();
  CHECK(rig.receive() == "q");
  CHECK(rig.send("a") == Error::peer_closed);
  CHECK(rig.protocol.stats().unroutable == 1);
  rig.detach(peer);
}

// --- What is sent -------------------------------------------------------------------------------

TEST_CASE("a header that the answer has from elsewhere is not sent") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  rig.receive();
  Message answer = testing::with_header(rig, wire({1, 2, 3}), "a");
  CHECK(rig.protocol.send(answer) == Error::none);
  CHECK(sent_to(peer) == Texts{wire({id}, "a")});
  rig.detach(peer);
}

TEST_CASE("an answer that somebody else holds too is sent without changing theirs") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({7, id}, "q"));
  Message answer = rig.protocol.receive().value();
  const Message kept = answer.share();
  CHECK(rig.protocol.send(answer) == Error::none);
  CHECK(sent_to(peer) == Texts{wire({7, id}, "q")});
  CHECK(kept.text() == "q");
  rig.detach(peer);
}

TEST_CASE("255 words in front of a request are in front of its answer") {
  Rig rig(testing::hop_limit_of(255));
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(far_wire(254, "q"));
  CHECK(rig.receive() == "q");
  CHECK(rig.send("a") == Error::none);
  CHECK(sent_to(peer) == Texts{far_wire(254, "a")});
  rig.detach(peer);
}

TEST_CASE("without memory for the backtrace an answer stays as it is and can be sent later") {
  testing::ScarceRig<Rep> rig(testing::hop_limit_of(255));
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(far_wire(254, "q"));
  CHECK(rig.protocol.receive().ok());
  Message answer = rig.message("a");
  rig.deny();
  CHECK(rig.protocol.send(answer) == Error::no_memory);
  CHECK(answer.text() == "a");
  CHECK(answer.header().empty());
  CHECK(rig.protocol.can_send());
  rig.memory.stop_failing();
  CHECK(rig.protocol.send(answer) == Error::none);
  CHECK(answer.empty());
  CHECK(sent_to(peer) == Texts{far_wire(254, "a")});
  rig.protocol.detach(peer);
}

TEST_CASE("an answer that its pipe has no memory for stays as it is and can be sent later") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({7, id}, "q"));
  rig.receive();
  Message answer = rig.message("a");
  peer.failures = 1;
  CHECK(rig.protocol.send(answer) == Error::no_memory);
  CHECK(answer.text() == "a");
  CHECK(answer.header().empty());
  CHECK(rig.protocol.can_send());
  CHECK(rig.protocol.send(answer) == Error::none);
  CHECK(sent_to(peer) == Texts{wire({7, id}, "a")});
  rig.detach(peer);
}

TEST_CASE("after a warm-up requests and answers take no memory") {
  testing::ScarceRig<Rep> rig;
  rig.config.inspects = true;
  Peer peer(rig);
  rig.attach(peer);
  for (int round = 0; round < 100; ++round) {
    if (round == 2) rig.deny();
    peer.arrive(far_wire(7, "q"));
    REQUIRE(rig.protocol.receive().ok());
    Message answer = rig.message("a");
    REQUIRE(rig.protocol.send(answer) == Error::none);
  }
  CHECK(rig.memory.refused == 0);
  CHECK(sent_to(peer).size() == 100);
  rig.protocol.detach(peer);
}

// --- What there is not --------------------------------------------------------------------------

TEST_CASE("REP asks nobody and subscribes to nothing") {
  Rig rig;
  CHECK(rig.protocol.cancel() == Error::not_supported);
  CHECK(rig.protocol.subscribe({}) == Error::not_supported);
  CHECK(rig.protocol.unsubscribe({}) == Error::not_supported);
  CHECK_FALSE(rig.protocol.routes());
  CHECK_FALSE(rig.protocol.returns_unsent());
  CHECK(rig.protocol.waiting_messages() == 0);
}

}  // namespace
}  // namespace spool::protocols
