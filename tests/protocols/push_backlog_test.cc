// Cell by cell, the table of the backlog in protocols/pipeline/push.h.
#include <catch2/catch.hpp>

#include "spool/protocols/pipeline/push.h"
#include "tests/support/fake_memory.h"
#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using Texts = std::vector<std::string>;

Texts numbers(int first, int last) {
  Texts texts;
  for (int i = first; i <= last; ++i) texts.push_back(std::to_string(i));
  return texts;
}

struct Rig : testing::ProtocolRig<Push> {
  using ProtocolRig::ProtocolRig;
  // A puller that takes messages `first` to `last` and dies, with the first of them partly written.
  // The others come back.
  void lose_one_with(int first, int last) {
    Peer peer(*this);
    peer.hold_sends();
    attach(peer);
    for (const std::string& text : numbers(first, last)) REQUIRE(send(text) == Error::none);
    peer.end();
    detach(peer);
  }
  [[nodiscard]] std::size_t waiting() const { return protocol.waiting_messages(); }
};

ProtocolOptions limits(std::size_t messages, std::size_t bytes = SIZE_MAX) {
  ProtocolOptions options;
  options.queue_messages = messages;
  options.queue_bytes = bytes;
  return options;
}

// --- empty: a message is returned ---------------------------------------------------------------

TEST_CASE("empty: a puller dies with ten queued, and the other gets nine of them, in order") {
  Rig rig;
  Peer dies(rig);
  Peer other(rig, 0);
  dies.hold_sends();
  rig.attach(dies);
  rig.attach(other);
  for (const std::string& text : numbers(1, 10)) REQUIRE(rig.send(text) == Error::none);
  other.make_room(100);
  dies.end();
  CHECK(other.texts() == numbers(2, 10));
  CHECK(dies.stats().lost == 1);
  CHECK(dies.stats().returned == 9);
  CHECK(rig.waiting() == 0);
  CHECK(rig.host.lost == 0);
  CHECK(rig.protocol.can_send());
  rig.detach(dies);
  rig.detach(other);
}

TEST_CASE("empty: what comes back is spread as any message, by priority and turn") {
  Rig rig;
  Peer low(rig, SIZE_MAX, 9);
  Peer a(rig, 0);
  Peer b(rig, 0);
  Peer dies(rig, SIZE_MAX, 1);
  dies.hold_sends();
  for (Peer* peer : {&low, &a, &b, &dies}) rig.attach(*peer);
  for (const std::string& text : numbers(1, 7)) REQUIRE(rig.send(text) == Error::none);
  a.make_room(2);
  b.make_room(2);
  dies.end();
  CHECK(a.texts() == Texts{"2", "4"});
  CHECK(b.texts() == Texts{"3", "5"});
  CHECK(low.texts() == Texts{"6", "7"});
  for (Peer* peer : {&low, &a, &b, &dies}) rig.detach(*peer);
}

TEST_CASE("empty: without another puller, what comes back waits") {
  Rig rig;
  rig.lose_one_with(1, 10);
  CHECK(rig.waiting() == 9);
  CHECK(rig.host.lost == 0);
}

TEST_CASE("empty: what the other puller has no room for waits, behind it") {
  Rig rig;
  Peer other(rig, 0, 16);
  rig.attach(other);
  Peer dies(rig);
  dies.hold_sends();
  rig.attach(dies);
  for (const std::string& text : numbers(1, 6)) REQUIRE(rig.send(text) == Error::none);
  other.make_room(2);
  dies.end();
  CHECK(other.texts() == Texts{"2", "3"});
  CHECK(rig.waiting() == 3);
  other.make_room(1);
  CHECK(other.texts() == Texts{"2", "3", "4"});
  CHECK(rig.waiting() == 2);
  rig.detach(dies);
  rig.detach(other);
}

TEST_CASE("a closing that is not an end returns nothing to a puller that is detached before") {
  Rig rig;
  Peer peer(rig);
  peer.hold_sends();
  rig.attach(peer);
  for (const std::string& text : numbers(1, 3)) REQUIRE(rig.send(text) == Error::none);
  rig.detach(peer);
  peer.end();
  CHECK(rig.waiting() == 0);
  CHECK(peer.stats().lost == 3);
}

// --- waiting ------------------------------------------------------------------------------------

TEST_CASE("waiting: the next puller that connects gets it, oldest first, and then the user") {
  Rig rig;
  rig.lose_one_with(1, 10);
  Peer next(rig);
  CHECK(rig.notices([&] { REQUIRE(rig.attach(next) == Error::none); }) == 1);
  CHECK(rig.waiting() == 0);
  CHECK(rig.protocol.can_send());
  CHECK(rig.send("11") == Error::none);
  CHECK(next.texts() == numbers(2, 11));
  rig.detach(next);
}

TEST_CASE("waiting: a puller with room again gets it, as far as it goes") {
  Rig rig;
  Peer slow(rig, 0);
  rig.attach(slow);
  rig.lose_one_with(1, 5);
  CHECK(rig.notices([&] { slow.make_room(3); }) == 0);
  CHECK(slow.texts() == numbers(2, 4));
  CHECK(rig.waiting() == 1);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.notices([&] { slow.make_room(2); }) == 1);
  CHECK(rig.waiting() == 0);
  CHECK(rig.send("6") == Error::none);
  CHECK(slow.texts() == numbers(2, 6));
  rig.detach(slow);
}

TEST_CASE("waiting: a send would block and keeps its message, so that the order stays") {
  Rig rig;
  rig.lose_one_with(1, 2);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.send("3") == Error::would_block);
  CHECK(rig.waiting() == 1);
}

TEST_CASE("waiting: what comes back is kept behind what is there") {
  Rig rig;
  rig.lose_one_with(1, 3);
  Peer next(rig, 1);
  next.hold_sends();
  Peer last(rig, 0);
  rig.attach(last);
  rig.attach(next);  // takes "2"; "3" waits
  REQUIRE(rig.waiting() == 1);
  next.make_room(3);
  for (const char* text : {"4", "5"}) REQUIRE(rig.send(text) == Error::none);
  next.end();  // "2" is partly written
  CHECK(rig.waiting() == 3);
  last.make_room(10);
  CHECK(last.texts() == Texts{"3", "4", "5"});
  rig.detach(next);
  rig.detach(last);
}

TEST_CASE("waiting: a puller that comes full, ends or goes changes nothing") {
  Rig rig;
  rig.lose_one_with(1, 3);
  Peer ends(rig, 0);
  Peer goes(rig, 0);
  CHECK(rig.notices([&] {
    rig.attach(ends);
    rig.attach(goes);
    ends.end();
    rig.detach(goes);
  }) == 0);
  CHECK(rig.waiting() == 2);
  rig.detach(ends);
}

// --- limits -------------------------------------------------------------------------------------

TEST_CASE("at the limit of messages the newest are lost, and told") {
  Rig rig(limits(4));
  rig.lose_one_with(1, 10);
  CHECK(rig.waiting() == 4);
  CHECK(rig.host.lost == 5);
  Peer next(rig);
  rig.attach(next);
  CHECK(next.texts() == numbers(2, 5));
  rig.detach(next);
}

TEST_CASE("at the limit of bytes the newest are lost, and told; one of any size fits") {
  Rig rig(limits(100, 3));
  SECTION("several") {
    rig.lose_one_with(1, 9);
    CHECK(rig.waiting() == 3);
    CHECK(rig.host.lost == 5);
  }
  SECTION("one") {
    rig.lose_one_with(10'000, 10'002);
    CHECK(rig.waiting() == 1);
    CHECK(rig.host.lost == 1);
  }
}

TEST_CASE("what went out makes room for what comes back later") {
  Rig rig(limits(2, 2));
  for (int round = 0; round < 5; ++round) {
    rig.lose_one_with(1, 3);
    CHECK(rig.waiting() == 2);
    Peer next(rig);
    rig.attach(next);
    CHECK(rig.waiting() == 0);
    CHECK(next.texts() == Texts{"2", "3"});
    rig.detach(next);
  }
  CHECK(rig.host.lost == 0);
}

TEST_CASE("what waits when the socket is closed goes back to the pool") {
  testing::PipeWorld world;
  {
    Rig rig;
    rig.lose_one_with(1, 600);
    CHECK(rig.waiting() == 599);
    CHECK(rig.host.timers.size() == 0);
  }  // the pool would abort
}

// --- no memory ----------------------------------------------------------------------------------

TEST_CASE("a returned message that the other puller has no memory for is kept, and goes soon") {
  Rig rig;
  Peer dies(rig);
  Peer other(rig, 0);
  dies.hold_sends();
  rig.attach(dies);
  rig.attach(other);
  for (const std::string& text : numbers(1, 5)) REQUIRE(rig.send(text) == Error::none);
  other.make_room(100);
  other.failures = 1;
  dies.end();
  CHECK(other.sent.empty());
  CHECK(rig.waiting() == 4);
  CHECK(rig.send("6") == Error::would_block);
  CHECK_FALSE(rig.protocol.can_send());
  CHECK(rig.notices([&] { rig.host.advance(std::chrono::milliseconds(5)); }) == 1);
  CHECK(other.texts() == numbers(2, 5));
  CHECK(rig.waiting() == 0);
  CHECK(rig.protocol.can_send());
  CHECK(rig.host.lost == 0);
  CHECK(rig.host.timers.size() == 0);
  rig.detach(dies);
  rig.detach(other);
}

TEST_CASE("a backlog that finds no memory on its way out goes on where it was") {
  Rig rig;
  rig.lose_one_with(1, 5);
  Peer next(rig);
  next.failures = 3;
  CHECK(rig.notices([&] { rig.attach(next); }) == 0);
  CHECK(rig.waiting() == 4);
  for (int tries = 0; tries < 2; ++tries) {
    CHECK(rig.notices([&] { rig.host.advance(std::chrono::milliseconds(5)); }) == 0);
    CHECK(rig.waiting() == 4);
  }
  CHECK(rig.notices([&] { rig.host.advance(std::chrono::milliseconds(5)); }) == 1);
  CHECK(next.texts() == numbers(2, 5));
  rig.detach(next);
}

TEST_CASE("when the puller without memory goes, the backlog waits for the next one") {
  Rig rig;
  rig.lose_one_with(1, 3);
  Peer poor(rig);
  poor.failures = 1;
  rig.attach(poor);
  rig.detach(poor);
  rig.host.advance(std::chrono::seconds(1));
  CHECK(rig.waiting() == 2);
  CHECK(rig.host.timers.size() == 0);
  Peer next(rig);
  rig.attach(next);
  CHECK(next.texts() == numbers(2, 3));
  rig.detach(next);
}

TEST_CASE("a closing socket takes its timer along") {
  testing::FakeHost host;
  testing::PipeWorld world;
  ProtocolOptions options;
  {
    Push push({host, world.system, world.pool, options});
    Peer gone(world, 0);
    push.on_returned(gone, world.message("x"));
    Peer poor(world);
    poor.failures = 1;
    REQUIRE(push.attach(poor) == Error::none);
    CHECK(host.timers.size() == 1);
    push.detach(poor);
  }
  CHECK(host.timers.size() == 0);
}

TEST_CASE("what there is no memory to keep is lost, and told once when its puller has ended") {
  testing::FakeHost host;
  testing::FakeMemory memory;
  MessagePool pool(memory, 0);
  testing::PipeWorld world;
  ProtocolOptions options;
  Push push({host, memory, pool, options});
  Peer peer(world, 0);
  memory.fail_at = 1;
  memory.keep_failing = true;
  push.on_returned(peer, world.message("x"));
  push.on_returned(peer, world.message("y"));
  CHECK(push.waiting_messages() == 0);
  memory.stop_failing();
  push.on_returned(peer, world.message("z"));
  CHECK(push.waiting_messages() == 1);
  CHECK(host.lost == 0);
  SECTION("or is closed") { push.detach(peer); }
  SECTION("by itself") {
    push.on_pipe_ended(peer);
    CHECK(host.lost == 2);
    push.detach(peer);
  }
  CHECK(host.lost == 2);
}

TEST_CASE("a send without memory and without a backlog says so, and needs no timer") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.failures = 1;
  CHECK(rig.send("x") == Error::no_memory);
  CHECK(rig.waiting() == 0);
  CHECK(rig.host.timers.size() == 0);
  CHECK(rig.send("x") == Error::none);
  rig.detach(peer);
}

}  // namespace
}  // namespace spool::protocols
