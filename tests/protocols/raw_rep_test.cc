// Cell by cell, the table in protocols/reqrep/raw_rep.h.
#include "spool/protocols/reqrep/raw_rep.h"

#include <catch2/catch.hpp>

#include "tests/protocols/backtrace_fixture.h"

namespace spool::protocols {
namespace {

using testing::far_wire;
using testing::id;
using testing::Peer;
using testing::sent_to;
using testing::text_of;
using testing::wire;
using Rig = testing::ProtocolRig<RawRep>;
using Texts = std::vector<std::string>;

// Messages of other owners arrive here as they are, as over inproc.
struct SharedArrival : Peer {
  using Peer::Peer;
  void arrive_shared(Message message) {
    REQUIRE(keep(std::move(message)) == Error::none);
    user()->on_receivable(*this);
  }
};

// --- receive ------------------------------------------------------------------------------------

TEST_CASE("no requests: receiving would block, sending is possible all the same") {
  Rig rig;
  CHECK(rig.receive() == "would_block");
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.protocol.can_send());
}

TEST_CASE("some requests: the peer's number is in front of the backtrace, all in the header") {
  Rig rig;
  Peer peer(rig);
  peer.peer_number = 0x7fff'ffff;
  rig.attach(peer);
  peer.arrive(wire({7, id}, "q"));
  Result<Message> request = rig.protocol.receive();
  REQUIRE(request.ok());
  CHECK(text_of(request->header()) == wire({0x7fff'ffff, 7, id}));
  CHECK(request->text() == "q");
  CHECK(request->peer() == 0x7fff'ffff);
  CHECK_FALSE(rig.protocol.can_receive());
  rig.detach(peer);
}

TEST_CASE("a request of 255 words gets its peer's number too") {
  Rig rig(testing::hop_limit_of(255));
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(far_wire(254, "q"));
  Message request = rig.protocol.receive().value();
  CHECK(request.header().size() == 1024);
  CHECK(rig.protocol.send(request) == Error::none);
  CHECK(sent_to(peer) == Texts{far_wire(254, "q")});
  rig.detach(peer);
}

TEST_CASE("a request whose bytes are shared waits until there is memory for its peer's number") {
  testing::ScarceRig<RawRep> rig;
  SharedArrival peer(rig);
  rig.attach(peer);
  // The requester keeps what it sent, to send it again.
  Message kept = rig.message(wire({9}) + wire({id}, "q"));
  Message shared = kept.share();
  shared.body_to_header(4);
  shared.drop_header();
  peer.arrive_shared(std::move(shared));
  rig.deny();
  CHECK(rig.protocol.receive().error() == Error::no_memory);
  CHECK(rig.protocol.can_receive());
  CHECK(rig.protocol.receive().error() == Error::no_memory);
  peer.end();  // it has been taken already
  rig.memory.stop_failing();
  {
    Result<Message> request = rig.protocol.receive();
    REQUIRE(request.ok());
    CHECK(text_of(request->payload()) == wire({1, id}, "q"));
    CHECK(request->peer() == 1);
    CHECK(request->text() == "q");
  }
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.protocol.receive().error() == Error::would_block);
  CHECK(text_of(kept.payload()) == wire({9, id}, "q"));
  rig.protocol.detach(peer);
}

// --- send ---------------------------------------------------------------------------------------

TEST_CASE("an answer goes to the peer that its first word names, without that word") {
  Rig rig;
  Peer first(rig);
  Peer second(rig);
  rig.attach(first);
  rig.attach(second);
  Message answer = testing::with_header(rig, wire({2, 7, id}), "a");
  CHECK(rig.protocol.send(answer) == Error::none);
  CHECK(answer.empty());
  CHECK(first.sent.empty());
  CHECK(sent_to(second) == Texts{wire({7, id}, "a")});
  CHECK(rig.protocol.stats().unroutable == 0);
  rig.detach(first);
  rig.detach(second);
}

TEST_CASE("an answer for nobody, for a peer that is gone or a full one is dropped and counted") {
  Rig rig;
  Peer full(rig, 0);
  Peer ended(rig);
  Peer detached(rig);
  for (Peer* peer : {&full, &ended, &detached}) rig.attach(*peer);
  ended.end();
  rig.detach(detached);
  std::uint64_t dropped = 0;
  for (const std::uint32_t number :
       {std::uint32_t{0}, full.peer_number, ended.peer_number, detached.peer_number, 77u}) {
    CHECK(rig.protocol.can_send());
    Message answer = testing::with_header(rig, wire({number, id}), "a");
    CHECK(rig.protocol.send(answer) == Error::none);
    CHECK(answer.payload().empty());
    CHECK(rig.protocol.stats().unroutable == ++dropped);
  }
  for (Peer* peer : {&full, &ended, &detached}) CHECK(peer->sent.empty());
  rig.detach(full);
  rig.detach(ended);
}

TEST_CASE("a message without a peer's number and a backtrace is refused and stays as it is") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  for (const std::string& header :
       {std::string(), std::string("\0\0\0", 3), wire({1}), wire({1, 2}), wire({id}),
        wire({1, id}, "x"), wire({id, id}), wire({1, id, id})}) {
    Message message = testing::with_header(rig, header, "a");
    CHECK(rig.protocol.send(message) == Error::invalid_argument);
    CHECK(text_of(message.header()) == header);
    CHECK(message.text() == "a");
  }
  CHECK(peer.sent.empty());
  CHECK(rig.protocol.stats().unroutable == 0);
  rig.detach(peer);
}

TEST_CASE("an answer that its pipe has no memory for stays as it is and can be sent later") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  Message answer = testing::with_header(rig, wire({1, id}), "a");
  const Message held = answer.share();
  peer.failures = 1;
  CHECK(rig.protocol.send(answer) == Error::no_memory);
  CHECK(text_of(answer.header()) == wire({1, id}));
  CHECK(answer.text() == "a");
  CHECK(rig.protocol.send(answer) == Error::none);
  CHECK(sent_to(peer) == Texts{wire({id}, "a")});
  rig.detach(peer);
}

TEST_CASE("an answer fits where its request came from, whatever came between") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  a.arrive(wire({id}, "a"));
  b.arrive(wire({5, id}, "b"));
  Message of_a = rig.protocol.receive().value();
  Message of_b = rig.protocol.receive().value();
  CHECK(rig.protocol.send(of_b) == Error::none);
  CHECK(rig.protocol.send(of_a) == Error::none);
  CHECK(sent_to(a) == Texts{wire({id}, "a")});
  CHECK(sent_to(b) == Texts{wire({5, id}, "b")});
  rig.detach(a);
  rig.detach(b);
}

// --- What there is not --------------------------------------------------------------------------

TEST_CASE("raw REP has no requests of its own") {
  Rig rig;
  Message answer = rig.message("a");
  CHECK(rig.protocol.receive_request().error() == Error::not_supported);
  CHECK(rig.protocol.reply(Message(), answer) == Error::not_supported);
  CHECK(rig.protocol.cancel() == Error::not_supported);
}

}  // namespace
}  // namespace spool::protocols
