// Cell by cell, the table in protocols/reqrep/replier.h, for REP and raw REP; and what both make of
// requests that they cannot answer.
#include "spool/protocols/reqrep/replier.h"

#include <catch2/catch.hpp>

#include "spool/protocols/reqrep/raw_rep.h"
#include "spool/protocols/reqrep/rep.h"
#include "tests/protocols/backtrace_fixture.h"

namespace spool::protocols {
namespace {

using testing::far_wire;
using testing::id;
using testing::Peer;
using testing::sent_to;
using testing::wire;
using Texts = std::vector<std::string>;

// Takes the next request and sends it back as its own answer: the text, or the error.
template <typename Rig>
std::string echo(Rig& rig) {
  Result<Message> request = rig.protocol.receive();
  if (!request.ok()) return to_string(request.error());
  const std::string text(request->text());
  const Error error = rig.protocol.send(*request);
  return error == Error::none ? text : to_string(error);
}

// --- quiet --------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("quiet: a request of a peer with room is offered and the user is told", "", Rep,
                   RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer peer(rig);
  CHECK(rig.notices([&] { REQUIRE(rig.attach(peer) == Error::none); }) == 0);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  peer.arrive(wire({id}, "q"));
  CHECK(rig.host.readable == 1);
  CHECK(rig.protocol.can_receive());
  CHECK(rig.receive() == "q");
  rig.detach(peer);
}

TEMPLATE_TEST_CASE("quiet: a request of a full peer is held and nobody is told", "", Rep, RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer peer(rig, 0);
  rig.attach(peer);
  CHECK(rig.notices([&] { peer.arrive(wire({id}, "q")); }) == 0);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  CHECK(peer.receivable());
  rig.detach(peer);
}

TEMPLATE_TEST_CASE("quiet: filled, with room again and ended, a peer stays so", "", Rep, RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer peer(rig, 1);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  CHECK(echo(rig) == "q");
  CHECK_FALSE(peer.sendable());
  CHECK_FALSE(rig.protocol.can_receive());
  peer.make_room(1);
  CHECK_FALSE(rig.protocol.can_receive());
  peer.end();
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.host.readable == 1);
  CHECK(rig.receive() == "would_block");
  rig.detach(peer);
}

TEMPLATE_TEST_CASE("a peer that brings a request is offered when it has room, else held", "", Rep,
                   RawRep) {
  testing::ProtocolRig<TestType> rig;
  const std::size_t room = GENERATE(0u, 1u);
  Peer peer(rig, room);
  peer.arrive(wire({id}, "early"));
  rig.attach(peer);
  CHECK(rig.protocol.can_receive() == (room != 0));
  CHECK(rig.host.readable == static_cast<int>(room));
  rig.detach(peer);
}

// --- offered ------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("offered: further requests wait behind, and the user is told of each", "", Rep,
                   RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}, "1"));
  peer.arrive(wire({id}, "2"));
  CHECK(rig.host.readable == 2);
  CHECK(rig.receive_all() == Texts{"1", "2"});
  rig.detach(peer);
}

TEMPLATE_TEST_CASE("offered: peers are served in turns, smaller priority numbers first", "", Rep,
                   RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer low(rig, SIZE_MAX, 9);
  Peer a(rig);
  Peer b(rig);
  for (Peer* peer : {&low, &a, &b}) rig.attach(*peer);
  low.arrive(wire({id}, "low"));
  for (const char* text : {"a1", "a2"}) a.arrive(wire({id}, text));
  for (const char* text : {"b1", "b2"}) b.arrive(wire({id}, text));
  CHECK(rig.receive_all() == Texts{"a1", "b1", "a2", "b2", "low"});
  for (Peer* peer : {&low, &a, &b}) rig.detach(*peer);
}

TEMPLATE_TEST_CASE("offered: the answer that fills a peer holds its further requests", "", Rep,
                   RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer peer(rig, 1);
  rig.attach(peer);
  peer.arrive(wire({id}, "1"));
  peer.arrive(wire({id}, "2"));
  CHECK(echo(rig) == "1");
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(echo(rig) == "would_block");
  CHECK(sent_to(peer) == Texts{wire({id}, "1")});
  rig.detach(peer);
}

TEMPLATE_TEST_CASE("offered: with room again and ended, a peer stays offered", "", Rep, RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer peer(rig, 1);
  rig.attach(peer);
  peer.arrive(wire({id}, "1"));
  peer.arrive(wire({id}, "2"));
  peer.make_room(2);
  CHECK(rig.protocol.can_receive());
  peer.end();
  CHECK(rig.receive_all() == Texts{"1", "2"});
  CHECK(rig.owner.drained == 1);
  rig.detach(peer);
}

TEMPLATE_TEST_CASE("offered: taking the last request of the last peer ends it", "", Rep, RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  CHECK(rig.receive() == "q");
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  rig.detach(peer);
}

TEMPLATE_TEST_CASE("offered: a peer that is detached is gone, the others stay", "", Rep, RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  a.arrive(wire({id}, "a"));
  b.arrive(wire({id}, "b"));
  rig.detach(a);
  CHECK(rig.receive_all() == Texts{"b"});
  rig.detach(b);
  CHECK_FALSE(rig.protocol.can_receive());
}

// --- held ---------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("held: a full requester is not served and holds up nobody", "", Rep, RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer full(rig, 0, 1);
  Peer other(rig);
  rig.attach(full);
  rig.attach(other);
  for (const char* text : {"f1", "f2"}) full.arrive(wire({id}, text));
  for (const char* text : {"1", "2", "3"}) other.arrive(wire({id}, text));
  for (const char* text : {"1", "2", "3", "would_block"}) CHECK(echo(rig) == text);
  CHECK(sent_to(other).size() == 3);
  CHECK(full.sent.empty());
  full.make_room(5);
  for (const char* text : {"f1", "f2", "would_block"}) CHECK(echo(rig) == text);
  rig.detach(full);
  rig.detach(other);
}

TEMPLATE_TEST_CASE("held: a further request is no news", "", Rep, RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer peer(rig, 0);
  rig.attach(peer);
  peer.arrive(wire({id}, "1"));
  CHECK(rig.notices([&] { peer.arrive(wire({id}, "2")); }) == 0);
  CHECK_FALSE(rig.protocol.can_receive());
  rig.detach(peer);
}

TEMPLATE_TEST_CASE("held: room offers the requests and the user is told", "", Rep, RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer peer(rig, 0);
  rig.attach(peer);
  peer.arrive(wire({id}, "1"));
  peer.arrive(wire({id}, "2"));
  peer.make_room(2);
  CHECK(rig.host.readable == 1);
  CHECK(echo(rig) == "1");
  CHECK(echo(rig) == "2");
  rig.detach(peer);
}

TEMPLATE_TEST_CASE("held: the end offers the requests and the user is told", "", Rep, RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer peer(rig, 0);
  rig.attach(peer);
  peer.arrive(wire({id}, "1"));
  peer.arrive(wire({id}, "2"));
  peer.end();
  CHECK(rig.host.readable > 0);
  CHECK(rig.receive_all() == Texts{"1", "2"});
  CHECK(rig.owner.drained == 1);
  rig.detach(peer);
}

TEMPLATE_TEST_CASE("held: the end says it all, without news of something to take", "", Rep,
                   RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer peer(rig, 0);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  peer.set_user(nullptr);
  peer.end();
  peer.set_user(&rig.protocol);
  rig.protocol.on_pipe_ended(peer);
  CHECK(rig.host.readable == 1);
  CHECK(rig.receive() == "q");
  rig.detach(peer);
}

TEMPLATE_TEST_CASE("held: a peer that is detached is gone", "", Rep, RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer peer(rig, 0);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  rig.detach(peer);
  peer.set_room(1);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
}

// --- Peers and their numbers
// ----------------------------------------------------------------------

TEMPLATE_TEST_CASE("a peer whose number another one still has is refused", "", Rep, RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer first(rig);
  Peer second(rig);
  first.peer_number = second.peer_number = 5;
  REQUIRE(rig.attach(first) == Error::none);
  CHECK(rig.attach(second) == Error::refused);
  first.arrive(wire({id}, "q"));
  CHECK(echo(rig) == "q");
  CHECK(first.sent.size() == 1);
  first.end();
  CHECK(rig.attach(second) == Error::none);
  rig.detach(first);  // no longer who has that number
  second.arrive(wire({id}, "q"));
  CHECK(echo(rig) == "q");
  CHECK(second.sent.size() == 1);
  rig.detach(second);
}

TEMPLATE_TEST_CASE("without memory for its number a peer stays detached", "", Rep, RawRep) {
  testing::FakeMemory memory;
  testing::ProtocolRig<TestType> rig({}, &memory);
  Peer peer(rig);
  memory.fail_at = 1;
  CHECK(rig.attach(peer) == Error::no_memory);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.attach(peer) == Error::none);
  peer.arrive(wire({id}, "q"));
  CHECK(echo(rig) == "q");
  rig.detach(peer);
}

// --- Requests that make no sense (docs/wire.md §7.7)
// ----------------------------------------------

// Drops it, counts it, reports it, and serves the next request of the same peer.
template <typename P>
void check_dropped(const std::string& payload, Error reason, unsigned hop_limit = 8) {
  testing::ProtocolRig<P> rig(testing::hop_limit_of(hop_limit));
  Peer peer(rig);
  rig.attach(peer);
  CHECK(rig.notices([&] { CHECK_FALSE(peer.arrive(payload)); }) == 0);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(peer.stats().malformed == (reason == Error::malformed ? 1 : 0));
  CHECK(peer.stats().too_many_hops == (reason == Error::too_many_hops ? 1 : 0));
  CHECK(rig.owner.dropped == 1);
  CHECK(rig.owner.drop_reason == reason);
  CHECK_FALSE(peer.ended());
  peer.arrive(wire({id}, "q"));
  CHECK(echo(rig) == "q");
  CHECK(sent_to(peer) == Texts{wire({id}, "q")});
  rig.detach(peer);
}

TEMPLATE_TEST_CASE("a request of 0 to 3 bytes is dropped and the peer stays", "", Rep, RawRep) {
  for (const char* text : {"", "\x80", "\x80\x80", "\x80\x80\x80"})
    check_dropped<TestType>(text, Error::malformed);
}

TEMPLATE_TEST_CASE("a request without an id word is dropped and the peer stays", "", Rep, RawRep) {
  check_dropped<TestType>(wire({1}), Error::malformed);
  check_dropped<TestType>(wire({1, 2, 3}), Error::malformed);
}

TEMPLATE_TEST_CASE("a request that ends within its id word is dropped and the peer stays", "", Rep,
                   RawRep) {
  for (const char* rest : {"\x80", "\x80\x80", "\x80\x80\x80"})
    check_dropped<TestType>(wire({1, 2}, rest), Error::malformed);
}

TEMPLATE_TEST_CASE("a request of more words than the limit is dropped and the peer stays", "", Rep,
                   RawRep) {
  check_dropped<TestType>(far_wire(8, "q"), Error::too_many_hops);
  check_dropped<TestType>(far_wire(1, "q"), Error::too_many_hops, 1);
  check_dropped<TestType>(far_wire(255, "q"), Error::too_many_hops, 255);
}

TEMPLATE_TEST_CASE("a request of as many words as the limit is answered", "", Rep, RawRep) {
  const unsigned limit = GENERATE(1u, 8u, 255u);
  testing::ProtocolRig<TestType> rig(testing::hop_limit_of(limit));
  Peer peer(rig);
  rig.attach(peer);
  const std::string request = far_wire(limit - 1, "q");
  CHECK(peer.arrive(request));
  CHECK(echo(rig) == "q");
  CHECK(sent_to(peer) == Texts{request});
  rig.detach(peer);
}

TEMPLATE_TEST_CASE("a request with an empty body is delivered, and answered with nothing", "", Rep,
                   RawRep) {
  testing::ProtocolRig<TestType> rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}));
  Result<Message> request = rig.protocol.receive();
  REQUIRE(request.ok());
  CHECK(request->empty());
  CHECK(rig.protocol.send(*request) == Error::none);
  CHECK(sent_to(peer) == Texts{wire({id})});
  rig.detach(peer);
}

}  // namespace
}  // namespace spool::protocols
