// Cell by cell, the row "sent" of the table in protocols/reqrep/req.h, on the socket's own
// exchange.
#include "tests/protocols/req_rig.h"

namespace spool::protocols {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::last_id;
using testing::never_resending;
using testing::Replier;
using testing::reply;
using testing::ReqRig;
using testing::resending;
using testing::Texts;
using testing::with_deadline;

// --- start --------------------------------------------------------------------------------------

TEST_CASE("sent: a new request has a new id, and the reply to the old one is dropped") {
  ReqRig rig;
  Replier peer(rig);
  rig.send("old");
  const std::uint32_t old = last_id(peer);
  CHECK(rig.send("new") == Error::none);
  CHECK(peer.texts() == Texts{"old", "new"});
  CHECK(last_id(peer) == old + 1);
  CHECK(rig.notices([&] { reply(peer, old, "to old"); }) == 0);
  CHECK(rig.stats().stale == 1);
  CHECK(rig.stats().resent == 0);
  CHECK(rig.receive() == "would_block");
  reply(peer, "to new");
  CHECK(rig.receive() == "to new");
}

TEST_CASE("sent: with a new request its times begin anew") {
  ReqRig rig({seconds(10), true, seconds(4)});
  Replier peer(rig);
  rig.send("old");
  rig.host.advance(seconds(3));
  rig.send("new");
  rig.host.advance(seconds(3));
  CHECK(peer.sent.size() == 2);
  rig.host.advance(seconds(1));
  CHECK(peer.texts() == Texts{"old", "new", "new"});
  rig.host.advance(seconds(5));
  CHECK_FALSE(rig.protocol.can_receive());
  rig.host.advance(seconds(1));
  CHECK(rig.receive() == "deadline_passed");
}

// --- A pipe can send ----------------------------------------------------------------------------

TEST_CASE("sent: peers that come or have room get nothing") {
  ReqRig rig;
  Replier peer(rig, 1);
  rig.send("q");
  peer.make_room(5);
  Replier other(rig);
  CHECK(peer.texts() == Texts{"q"});
  CHECK(other.texts().empty());
}

// --- The reply ----------------------------------------------------------------------------------

TEST_CASE("sent: the reply is there without its header, and the user is told once") {
  ReqRig rig(with_deadline(minutes(5)));
  Replier peer(rig);
  rig.send("q");
  CHECK(rig.notices([&] { reply(peer, "a"); }) == 1);
  CHECK(rig.host.writable == 0);
  CHECK(rig.protocol.can_receive());
  CHECK(rig.timers() == 0);
  CHECK(rig.stats().stale == 0);
  CHECK(peer.stats().messages_received == 1);
  CHECK_FALSE(peer.receivable());
  const Message received = rig.protocol.receive().value();
  CHECK(received.text() == "a");
  CHECK(received.header().empty());
  CHECK(received.peer() == peer.peer_number);
}

TEST_CASE("sent: a reply counts whoever it comes from") {
  ReqRig rig;
  Replier peer(rig);
  Replier other(rig);
  rig.send("q");
  reply(other, last_id(peer), "from another");
  CHECK(rig.receive() == "from another");
}

TEST_CASE("sent: a late reply of the peer that had the request before counts") {
  ReqRig rig(resending(seconds(1)));
  Replier first(rig);
  Replier second(rig);
  rig.send("q");
  rig.host.advance(seconds(1));
  REQUIRE(second.texts() == Texts{"q"});
  reply(first, "late");
  CHECK(rig.timers() == 0);
  reply(second, "in time");
  CHECK(rig.stats().stale == 1);
  CHECK(rig.receive() == "late");
  second.end();
  first.end();
  CHECK(rig.waiting() == 0);
}

// --- The time to send it again ------------------------------------------------------------------

TEST_CASE("sent: when its time comes it goes to the next peer, with the same id") {
  ReqRig rig(resending(seconds(1)));
  Replier first(rig);
  Replier second(rig);
  rig.send("q");
  rig.host.advance(seconds(1) - milliseconds(1));
  CHECK(second.texts().empty());
  CHECK(rig.notices([&] { rig.host.advance(milliseconds(1)); }) == 0);
  CHECK(first.texts() == Texts{"q"});
  REQUIRE(second.texts() == Texts{"q"});
  CHECK(last_id(second) == last_id(first));
  CHECK(rig.stats().resent == 1);
  rig.host.advance(seconds(3));
  CHECK(first.texts() == Texts{"q", "q", "q"});
  CHECK(second.texts() == Texts{"q", "q"});
  CHECK(rig.stats().resent == 4);
}

TEST_CASE("sent: to the same peer when there is no other") {
  ReqRig rig(resending(seconds(1)));
  Replier peer(rig);
  rig.send("q");
  rig.host.advance(seconds(2));
  CHECK(peer.texts() == Texts{"q", "q", "q"});
  CHECK(rig.stats().resent == 2);
}

TEST_CASE("sent: by priority") {
  ReqRig rig(resending(seconds(1)));
  Replier low(rig, SIZE_MAX, 9);
  Replier high(rig, 2, 1);
  rig.send("q");
  rig.host.advance(seconds(1));
  CHECK(high.texts() == Texts{"q", "q"});
  CHECK(low.texts().empty());
  rig.host.advance(seconds(1));
  CHECK(high.texts() == Texts{"q", "q"});
  CHECK(low.texts() == Texts{"q"});
}

TEST_CASE("sent: when no peer can take it again it waits, and its time begins when one has") {
  ReqRig rig(resending(seconds(1)));
  Replier peer(rig, 1);
  rig.send("q");
  rig.host.advance(seconds(1));
  CHECK(rig.waiting() == 1);
  CHECK(rig.stats().resent == 0);
  rig.host.advance(hours(1));
  peer.make_room(5);
  CHECK(peer.texts() == Texts{"q", "q"});
  CHECK(rig.stats().resent == 1);
  rig.host.advance(seconds(1) - milliseconds(1));
  CHECK(peer.sent.size() == 2);
  rig.host.advance(milliseconds(1));
  CHECK(peer.sent.size() == 3);
}

TEST_CASE("sent: the time begins when a peer takes it, not when it was asked") {
  ReqRig rig(resending(seconds(10)));
  rig.send("q");
  rig.host.advance(seconds(9));
  Replier peer(rig);
  rig.host.advance(seconds(9));
  CHECK(peer.sent.size() == 1);
  rig.host.advance(seconds(1));
  CHECK(peer.sent.size() == 2);
}

TEST_CASE("sent: never again, if that is what was said") {
  ReqRig rig(never_resending());
  Replier peer(rig);
  rig.send("q");
  CHECK(rig.timers() == 0);
  rig.host.advance(hours(24));
  CHECK(peer.texts() == Texts{"q"});
  peer.sent.clear();
  CHECK(rig.pool.stats().blocks_in_use == 0);  // and so it is not kept
  reply(peer, 0x8000'0001u, "a");
  CHECK(rig.receive() == "a");
}

// --- Its pipe ends ------------------------------------------------------------------------------

TEST_CASE("sent: when its peer is lost it goes at once to another, with the same id") {
  const bool ends = GENERATE(true, false);
  ReqRig rig(resending(seconds(10)));
  Replier first(rig);
  Replier second(rig);
  rig.send("q");
  rig.host.advance(seconds(9));
  CHECK(rig.notices([&] { ends ? first.end() : first.leave(); }) == 0);
  REQUIRE(second.texts() == Texts{"q"});
  CHECK(last_id(second) == last_id(first));
  CHECK(first.texts() == Texts{"q"});
  CHECK(rig.stats().resent == 1);
  rig.host.advance(seconds(9));  // its time began anew
  CHECK(second.sent.size() == 1);
  rig.host.advance(seconds(1));
  CHECK(second.sent.size() == 2);
}

TEST_CASE("sent: when its peer is lost and no other can take it, it waits for one that can") {
  const bool ends = GENERATE(true, false);
  ReqRig rig;
  Replier first(rig);
  rig.send("q");
  Replier full(rig, 0);
  CHECK(rig.notices([&] { ends ? first.end() : first.leave(); }) == 0);
  CHECK(rig.waiting() == 1);
  CHECK(rig.timers() == 0);
  first.leave();
  CHECK(rig.waiting() == 1);
  full.make_room(1);
  REQUIRE(full.texts() == Texts{"q"});
  CHECK(last_id(full) == last_id(first));
  CHECK(rig.stats().resent == 1);
}

TEST_CASE("sent: the loss of a peer that had it before changes nothing") {
  const bool ends = GENERATE(true, false);
  ReqRig rig(resending(seconds(1)));
  Replier first(rig);
  Replier second(rig);
  rig.send("q");
  rig.host.advance(seconds(1));
  Replier third(rig);
  ends ? first.end() : first.leave();
  CHECK(second.texts() == Texts{"q"});
  CHECK(third.texts().empty());
  second.end();
  CHECK(third.texts() == Texts{"q"});
}

TEST_CASE("sent: a request that is never sent again fails with its peer") {
  const bool ends = GENERATE(true, false);
  ReqRig rig({seconds(10), false, seconds(1)});
  Replier peer(rig);
  Replier other(rig);
  rig.send("q");
  CHECK(rig.notices([&] { ends ? peer.end() : peer.leave(); }) == 1);
  CHECK(other.texts().empty());
  CHECK(rig.waiting() == 0);
  CHECK(rig.timers() == 0);
  CHECK(rig.protocol.can_receive());
  CHECK(rig.receive() == "peer_closed");
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "wrong_state");
  reply(other, 0x8000'0001u, "late");
  CHECK(rig.stats().stale == 1);
}

// --- deadline, cancel, receive ------------------------------------------------------------------

TEST_CASE("sent: the deadline ends it, and the user is told once") {
  ReqRig rig({seconds(5), true, seconds(3)});
  Replier peer(rig);
  rig.send("q");
  rig.host.advance(seconds(5) - milliseconds(1));
  CHECK(rig.receive() == "would_block");
  CHECK(rig.notices([&] { rig.host.advance(milliseconds(1)); }) == 1);
  CHECK(rig.protocol.can_receive());
  CHECK(rig.timers() == 0);
  CHECK(peer.sent.size() == 2);  // after three seconds, and not after the deadline
  CHECK(rig.receive() == "deadline_passed");
}

TEST_CASE("sent: the deadline counts from the request, whatever it went through") {
  ReqRig rig(with_deadline(seconds(5)));
  rig.send("q");
  rig.host.advance(seconds(2));
  {
    Replier peer(rig);
    rig.host.advance(seconds(2));
  }
  Replier next(rig);
  REQUIRE(next.texts() == Texts{"q"});
  rig.host.advance(seconds(1));
  CHECK(rig.receive() == "deadline_passed");
}

TEST_CASE("sent: cancelled, the reply is dropped and no time runs") {
  ReqRig rig({seconds(90), true, seconds(60)});
  Replier peer(rig);
  rig.send("q");
  CHECK(rig.notices([&] { CHECK(rig.protocol.cancel() == Error::none); }) == 0);
  CHECK(rig.timers() == 0);
  CHECK(rig.receive() == "wrong_state");
  CHECK(rig.notices([&] { reply(peer, "late"); }) == 0);
  CHECK(rig.stats().stale == 1);
  CHECK_FALSE(rig.protocol.can_receive());
  Replier other(rig);
  peer.end();
  CHECK(other.texts().empty());
  peer.sent.clear();
  CHECK(rig.pool.stats().blocks_in_use == 0);
  CHECK(rig.protocol.cancel() == Error::wrong_state);
}

TEST_CASE("sent: receiving would block, and the request goes on") {
  ReqRig rig;
  Replier peer(rig);
  rig.send("q");
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  CHECK(rig.receive() == "would_block");
  reply(peer, "a");
  CHECK(rig.receive() == "a");
}

}  // namespace
}  // namespace spool::protocols
