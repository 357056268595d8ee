// Cell by cell, the table in protocols/reqrep/req.h, on the socket's own exchange: idle, waiting,
// answered and failed. Sent is in req_sent_test.cc.
#include "tests/protocols/req_rig.h"

namespace spool::protocols {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::never_resending;
using testing::Replier;
using testing::reply;
using testing::ReqRig;
using testing::resending;
using testing::Texts;
using testing::with_deadline;

// --- idle ---------------------------------------------------------------------------------------

TEST_CASE("idle: a request goes at once to a peer that can take it, behind its id") {
  ReqRig rig;
  Replier peer(rig);
  CHECK(rig.notices([&] { CHECK(rig.send("q") == Error::none); }) == 0);
  REQUIRE(peer.texts() == Texts{"q"});
  CHECK(peer.sent[0].header().size() == 4);
  CHECK(testing::word_at(peer.sent[0]) == 0x8000'0001u);
  CHECK(rig.waiting() == 0);
}

TEST_CASE("idle: without a peer a request is taken and waits") {
  ReqRig rig;
  CHECK(rig.protocol.can_send());
  CHECK(rig.send("q") == Error::none);
  CHECK(rig.waiting() == 1);
  CHECK(rig.protocol.can_send());
}

TEST_CASE("idle: a reply is dropped and counted") {
  ReqRig rig;
  Replier peer(rig);
  CHECK(rig.notices([&] { reply(peer, 0x8000'0001u, "a"); }) == 0);
  CHECK(rig.stats().stale == 1);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK_FALSE(peer.receivable());
}

TEST_CASE("idle: peers come and go and nobody is told") {
  ReqRig rig;
  const int notices = rig.notices([&] {
    Replier ended(rig);
    Replier detached(rig, 0);
    detached.make_room(1);
    ended.end();
    detached.leave();
    CHECK(ended.sent.empty());
    CHECK(detached.sent.empty());
  });
  CHECK(notices == 0);
}

TEST_CASE("idle: no time runs") {
  ReqRig rig(with_deadline(seconds(1)));
  Replier peer(rig);
  CHECK(rig.timers() == 0);
}

TEST_CASE("idle: there is nothing to cancel and nothing to receive") {
  ReqRig rig;
  CHECK(rig.protocol.cancel() == Error::wrong_state);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "wrong_state");
}

// --- waiting ------------------------------------------------------------------------------------

TEST_CASE("waiting: a new request takes the place of the old one") {
  ReqRig rig(with_deadline(seconds(5)));
  rig.send("old");
  rig.host.advance(seconds(4));
  CHECK(rig.send("new") == Error::none);
  CHECK(rig.waiting() == 1);
  Replier peer(rig);
  REQUIRE(peer.texts() == Texts{"new"});
  CHECK(testing::last_id(peer) == 0x8000'0002u);
  reply(peer, 0x8000'0001u, "to old");
  CHECK(rig.stats().stale == 1);
  rig.host.advance(seconds(4));  // the old deadline went with it
  CHECK(rig.receive() == "would_block");
  rig.host.advance(seconds(1));
  CHECK(rig.receive() == "deadline_passed");
}

TEST_CASE("waiting: the request goes to a peer that comes") {
  ReqRig rig;
  rig.send("q");
  Replier full(rig, 0);
  CHECK(rig.waiting() == 1);
  Replier peer(rig);
  CHECK(rig.waiting() == 0);
  CHECK(peer.texts() == Texts{"q"});
  CHECK(full.texts().empty());
  CHECK(rig.stats().resent == 0);
}

TEST_CASE("waiting: the request goes to a peer that has room again") {
  ReqRig rig;
  Replier peer(rig, 0);
  rig.send("q");
  CHECK(rig.notices([&] { peer.make_room(1); }) == 0);
  CHECK(peer.texts() == Texts{"q"});
  CHECK(rig.waiting() == 0);
  peer.make_room(5);
  CHECK(peer.texts() == Texts{"q"});
}

// It was sent, its time came, and no peer could take it again.
struct WaitingAgain : ReqRig {
  WaitingAgain() : ReqRig(resending(seconds(1))) {
    send("q");
    host.advance(seconds(1));
    REQUIRE(waiting() == 1);
  }
  Replier peer{*this, 1};
};

TEST_CASE("waiting: a late reply is the reply, and nothing is sent any more") {
  WaitingAgain rig;
  CHECK(rig.notices([&] { reply(rig.peer, "late"); }) == 1);
  CHECK(rig.waiting() == 0);
  CHECK(rig.timers() == 0);
  rig.peer.make_room(5);
  Replier other(rig);
  CHECK(rig.peer.texts() == Texts{"q"});
  CHECK(other.texts().empty());
  CHECK(rig.receive() == "late");
}

TEST_CASE("waiting: the time to send it again does not run") {
  WaitingAgain rig;
  CHECK(rig.timers() == 0);
  rig.host.advance(hours(1));
  CHECK(rig.waiting() == 1);
  CHECK(rig.stats().resent == 0);
}

TEST_CASE("waiting: the end of the peer that had it, and of any other, changes nothing") {
  WaitingAgain rig;
  Replier full(rig, 0);
  CHECK(rig.notices([&] {
    rig.peer.end();
    full.end();
    rig.peer.leave();
    full.leave();
  }) == 0);
  CHECK(rig.waiting() == 1);
  Replier next(rig);
  CHECK(next.texts() == Texts{"q"});
  CHECK(rig.stats().resent == 1);
}

TEST_CASE("waiting: a request that is never sent again outlives peers that did not get it") {
  ReqRig rig(never_resending());
  Replier full(rig, 0);
  rig.send("q");
  CHECK(rig.notices([&] { full.end(); }) == 0);
  full.leave();
  CHECK(rig.waiting() == 1);
  Replier next(rig);
  CHECK(next.texts() == Texts{"q"});
}

TEST_CASE("waiting: the deadline ends it, and nothing is sent any more") {
  ReqRig rig(with_deadline(seconds(5)));
  rig.send("q");
  rig.host.advance(seconds(5) - milliseconds(1));
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.notices([&] { rig.host.advance(milliseconds(1)); }) == 1);
  CHECK(rig.protocol.can_receive());
  CHECK(rig.waiting() == 0);
  Replier peer(rig);
  CHECK(peer.texts().empty());
  CHECK(rig.receive() == "deadline_passed");
}

TEST_CASE("waiting: cancelled, nothing is sent and no time runs") {
  ReqRig rig(with_deadline(seconds(5)));
  rig.send("q");
  CHECK(rig.notices([&] { CHECK(rig.protocol.cancel() == Error::none); }) == 0);
  CHECK(rig.waiting() == 0);
  CHECK(rig.timers() == 0);
  Replier peer(rig);
  CHECK(peer.texts().empty());
  CHECK(rig.receive() == "wrong_state");
  CHECK(rig.protocol.cancel() == Error::wrong_state);
}

TEST_CASE("waiting: receiving would block, and nothing is lost") {
  ReqRig rig;
  rig.send("q");
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  Replier peer(rig);
  reply(peer, "a");
  CHECK(rig.receive() == "a");
}

// --- answered -----------------------------------------------------------------------------------

struct Answered : ReqRig {
  Answered() : ReqRig({seconds(90), true, seconds(60)}) {
    send("q");
    reply(peer, "a");
    REQUIRE(protocol.can_receive());
  }
  Replier peer{*this};
};

TEST_CASE("answered: the reply is received once") {
  Answered rig;
  CHECK(rig.receive() == "a");
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "wrong_state");
  CHECK(rig.protocol.cancel() == Error::wrong_state);
}

TEST_CASE("answered: a new request drops the reply") {
  Answered rig;
  CHECK(rig.send("next") == Error::none);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  CHECK(rig.peer.texts() == Texts{"q", "next"});
  reply(rig.peer, "b");
  CHECK(rig.receive() == "b");
}

TEST_CASE("answered: the first reply is kept, a second one dropped and counted") {
  Answered rig;
  CHECK(rig.notices([&] { reply(rig.peer, "second"); }) == 0);
  CHECK(rig.stats().stale == 1);
  CHECK(rig.receive() == "a");
  reply(rig.peer, "third");
  CHECK(rig.stats().stale == 2);
  CHECK_FALSE(rig.protocol.can_receive());
}

TEST_CASE("answered: peers come, make room and go without another sending") {
  Answered rig;
  Replier other(rig, 0);
  CHECK(rig.notices([&] {
    other.make_room(5);
    rig.peer.end();
    rig.peer.leave();
  }) == 0);
  CHECK(other.texts().empty());
  CHECK(rig.waiting() == 0);
  CHECK(rig.receive() == "a");
}

TEST_CASE("answered: no time runs any more") {
  Answered rig;
  CHECK(rig.timers() == 0);
  rig.host.advance(hours(1));
  CHECK(rig.peer.texts() == Texts{"q"});
  CHECK(rig.receive() == "a");
}

TEST_CASE("answered: cancelled, the reply is gone") {
  Answered rig;
  CHECK(rig.notices([&] { CHECK(rig.protocol.cancel() == Error::none); }) == 0);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "wrong_state");
  const std::size_t held = rig.pool.stats().blocks_in_use;
  rig.peer.sent.clear();
  CHECK(rig.pool.stats().blocks_in_use == held - 1);  // the request at its peer was the last
  CHECK(held == 1);
}

// --- failed -------------------------------------------------------------------------------------

struct Failed : ReqRig {
  Failed() : ReqRig({seconds(1), true, seconds(60)}) {
    send("q");
    host.advance(seconds(1));
    REQUIRE(protocol.can_receive());
  }
  Replier peer{*this};
};

TEST_CASE("failed: the reason is told once") {
  Failed rig;
  CHECK(rig.receive() == "deadline_passed");
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "wrong_state");
  CHECK(rig.protocol.cancel() == Error::wrong_state);
}

TEST_CASE("failed: a new request, and nobody hears of the old one") {
  Failed rig;
  CHECK(rig.send("next") == Error::none);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  CHECK(rig.peer.texts() == Texts{"q", "next"});
  reply(rig.peer, "a");
  CHECK(rig.receive() == "a");
}

TEST_CASE("failed: a reply is too late, dropped and counted") {
  Failed rig;
  CHECK(rig.notices([&] { reply(rig.peer, "late"); }) == 0);
  CHECK(rig.stats().stale == 1);
  CHECK(rig.receive() == "deadline_passed");
}

TEST_CASE("failed: peers come, make room and go without another sending") {
  Failed rig;
  Replier other(rig, 0);
  CHECK(rig.notices([&] {
    other.make_room(5);
    rig.peer.end();
    rig.peer.leave();
  }) == 0);
  CHECK(other.texts().empty());
  CHECK(rig.waiting() == 0);
}

TEST_CASE("failed: no time runs any more, and the request is not kept") {
  Failed rig;
  CHECK(rig.timers() == 0);
  rig.host.advance(hours(1));
  CHECK(rig.peer.texts() == Texts{"q"});
  rig.peer.sent.clear();
  CHECK(rig.pool.stats().blocks_in_use == 0);
}

TEST_CASE("failed: cancelled, the reason is not told") {
  Failed rig;
  CHECK(rig.notices([&] { CHECK(rig.protocol.cancel() == Error::none); }) == 0);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "wrong_state");
}

}  // namespace
}  // namespace spool::protocols
