// REQ: several exchanges at a time on one socket.
#include <memory>

#include "tests/protocols/req_rig.h"

namespace spool::protocols {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Conversation;
using testing::last_id;
using testing::never_resending;
using testing::Replier;
using testing::reply;
using testing::ReqRig;
using testing::resending;
using testing::Texts;
using testing::with_deadline;
using testing::word_at;

TEST_CASE("replies come in any order, each to its own exchange") {
  ReqRig rig;
  Replier left(rig);
  Replier right(rig);
  Conversation a(rig);
  Conversation b(rig);
  Conversation c(rig);
  REQUIRE(a.start("a?") == Error::none);
  REQUIRE(b.start("b?") == Error::none);
  REQUIRE(c.start("c?") == Error::none);
  REQUIRE(rig.send("own?") == Error::none);
  CHECK(left.texts() == Texts{"a?", "c?"});
  CHECK(right.texts() == Texts{"b?", "own?"});

  reply(left, word_at(left.sent[1]), "c!");
  CHECK(c.notices() == 1);
  CHECK(c.receive() == "c!");
  reply(right, word_at(right.sent[1]), "own!");
  CHECK(rig.host.readable == 1);
  CHECK_FALSE(a.can_receive());
  CHECK(a.receive() == "would_block");
  reply(left, word_at(left.sent[0]), "a!");
  reply(right, word_at(right.sent[0]), "b!");
  CHECK(a.receive() == "a!");
  CHECK(b.receive() == "b!");
  CHECK(rig.receive() == "own!");
  CHECK(a.notices() == 1);
  CHECK(b.notices() == 1);
  CHECK(rig.host.readiness == 1);
  CHECK(rig.stats().stale == 0);
}

TEST_CASE("the socket's own exchange knows nothing of the others") {
  ReqRig rig;
  Replier peer(rig);
  Conversation other(rig);
  other.start("q");
  reply(peer, "a");
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "wrong_state");
  CHECK(rig.protocol.cancel() == Error::wrong_state);
  CHECK(rig.host.readiness == 0);
  CHECK(other.receive() == "a");
}

TEST_CASE("those that wait are served in the order in which they came") {
  ReqRig rig;
  Conversation a(rig);
  Conversation b(rig);
  Conversation c(rig);
  a.start("a");
  b.start("b");
  c.start("c");
  rig.send("own");
  CHECK(rig.waiting() == 4);
  a.start("a again");  // to the end of the line
  Replier peer(rig, 2);
  CHECK(peer.texts() == Texts{"b", "c"});
  CHECK(rig.waiting() == 2);
  peer.make_room(1);
  CHECK(peer.texts() == Texts{"b", "c", "own"});
  b.start("b again");
  peer.make_room(5);
  CHECK(peer.texts() == Texts{"b", "c", "own", "a again", "b again"});
}

TEST_CASE("several that wait are shared among the peers that come") {
  ReqRig rig;
  Replier first(rig, 0);
  Replier second(rig, 0, 3);
  std::vector<std::unique_ptr<Conversation>> all;
  for (const char* text : {"1", "2", "3", "4"}) {
    all.push_back(std::make_unique<Conversation>(rig));
    all.back()->start(text);
  }
  second.make_room(1);
  first.make_room(2);
  CHECK(second.texts() == Texts{"1"});
  CHECK(first.texts() == Texts{"2", "3"});
  CHECK(rig.waiting() == 1);
  Replier third(rig);
  CHECK(third.texts() == Texts{"4"});
}

TEST_CASE("a peer that is lost gives back what it had, in order, and nothing else") {
  const bool ends = GENERATE(true, false);
  ReqRig rig(never_resending());
  Replier lost(rig, SIZE_MAX, 1);
  Conversation answered(rig);
  Conversation a(rig);
  Conversation cancelled(rig);
  Conversation once(rig, never_resending());
  Conversation b(rig);
  for (Conversation* each : {&answered, &a, &cancelled, &once, &b}) each->start("q");
  reply(lost, word_at(lost.sent[0]), "a");
  REQUIRE(cancelled.cancel() == Error::none);
  rig.send("own");
  Replier other(rig, 1);
  ends ? lost.end() : lost.leave();
  REQUIRE(other.texts() == Texts{"q"});
  CHECK(last_id(other) == word_at(lost.sent[1]));
  CHECK(rig.waiting() == 1);
  other.make_room(9);
  CHECK(other.texts() == Texts{"q", "q"});
  CHECK(last_id(other) == word_at(lost.sent[4]));
  CHECK(rig.stats().resent == 2);
  CHECK(rig.receive() == "peer_closed");
  CHECK(once.receive() == "peer_closed");
  CHECK(once.notices() == 1);
  CHECK(a.notices() + b.notices() + cancelled.notices() == 0);
  CHECK(answered.receive() == "a");
}

TEST_CASE("each exchange has its own times") {
  ReqRig rig(with_deadline(seconds(1)));
  Replier peer(rig);
  Conversation patient(rig);
  Conversation hurried(rig, with_deadline(milliseconds(300)));
  Conversation insisting(rig, resending(milliseconds(400)));
  patient.start("patient");
  hurried.start("hurried");
  insisting.start("insisting");
  rig.send("own");
  rig.host.advance(milliseconds(300));
  CHECK(hurried.receive() == "deadline_passed");
  CHECK(hurried.notices() == 1);
  rig.host.advance(milliseconds(100));
  CHECK(peer.texts() == Texts{"patient", "hurried", "insisting", "own", "insisting"});
  rig.host.advance(milliseconds(600));
  CHECK(rig.receive() == "deadline_passed");
  CHECK(patient.receive() == "would_block");
  CHECK(insisting.receive() == "would_block");
}

TEST_CASE("one exchange asks again and again: only the last reply counts") {
  ReqRig rig;
  Replier peer(rig);
  Conversation other(rig);
  for (const char* text : {"1", "2", "3"}) other.start(text);
  for (const Message& sent : peer.sent) reply(peer, word_at(sent), sent.text());
  CHECK(rig.stats().stale == 2);
  CHECK(other.notices() == 1);
  CHECK(other.receive() == "3");
  CHECK(other.start("4") == Error::none);
  CHECK(other.receive() == "would_block");
}

TEST_CASE("an exchange is neither told of nor given topics") {
  ReqRig rig;
  Conversation other(rig);
  CHECK(other.exchange().subscribe({}) == Error::not_supported);
  CHECK(other.exchange().unsubscribe({}) == Error::not_supported);
}

// --- Full half-way ------------------------------------------------------------------------------

TEST_CASE("a peer that fills up half-way gets no more, and its own go on there") {
  ReqRig rig(resending(seconds(1)));
  Replier peer(rig, 2);
  Conversation a(rig, resending(seconds(1)));
  Conversation b(rig, resending(seconds(1)));
  Conversation c(rig, resending(seconds(1)));
  a.start("a");
  b.start("b");
  c.start("c");
  CHECK(peer.texts() == Texts{"a", "b"});
  CHECK(rig.waiting() == 1);
  reply(peer, word_at(peer.sent[0]), "a!");
  CHECK(a.receive() == "a!");
  rig.host.advance(seconds(1));
  CHECK(rig.waiting() == 2);  // b stands behind c now
  peer.make_room(2);
  CHECK(peer.texts() == Texts{"a", "b", "c", "b"});
  CHECK(rig.stats().resent == 1);
}

// --- close, in every state ----------------------------------------------------------------------

TEST_CASE("close: idle") {
  ReqRig rig;
  Conversation other(rig);
  other.close();
  CHECK(rig.timers() == 0);
}

TEST_CASE("close: waiting, it leaves the line and its times stop") {
  ReqRig rig;
  Conversation other(rig, with_deadline(seconds(1)));
  Conversation behind(rig);
  other.start("q");
  behind.start("behind");
  other.close();
  CHECK(rig.waiting() == 1);
  CHECK(rig.timers() == 0);
  Replier peer(rig);
  CHECK(peer.texts() == Texts{"behind"});
}

TEST_CASE("close: sent, the reply is dropped, the times stop, the peer may go") {
  ReqRig rig;
  Replier peer(rig);
  Conversation other(rig, {seconds(9), true, seconds(1)});
  other.start("q");
  CHECK(rig.timers() == 2);
  other.close();
  CHECK(rig.timers() == 0);
  reply(peer, "late");
  CHECK(rig.stats().stale == 1);
  CHECK(other.notices() == 0);
  peer.sent.clear();
  CHECK(rig.pool.stats().blocks_in_use == 0);
  peer.end();
}

TEST_CASE("close: answered, the reply goes with it") {
  ReqRig rig;
  Replier peer(rig);
  Conversation other(rig);
  other.start("q");
  reply(peer, "a");
  other.close();
  peer.sent.clear();
  CHECK(rig.pool.stats().blocks_in_use == 0);
}

TEST_CASE("close: failed") {
  ReqRig rig;
  Conversation other(rig, with_deadline(seconds(1)));
  other.start("q");
  rig.host.advance(seconds(1));
  CHECK(other.notices() == 1);
  other.close();
  CHECK(rig.timers() == 0);
}

TEST_CASE("closed exchanges are used again") {
  ReqRig rig;
  { Conversation other(rig); }
  const std::uint64_t before = rig.memory.requests;
  for (int i = 0; i < 10; ++i) Conversation other(rig);
  CHECK(rig.memory.requests == before);
}

TEST_CASE("a REQ that goes takes its own request along, wherever it stands") {
  testing::FakeHost host;
  testing::PipeWorld world;
  world.config.inspects = world.config.routes = true;
  testing::FakeMemory memory;
  const int stage = GENERATE(0, 1, 2, 3);
  {
    ProtocolOptions options;
    options.request = {seconds(1), true, seconds(9)};
    Req req({host, memory, world.pool, options});
    testing::Peer peer(world);
    peer.set_user(&req);
    if (stage > 0) REQUIRE(req.attach(peer) == Error::none);
    Message message = world.message("q");
    REQUIRE(req.send(message) == Error::none);
    if (stage == 2) reply(peer, "a");
    if (stage == 3) host.advance(seconds(1));
    if (stage > 0) req.detach(peer);
  }
  CHECK(host.timers.size() == 0);
  CHECK(world.pool.stats().blocks_in_use == 0);
  CHECK(memory.blocks() == 0);
  CHECK(memory.wrong_returns == 0);
}

}  // namespace
}  // namespace spool::protocols
