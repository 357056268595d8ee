// Any number of requests at a time: protocols/reqrep/rep.h.
#include <catch2/catch.hpp>

#include "spool/protocols/reqrep/rep.h"
#include "tests/protocols/backtrace_fixture.h"

namespace spool::protocols {
namespace {

using testing::far_wire;
using testing::id;
using testing::Peer;
using testing::sent_to;
using testing::text_of;
using testing::wire;
using Rig = testing::ProtocolRig<Rep>;
using Texts = std::vector<std::string>;

// The next request; there is one.
Message next_request(Rig& rig) { return rig.protocol.receive_request().value(); }

Error reply(Rig& rig, const Message& request, std::string_view text) {
  Message answer = rig.message(text);
  const Error error = rig.protocol.reply(request, answer);
  if (error == Error::none ? !answer.empty() : answer.text() != text) return Error::wrong_state;
  return error;
}

TEST_CASE("a request comes with its way back in the header and its requester's number") {
  Rig rig;
  Peer first(rig);
  Peer peer(rig);
  rig.attach(first);
  rig.attach(peer);
  peer.arrive(wire({7, id}, "q"));
  const Message request = next_request(rig);
  CHECK(text_of(request.header()) == wire({7, id}));
  CHECK(request.text() == "q");
  CHECK(request.peer() == peer.peer_number);
  CHECK(rig.protocol.receive_request().error() == Error::would_block);
  rig.detach(first);
  rig.detach(peer);
}

TEST_CASE("requests are answered in any order, each to who asked, the same peer's too") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  a.arrive(wire({1, id}, "a1"));
  b.arrive(wire({id + 1}, "b1"));
  a.arrive(wire({2, 3, id + 2}, "a2"));
  const Message a1 = next_request(rig);
  const Message b1 = next_request(rig);
  const Message a2 = next_request(rig);
  CHECK(reply(rig, a2, "to a2") == Error::none);
  CHECK(reply(rig, b1, "to b1") == Error::none);
  CHECK(reply(rig, a1, "to a1") == Error::none);
  CHECK(sent_to(a) == Texts{wire({2, 3, id + 2}, "to a2"), wire({1, id}, "to a1")});
  CHECK(sent_to(b) == Texts{wire({id + 1}, "to b1")});
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("a request can have several answers") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  const Message request = next_request(rig);
  CHECK(reply(rig, request, "1") == Error::none);
  CHECK(reply(rig, request, "2") == Error::none);
  CHECK(sent_to(peer) == Texts{wire({id}, "1"), wire({id}, "2")});
  rig.detach(peer);
}

TEST_CASE("the socket's own request and the others know nothing of each other") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  for (const char* text : {"own", "other"}) peer.arrive(wire({id}, text));
  CHECK(rig.receive() == "own");
  const Message other = next_request(rig);
  CHECK(rig.protocol.can_send());
  CHECK(reply(rig, other, "to other") == Error::none);
  CHECK(rig.protocol.can_send());
  CHECK(rig.send("to own") == Error::none);
  CHECK(sent_to(peer) == Texts{wire({id}, "to other"), wire({id}, "to own")});
  rig.detach(peer);
}

TEST_CASE("taking a request beside it does not make the socket answer") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  const Message request = next_request(rig);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("a") == Error::wrong_state);
  rig.detach(peer);
}

TEST_CASE("a reply to a requester that is gone is the caller's again, and counted") {
  Rig rig;
  Peer ended(rig);
  Peer detached(rig);
  rig.attach(ended);
  rig.attach(detached);
  ended.arrive(wire({id}, "1"));
  detached.arrive(wire({id}, "2"));
  const Message of_ended = next_request(rig);
  const Message of_detached = next_request(rig);
  ended.end();
  rig.detach(detached);
  CHECK(reply(rig, of_ended, "a") == Error::peer_closed);
  CHECK(reply(rig, of_detached, "a") == Error::peer_closed);
  CHECK(rig.protocol.stats().unroutable == 2);
  rig.detach(ended);
}

TEST_CASE("a reply to a full requester would block, the others are answered, and room is told of") {
  Rig rig;
  Peer full(rig);
  Peer other(rig);
  rig.attach(full);
  rig.attach(other);
  full.arrive(wire({id}, "1"));
  other.arrive(wire({id}, "2"));
  const Message of_full = next_request(rig);
  const Message of_other = next_request(rig);
  full.set_room(0);
  CHECK(reply(rig, of_full, "a") == Error::would_block);
  CHECK(reply(rig, of_other, "b") == Error::none);
  const int writable = rig.host.writable;
  full.make_room(1);
  CHECK(rig.host.writable == writable + 1);
  CHECK(reply(rig, of_full, "a") == Error::none);
  CHECK(sent_to(full) == Texts{wire({id}, "a")});
  CHECK(rig.protocol.stats().unroutable == 0);
  rig.detach(full);
  rig.detach(other);
}

TEST_CASE("the reply that fills a requester holds its further requests") {
  Rig rig;
  Peer peer(rig, 1);
  rig.attach(peer);
  for (const char* text : {"1", "2"}) peer.arrive(wire({id}, text));
  const Message request = next_request(rig);
  CHECK(reply(rig, request, "a") == Error::none);
  CHECK_FALSE(rig.protocol.can_receive());
  peer.make_room(1);
  CHECK(next_request(rig).text() == "2");
  rig.detach(peer);
}

TEST_CASE("what is no request has no answer") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  Message own = rig.protocol.receive().value();
  CHECK(reply(rig, own, "a") == Error::invalid_argument);
  CHECK(reply(rig, Message(), "a") == Error::invalid_argument);
  CHECK(peer.sent.empty());
  rig.detach(peer);
}

TEST_CASE("a header that the answer has from elsewhere is not sent") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({id}, "1"));
  peer.arrive(wire({7, id + 1}, "2"));
  const Message request = next_request(rig);
  Message other = next_request(rig);
  CHECK(rig.protocol.reply(request, other) == Error::none);
  CHECK(sent_to(peer) == Texts{wire({id}, "2")});
  rig.detach(peer);
}

TEST_CASE("a request can be its own answer, also after a failure") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({7, id}, "q"));
  Message request = next_request(rig);
  peer.failures = 1;
  CHECK(rig.protocol.reply(request, request) == Error::no_memory);
  CHECK(rig.protocol.reply(request, request) == Error::none);
  CHECK(request.empty());
  CHECK(sent_to(peer) == Texts{wire({7, id}, "q")});
  rig.detach(peer);
}

TEST_CASE("an answer that shares its bytes with the request leaves the request as it is") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(wire({7, id}, "question"));
  const Message request = next_request(rig);
  Message answer = request.share();
  answer.drop_header();
  answer.truncate(5);
  CHECK(rig.protocol.reply(request, answer) == Error::none);
  CHECK(sent_to(peer) == Texts{wire({7, id}, "quest")});
  CHECK(text_of(request.payload()) == wire({7, id}, "question"));
  rig.detach(peer);
}

TEST_CASE("255 words in front of a request are in front of its reply") {
  Rig rig(testing::hop_limit_of(255));
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(far_wire(254, "q"));
  const Message request = next_request(rig);
  CHECK(request.header().size() == 1020);
  CHECK(reply(rig, request, "a") == Error::none);
  CHECK(sent_to(peer) == Texts{far_wire(254, "a")});
  rig.detach(peer);
}

TEST_CASE("without memory an answer stays as it is and can be sent later") {
  testing::ScarceRig<Rep> rig(testing::hop_limit_of(255));
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(far_wire(254, "q"));
  const Message request = rig.protocol.receive_request().value();
  Message answer = rig.message("a");
  rig.deny();
  CHECK(rig.protocol.reply(request, answer) == Error::no_memory);
  CHECK(answer.text() == "a");
  CHECK(answer.header().empty());
  rig.memory.stop_failing();
  peer.failures = 1;
  CHECK(rig.protocol.reply(request, answer) == Error::no_memory);
  CHECK(answer.text() == "a");
  CHECK(answer.header().empty());
  CHECK(rig.protocol.reply(request, answer) == Error::none);
  CHECK(sent_to(peer) == Texts{far_wire(254, "a")});
  rig.protocol.detach(peer);
}

TEST_CASE("nothing is there to be taken of a full requester") {
  Rig rig;
  Peer peer(rig, 0);
  rig.attach(peer);
  peer.arrive(wire({id}, "q"));
  CHECK(rig.protocol.receive_request().error() == Error::would_block);
  rig.detach(peer);
}

}  // namespace
}  // namespace spool::protocols
