// Cell by cell, the two tables in protocols/reqrep/raw_req.h.
#include "spool/protocols/reqrep/raw_req.h"

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
using Rig = testing::ProtocolRig<RawReq>;
using Texts = std::vector<std::string>;

Error send(Rig& rig, const std::string& header, std::string_view body) {
  Message message = testing::with_header(rig, header, body);
  const Error error = rig.protocol.send(message);
  const std::string left = text_of(message.header()) + '|' + std::string(message.text());
  if (left != (error == Error::none ? "|" : header + '|' + std::string(body)))
    return Error::wrong_state;
  return error;
}

// --- no sendable pipe ---------------------------------------------------------------------------

TEST_CASE("none sendable: a peer with room makes sending possible and the user is told") {
  Rig rig;
  Peer peer(rig);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(send(rig, wire({id}), "q") == Error::would_block);
  REQUIRE(rig.attach(peer) == Error::none);
  CHECK(rig.host.writable == 1);
  CHECK(rig.protocol.can_send());
  rig.detach(peer);
}

TEST_CASE("none sendable: room at a peer makes sending possible and the user is told") {
  Rig rig;
  Peer peer(rig, 0);
  rig.attach(peer);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(send(rig, wire({id}), "q") == Error::would_block);
  const int writable = rig.host.writable;
  peer.make_room(1);
  CHECK(rig.host.writable == writable + 1);
  CHECK(send(rig, wire({id}), "q") == Error::none);
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

TEST_CASE("some sendable: the header goes out unchanged, to the peers in turns") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  CHECK(send(rig, wire({7, id}), "1") == Error::none);
  CHECK(send(rig, wire({id}), "2") == Error::none);
  CHECK(send(rig, far_wire(255, ""), "3") == Error::none);
  CHECK(sent_to(a) == Texts{wire({7, id}, "1"), far_wire(255, "3")});
  CHECK(sent_to(b) == Texts{wire({id}, "2")});
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("some sendable: by priority first") {
  Rig rig;
  Peer low(rig, SIZE_MAX, 9);
  Peer high(rig, 1, 8);
  rig.attach(low);
  rig.attach(high);
  for (const char* text : {"1", "2"}) REQUIRE(send(rig, wire({id}), text) == Error::none);
  CHECK(sent_to(high) == Texts{wire({id}, "1")});
  CHECK(sent_to(low) == Texts{wire({id}, "2")});
  rig.detach(low);
  rig.detach(high);
}

TEST_CASE("some sendable: a peer with room again joins the turns") {
  Rig rig;
  Peer a(rig);
  Peer b(rig, 1);
  rig.attach(a);
  rig.attach(b);
  for (const char* text : {"1", "2", "3"}) REQUIRE(send(rig, wire({id}), text) == Error::none);
  b.make_room(5);
  for (const char* text : {"4", "5"}) REQUIRE(send(rig, wire({id}), text) == Error::none);
  CHECK(sent_to(b) == Texts{wire({id}, "2"), wire({id}, "5")});
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("some sendable: the message that fills the last peer ends it") {
  Rig rig;
  Peer peer(rig, 1);
  rig.attach(peer);
  CHECK(send(rig, wire({id}), "1") == Error::none);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(send(rig, wire({id}), "2") == Error::would_block);
  rig.detach(peer);
}

TEST_CASE("some sendable: the end and the removal of the last peer end it, of another do not") {
  Rig rig;
  Peer ended(rig);
  Peer detached(rig);
  rig.attach(ended);
  rig.attach(detached);
  ended.end();
  CHECK(rig.protocol.can_send());
  CHECK(send(rig, wire({id}), "q") == Error::none);
  CHECK(sent_to(detached) == Texts{wire({id}, "q")});
  rig.detach(detached);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(send(rig, wire({id}), "q") == Error::would_block);
  rig.detach(ended);
}

TEST_CASE("a message whose header is no backtrace is refused and stays as it is") {
  Rig rig;
  for (const bool with_peer : {false, true}) {
    Peer peer(rig);
    if (with_peer) rig.attach(peer);
    for (const std::string& header :
         {std::string(), std::string("\x80\0\0", 3), wire({7}), wire({id}, "x"), wire({id, id})})
      CHECK(send(rig, header, "q") == Error::invalid_argument);
    // The id is in the body: the header is what counts.
    CHECK(send(rig, "", wire({id}, "q")) == Error::invalid_argument);
    CHECK(peer.sent.empty());
    if (with_peer) rig.detach(peer);
  }
}

TEST_CASE("a message that its pipe has no memory for stays as it is") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.failures = 1;
  CHECK(send(rig, wire({7, id}), "q") == Error::no_memory);
  CHECK(rig.protocol.can_send());
  rig.detach(peer);
}

// --- replies ------------------------------------------------------------------------------------

TEST_CASE("no replies: an arrival makes receiving possible and the user is told") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  CHECK(rig.notices([&] { peer.arrive(wire({id}, "a")); }) == 1);
  CHECK(rig.host.readable == 1);
  CHECK(rig.protocol.can_receive());
  rig.detach(peer);
}

TEST_CASE("no replies: a peer that brings one makes receiving possible") {
  Rig rig;
  Peer peer(rig, 0);
  peer.arrive(wire({id}, "early"));
  rig.attach(peer);
  CHECK(rig.host.readable == 1);
  CHECK(rig.receive() == "early");
  rig.detach(peer);
}

TEST_CASE("no replies: the end and the removal of a peer change nothing") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.end();
  CHECK_FALSE(rig.protocol.can_receive());
  rig.detach(peer);
  CHECK_FALSE(rig.protocol.can_receive());
}

TEST_CASE("some replies: the whole backtrace is the header") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({3, 7, id}, "a"));
  peer.arrive(wire({id}));
  peer.arrive(far_wire(300, "far"));
  Message reply = rig.protocol.receive().value();
  CHECK(text_of(reply.header()) == wire({3, 7, id}));
  CHECK(reply.text() == "a");
  CHECK(reply.peer() == peer.peer_number);
  reply = rig.protocol.receive().value();
  CHECK(text_of(reply.header()) == wire({id}));
  CHECK(reply.empty());
  reply = rig.protocol.receive().value();
  CHECK(text_of(reply.header()) == far_wire(300, ""));
  CHECK(reply.text() == "far");
  rig.detach(peer);
}

TEST_CASE("some replies: from the peers in turns, smaller priority numbers first") {
  Rig rig;
  Peer low(rig, SIZE_MAX, 9);
  Peer a(rig);
  Peer b(rig);
  for (Peer* peer : {&low, &a, &b}) rig.attach(*peer);
  low.arrive(wire({id}, "low"));
  for (const char* text : {"a1", "a2"}) a.arrive(wire({id}, text));
  b.arrive(wire({id}, "b1"));
  CHECK(rig.receive_all() == Texts{"a1", "b1", "a2", "low"});
  CHECK(rig.receive() == "would_block");
  for (Peer* peer : {&low, &a, &b}) rig.detach(*peer);
}

TEST_CASE("some replies: an ended peer keeps its rest, a detached one does not") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  for (const char* text : {"1", "2"}) peer.arrive(wire({id}, text));
  peer.end();
  CHECK(rig.receive() == "1");
  CHECK(rig.protocol.can_receive());
  rig.detach(peer);
  CHECK_FALSE(rig.protocol.can_receive());
}

TEST_CASE("a reply without an id word is dropped and counted, and the next one is there at once") {
  for (const std::string& reply :
       {std::string(), std::string("\x80\x80\x80"), wire({7}), wire({7, 8}, "\x80\x80\x80")}) {
    Rig rig;
    Peer peer(rig);
    rig.attach(peer);
    CHECK(rig.notices([&] { CHECK_FALSE(peer.arrive(reply)); }) == 0);
    CHECK_FALSE(rig.protocol.can_receive());
    CHECK(peer.stats().malformed == 1);
    CHECK(rig.owner.dropped == 1);
    CHECK(rig.owner.drop_reason == Error::malformed);
    CHECK_FALSE(peer.ended());
    peer.arrive(wire({id}, "a"));
    CHECK(rig.receive() == "a");
    rig.detach(peer);
  }
}

// --- What there is not --------------------------------------------------------------------------

TEST_CASE("raw REQ has no request of its own") {
  Rig rig;
  CHECK(rig.protocol.cancel() == Error::not_supported);
  CHECK(rig.protocol.receive_request().error() == Error::not_supported);
  CHECK_FALSE(rig.protocol.routes());
  CHECK_FALSE(rig.protocol.returns_unsent());
}

}  // namespace
}  // namespace spool::protocols
