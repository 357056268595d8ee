// REQ: the id in front of a request, what counts as a reply, and want of memory.
#include "tests/protocols/req_rig.h"

namespace spool::protocols {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::last_id;
using testing::never_resending;
using testing::Replier;
using testing::reply;
using testing::ReqRig;
using testing::resending;
using testing::Texts;
using testing::with_deadline;
using testing::with_word;
using testing::word_at;

// A REQ whose first id the test chooses, and whose messages have a memory that can fail.
struct Bare {
  testing::PipeWorld world;
  testing::FakeMemory memory;
  testing::FakeMemory message_memory;
  testing::FakeHost host;
  MessagePool pool{message_memory, 0};
  ProtocolOptions options;
  Req req;

  explicit Bare(std::uint32_t seed) : req({host, memory, pool, options, seed}) {
    world.config.inspects = world.config.routes = true;
  }
  void attach(testing::Peer& peer) {
    peer.set_user(&req);
    REQUIRE(req.attach(peer) == Error::none);
  }
};

std::vector<std::uint32_t> ids(const testing::FakePipe& peer) {
  std::vector<std::uint32_t> result;
  for (const Message& message : peer.sent) result.push_back(word_at(message));
  return result;
}

// --- Ids ----------------------------------------------------------------------------------------

TEST_CASE("ids begin where the seed says, count up, and have bit 31 set") {
  struct Case {
    std::uint32_t seed;
    std::vector<std::uint32_t> ids;
  };
  const auto& [seed, expected] = GENERATE(values<Case>({
      {0x1234'5678u, {0x9234'5678u, 0x9234'5679u, 0x9234'567au}},
      {0xffff'fffeu, {0xffff'fffeu, 0xffff'ffffu, 0x8000'0000u}},
      {0x7fff'ffffu, {0xffff'ffffu, 0x8000'0000u, 0x8000'0001u}},
      {0, {0x8000'0000u, 0x8000'0001u, 0x8000'0002u}},
  }));
  Bare bare(seed);
  testing::Peer peer(bare.world);
  bare.attach(peer);
  for (int i = 0; i < 3; ++i) {
    Message message = bare.world.message("q");
    REQUIRE(bare.req.send(message) == Error::none);
    CHECK(message.empty());
  }
  CHECK(ids(peer) == expected);
  // Each of them can be answered.
  reply(peer, expected.back(), "a");
  CHECK(bare.req.receive().value().text() == "a");
  bare.req.detach(peer);
}

TEST_CASE("a header that the message brings along stays behind") {
  ReqRig rig;
  Replier peer(rig);
  Message message = rig.message(with_word(0x8000'00ffu, "passed on"));
  message.body_to_header(4);
  Message kept = message.share();
  REQUIRE(rig.protocol.send(message) == Error::none);
  CHECK(message.payload().empty());
  CHECK(word_at(kept) == 0x8000'00ffu);
  REQUIRE(peer.sent.size() == 1);
  const std::span<const std::byte> payload = peer.sent[0].payload();
  CHECK(payload.size() == 4 + 9);
  CHECK(word_at(peer.sent[0]) == 0x8000'0001u);
  CHECK(peer.sent[0].text() == "passed on");
}

TEST_CASE("a message that is shared, and an empty one, can be asked") {
  ReqRig rig;
  Replier peer(rig);
  Message message = rig.message("q");
  const Message kept = message.share();
  REQUIRE(rig.protocol.send(message) == Error::none);
  CHECK(kept.text() == "q");
  CHECK(kept.header().empty());
  Message nothing;
  REQUIRE(rig.protocol.send(nothing) == Error::none);
  CHECK(peer.texts() == Texts{"q", ""});
  CHECK(peer.sent[1].payload().size() == 4);
  reply(peer, "");
  CHECK(rig.protocol.can_receive());
  CHECK(rig.receive() == "");
}

// --- What counts as a reply ---------------------------------------------------------------------

TEST_CASE("what is too short for an id is malformed, counted and reported") {
  ReqRig rig;
  Replier peer(rig);
  rig.send("q");
  for (const std::string_view text : {"", "a", "ab", "abc"}) CHECK_FALSE(peer.arrive(text));
  CHECK(peer.stats().malformed == 4);
  CHECK(rig.owner.dropped == 4);
  CHECK(rig.owner.drop_reason == Error::malformed);
  CHECK(rig.stats().stale == 0);
  CHECK(rig.receive() == "would_block");
  CHECK_FALSE(peer.ended());
}

TEST_CASE("what is no reply to anything asked is dropped and counted") {
  ReqRig rig;
  Replier peer(rig);
  rig.send("q");
  const std::uint32_t id = last_id(peer);
  const std::string wrong =
      GENERATE_COPY(with_word(id + 1, "not asked yet"), with_word(id - 1, "never asked"),
                    with_word(id & 0x7fff'ffffu, "bit 31 clear"), with_word(0, "nothing"),
                    with_word(7, ""), with_word(7, with_word(id, "one hop too many")));
  CHECK(rig.notices([&] { CHECK(peer.arrive(wrong)); }) == 0);
  CHECK(rig.stats().stale == 1);
  CHECK(peer.stats().malformed == 0);
  CHECK_FALSE(peer.receivable());
  CHECK(rig.receive() == "would_block");
  reply(peer, "a");
  CHECK(rig.receive() == "a");
}

TEST_CASE("only one word is taken away: the rest is the reply's own") {
  ReqRig rig;
  Replier peer(rig);
  rig.send("q");
  reply(peer, with_word(0x8000'0001u, "body"));
  CHECK(rig.receive() == with_word(0x8000'0001u, "body"));
}

TEST_CASE("a message that no pipe has looked at may be too short and does no harm") {
  ReqRig rig;
  Replier peer(rig);
  rig.send("q");
  Message tiny = rig.message("abc");
  CHECK(rig.protocol.route(peer, tiny));
  CHECK(tiny.empty());
  Message empty;
  CHECK(rig.protocol.route(peer, empty));
  CHECK(rig.stats().stale == 2);
}

// --- Want of memory -----------------------------------------------------------------------------

TEST_CASE("without memory for its id a request is not taken, and nothing else changes") {
  ReqRig rig(with_deadline(seconds(5)));
  Replier peer(rig);
  rig.memory.fail_at = 1;
  CHECK(rig.send("q") == Error::no_memory);  // the message is as it was
  CHECK(peer.sent.empty());
  CHECK(rig.timers() == 0);
  CHECK(rig.receive() == "wrong_state");
  CHECK(rig.send("q") == Error::none);
  CHECK(last_id(peer) == 0x8000'0001u);
}

TEST_CASE("without memory for its header a request is not taken, and the one before goes on") {
  Bare bare(1);
  testing::Peer peer(bare.world);
  bare.attach(peer);
  Message first = bare.world.message("first");
  REQUIRE(bare.req.send(first) == Error::none);
  // Its room in front is somebody else's, so it has to move to a block of its own.
  Message second = bare.world.message(with_word(0x8000'00ffu, "second"));
  second.body_to_header(4);
  bare.message_memory.fail_at = 1;
  bare.message_memory.keep_failing = true;
  CHECK(bare.req.send(second) == Error::no_memory);
  CHECK(second.text() == "second");
  CHECK(second.header().size() == 4);
  CHECK(peer.sent.size() == 1);
  CHECK(bare.host.timers.size() == 1);
  bare.message_memory.stop_failing();
  reply(peer, 0x8000'0002u, "to the second");
  CHECK(bare.req.stats().stale == 1);
  reply(peer, "to the first");
  CHECK(bare.req.receive().value().text() == "to the first");
  CHECK(bare.req.send(second) == Error::none);
  CHECK(last_id(peer) == 0x8000'0002u);
  bare.req.detach(peer);
  static_cast<void>(bare.req.cancel());
}

TEST_CASE("a peer for whose record there is no memory is not attached") {
  ReqRig rig;
  testing::Peer peer(rig);
  rig.memory.fail_at = 1;
  CHECK(rig.attach(peer) == Error::no_memory);
  CHECK(rig.send("q") == Error::none);
  CHECK(peer.sent.empty());
  CHECK(rig.attach(peer) == Error::none);
  CHECK(peer.texts() == Texts{"q"});
  rig.detach(peer);
  CHECK(peer.protocol_data == nullptr);
}

TEST_CASE("an exchange for which there is no memory is not opened") {
  ReqRig rig;
  testing::FakeExchangeHost host;
  rig.memory.fail_at = 1;
  CHECK(rig.protocol.open_exchange(host, {}).error() == Error::no_memory);
}

TEST_CASE("a request that a peer has no memory for waits, and is tried again shortly") {
  const ExchangeTimes times = GENERATE(ExchangeTimes{}, never_resending());
  ReqRig rig(times);
  Replier peer(rig);
  peer.failures = 3;
  CHECK(rig.send("q") == Error::none);
  CHECK(rig.waiting() == 1);
  CHECK(peer.sent.empty());
  rig.host.advance(milliseconds(4));
  CHECK(peer.failures == 2);
  rig.host.advance(milliseconds(1));
  CHECK(peer.failures == 1);
  CHECK(rig.waiting() == 1);
  rig.host.advance(milliseconds(10));
  CHECK(peer.texts() == Texts{"q"});
  CHECK(rig.waiting() == 0);
  CHECK(rig.stats().resent == 0);
  rig.host.advance(seconds(1));
  CHECK(peer.sent.size() == 1);
}

TEST_CASE("the next try takes along all that waits, and one more peer is a try too") {
  ReqRig rig;
  Replier peer(rig);
  testing::Conversation other(rig);
  peer.failures = 2;
  rig.send("1");
  REQUIRE(other.start("2") == Error::none);
  CHECK(rig.waiting() == 2);
  SECTION("in time") { rig.host.advance(milliseconds(5)); }
  SECTION("by room at the same peer") { peer.make_room(SIZE_MAX); }
  SECTION("by another request") {
    testing::Conversation third(rig);
    REQUIRE(third.start("3") == Error::none);
    third.cancel() == Error::none ? peer.sent.pop_back() : void();
  }
  CHECK(peer.texts() == Texts{"1", "2"});
  CHECK(rig.waiting() == 0);
}

TEST_CASE("a REQ that goes while it waits for memory leaves no timer behind") {
  testing::FakeHost host;
  {
    testing::PipeWorld world;
    const ProtocolOptions options;
    Req req({host, world.system, world.pool, options});
    testing::Peer peer(world);
    REQUIRE(req.attach(peer) == Error::none);
    peer.failures = 1;
    Message message = world.message("q");
    REQUIRE(req.send(message) == Error::none);
    req.detach(peer);
    CHECK(host.timers.size() == 1);
  }
  CHECK(host.timers.size() == 0);
}

}  // namespace
}  // namespace spool::protocols
