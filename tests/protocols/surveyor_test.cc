// Cell by cell, the table in protocols/survey/surveyor.h, by the socket's own survey.
#include "spool/protocols/survey/surveyor.h"

#include <catch2/catch.hpp>

#include "spool/protocols/policy/backtrace.h"
#include "tests/support/fake_memory.h"
#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using namespace std::chrono_literals;
using testing::Peer;
using Texts = std::vector<std::string>;

std::string bytes(std::span<const std::byte> span) {
  return {reinterpret_cast<const char*>(span.data()), span.size()};
}
// As a respondent sends it: `words`, then the answer.
std::string answer(std::initializer_list<std::uint32_t> words, std::string_view text) {
  std::string wire;
  for (const std::uint32_t word : words) wire += bytes(encode_word(word));
  return wire.append(text);
}
// The id of the last survey that reached this respondent.
std::uint32_t asked(const Peer& peer) {
  REQUIRE(peer.sent.size() != 0);
  REQUIRE(peer.sent.back().header().size() == word_size);
  return io::load_u32(peer.sent.back().header().data());
}

struct Rig : testing::ProtocolRig<Surveyor> {
  using ProtocolRig::ProtocolRig;
  // A survey that `peer` is asked; its id.
  std::uint32_t ask(Peer& peer, std::string_view text = "?") {
    REQUIRE(send(text) == Error::none);
    return asked(peer);
  }
  void time_out() { host.advance(options.survey_deadline); }
  [[nodiscard]] std::uint64_t stale() const { return protocol.stats().stale; }
};

// --- idle --------------------------------------------------------------------------------------

TEST_CASE("idle: there is nothing to receive, nothing to cancel, and one can ask") {
  Rig rig;
  CHECK(rig.protocol.can_send());
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "wrong_state");
  CHECK(rig.protocol.cancel() == Error::wrong_state);
}

TEST_CASE("idle: asking reaches every respondent, with the id word in front") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  CHECK(rig.send("who?") == Error::none);
  CHECK(a.texts() == Texts{"who?"});
  CHECK(b.texts() == Texts{"who?"});
  CHECK(asked(a) == (1u | id_bit));  // where the seed says
  CHECK(asked(b) == asked(a));
  CHECK(rig.receive() == "would_block");
  CHECK_FALSE(rig.protocol.can_receive());
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("idle: asking nobody is no error, and ends by its deadline") {
  Rig rig;
  CHECK(rig.send("anybody?") == Error::none);
  CHECK(rig.receive() == "would_block");
  rig.time_out();
  CHECK(rig.receive() == "deadline_passed");
  CHECK(rig.receive() == "wrong_state");
}

TEST_CASE("idle: an answer is stale") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  CHECK(rig.notices([&] { peer.arrive(answer({id_bit | 1}, "unasked")); }) == 0);
  CHECK(rig.stale() == 1);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "wrong_state");
  rig.detach(peer);
}

// A surveyor whose memory can be used up; its peer has enough.
struct Short : testing::PipeWorld {
  Short() {
    config.inspects = config.routes = true;
    peer.set_user(&surveyor);
    REQUIRE(surveyor.attach(peer) == Error::none);
    // No room is free in front of a body that somebody else has put a header to.
    other = message("?");
    question = other.share();
    REQUIRE(PipeWorld::pool.push_header(other, encode_word(7)) == Error::none);
  }
  ~Short() {
    surveyor.detach(peer);
    peer.set_user(nullptr);
  }
  void use_up() {
    while (pool.available() >= MessagePool::footprint(1)) hogs.push_back(pool.make(1).value());
  }
  // Refused, and the question is as it was.
  bool refused() {
    const std::size_t sent = peer.sent.size();
    return surveyor.send(question) == Error::no_memory && bytes(question.payload()) == "?" &&
           peer.sent.size() == sent;
  }

  testing::FakeHost host;
  testing::FakeMemory memory;
  ProtocolOptions options;
  MessagePool pool{system, 4096};
  std::vector<Message> hogs;
  Surveyor surveyor{{host, memory, pool, options}};
  Message other;
  Message question;
  Peer peer{*this};
};

TEST_CASE(
    "idle: without memory for the table or the header nothing is asked, and nothing changes") {
  Short rig;
  rig.memory.fail_at = 1;
  CHECK(rig.refused());
  rig.use_up();
  CHECK(rig.refused());
  CHECK(rig.surveyor.receive().error() == Error::wrong_state);
  CHECK(rig.host.timers.size() == 0);
  rig.hogs.clear();
  CHECK(rig.surveyor.send(rig.question) == Error::none);
  CHECK(rig.peer.texts() == Texts{"?"});
  CHECK(asked(rig.peer) == (1u | id_bit));
}

TEST_CASE("running: without memory for a new survey the former goes on") {
  Short rig;
  REQUIRE(rig.surveyor.send(rig.question) == Error::none);
  const std::uint32_t id = asked(rig.peer);
  rig.question = rig.other.share();
  rig.question.drop_front(word_size);
  rig.use_up();
  CHECK(rig.refused());
  CHECK(rig.host.timers.size() == 1);
  rig.hogs.clear();
  rig.peer.arrive(answer({id}, "!"));
  CHECK(rig.surveyor.receive()->text() == "!");
  rig.host.advance(rig.options.survey_deadline);
  CHECK(rig.surveyor.receive().error() == Error::deadline_passed);
}

TEST_CASE("running: an answer that no memory can be found for is counted, and the next is taken") {
  Short rig;
  Message question = rig.message("with room for a header");
  REQUIRE(rig.surveyor.send(question) == Error::none);
  const std::uint32_t id = asked(rig.peer);
  rig.use_up();
  CHECK(rig.peer.arrive(answer({id}, "1")));
  CHECK(rig.surveyor.stats().overflowed == 1);
  CHECK(rig.host.readable == 0);
  CHECK_FALSE(rig.surveyor.can_receive());
  rig.hogs.clear();
  CHECK(rig.peer.arrive(answer({id}, "2")));
  CHECK(rig.surveyor.receive()->text() == "2");
  CHECK(rig.surveyor.stats().overflowed == 1);
}

// --- running -----------------------------------------------------------------------------------

TEST_CASE("running: an answer is received without its header, and says whose it is") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  const std::uint32_t id = rig.ask(a);
  CHECK(rig.notices([&] { CHECK(b.arrive(answer({id}, "me"))); }) == 1);
  CHECK(rig.protocol.can_receive());
  Result<Message> received = rig.protocol.receive();
  REQUIRE(received.ok());
  CHECK(bytes(received->payload()) == "me");
  CHECK(received->peer() == b.peer_number);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  CHECK(b.stats().messages_received == 1);
  CHECK_FALSE(b.receivable());
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("running: all answers come in the order of their arrival, several from one as well") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  const std::uint32_t id = rig.ask(a);
  a.arrive(answer({id}, "a1"));
  a.arrive(answer({id}, "a2"));
  b.arrive(answer({id}, "b1"));
  a.arrive(answer({id}, ""));
  CHECK(rig.receive_all() == Texts{"a1", "a2", "b1", ""});
  CHECK(rig.receive() == "would_block");
  CHECK(rig.stale() == 0);
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("running: an answer to something else is stale, one that is no answer is malformed") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  const std::uint32_t id = rig.ask(peer);
  std::uint64_t stale = 0;
  const auto dropped = [&](const std::string& wire) {
    const int notices = rig.notices([&] { peer.arrive(wire); });
    return notices == 0 && rig.stale() == ++stale && !rig.protocol.can_receive();
  };
  CHECK(dropped(answer({id + 1}, "not asked yet")));
  CHECK(dropped(answer({id - 1}, "long ago")));
  CHECK(dropped(answer({id & ~id_bit}, "bit 31 clear")));
  CHECK(dropped(answer({0}, "zero")));
  CHECK(dropped(answer({3, id}, "over a hop")));
  CHECK(peer.stats().malformed == 0);
  for (const char* text : {"", "1", "123"}) {
    CHECK_FALSE(peer.arrive(text));
    CHECK(rig.stale() == stale);
  }
  CHECK(peer.stats().malformed == 3);
  CHECK(peer.arrive(answer({id}, "!")));
  CHECK(rig.receive_all() == Texts{"!"});
  rig.detach(peer);
}

TEST_CASE("running: a queue that is full takes no further answer, and counts it") {
  ProtocolOptions options;
  SECTION("by messages") { options.queue_messages = 2; }
  SECTION("by bytes") { options.queue_bytes = 3; }
  Rig rig(options);
  Peer peer(rig);
  rig.attach(peer);
  const std::uint32_t id = rig.ask(peer);
  peer.arrive(answer({id}, "1."));
  peer.arrive(answer({id}, "2."));
  CHECK(rig.notices([&] { peer.arrive(answer({id}, "3.")); }) == 0);
  CHECK(rig.protocol.stats().overflowed == 1);
  CHECK(rig.receive() == "1.");
  peer.arrive(answer({id}, "4."));
  CHECK(rig.receive_all() == Texts{"2.", "4."});
  CHECK(rig.protocol.stats().overflowed == 1);
  CHECK(rig.stale() == 0);
  rig.detach(peer);
}

TEST_CASE("running: a new survey has a queue of its own length") {
  ProtocolOptions options;
  options.queue_bytes = 3;
  Rig rig(options);
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(answer({rig.ask(peer)}, "full"));
  const std::uint32_t id = rig.ask(peer);
  peer.arrive(answer({id}, "full"));
  CHECK(rig.receive_all() == Texts{"full"});
  CHECK(rig.protocol.stats().overflowed == 0);
  rig.detach(peer);
}

TEST_CASE("running: a new survey forgets the former, and what was answered to it") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  const std::uint32_t first = rig.ask(peer, "first");
  peer.arrive(answer({first}, "unread"));
  rig.host.advance(rig.options.survey_deadline - 1ms);
  const std::uint32_t second = rig.ask(peer, "second");
  CHECK(second == first + 1);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.stale() == 1);
  peer.arrive(answer({first}, "late"));
  CHECK(rig.stale() == 2);
  rig.host.advance(1ms);  // the deadline of the first is gone with it
  CHECK(rig.receive() == "would_block");
  peer.arrive(answer({second}, "in time"));
  CHECK(rig.receive() == "in time");
  rig.detach(peer);
}

TEST_CASE("running: at the deadline it is over, and the user is told once") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  rig.ask(peer);
  CHECK(rig.notices([&] { rig.host.advance(rig.options.survey_deadline - 1ns); }) == 0);
  CHECK(rig.receive() == "would_block");
  CHECK(rig.notices([&] { rig.host.advance(1ns); }) == 1);
  CHECK(rig.protocol.can_receive());
  CHECK(rig.host.timers.size() == 0);
  rig.detach(peer);
}

TEST_CASE("running: cancelled it is idle, and answers are stale, read or not") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  const std::uint32_t id = rig.ask(peer);
  peer.arrive(answer({id}, "unread"));
  CHECK(rig.protocol.cancel() == Error::none);
  CHECK(rig.stale() == 1);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "wrong_state");
  CHECK(rig.host.timers.size() == 0);
  peer.arrive(answer({id}, "late"));
  CHECK(rig.stale() == 2);
  CHECK(rig.notices([&] { rig.time_out(); }) == 0);
  CHECK(rig.receive() == "wrong_state");
  CHECK(rig.protocol.cancel() == Error::wrong_state);
  rig.detach(peer);
}

TEST_CASE("running: who comes later is not asked, and may answer nothing") {
  Rig rig;
  REQUIRE(rig.send("?") == Error::none);
  Peer peer(rig);
  peer.arrive(answer({id_bit | 1}, "early"));  // nobody to ask yet
  CHECK(rig.notices([&] { rig.attach(peer); }) == 0);
  CHECK(peer.sent.empty());
  CHECK_FALSE(peer.receivable());
  CHECK(rig.stale() == 1);
  CHECK_FALSE(rig.protocol.can_receive());
  rig.detach(peer);
}

TEST_CASE("running: what was answered stays when the respondent goes") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  const std::uint32_t id = rig.ask(peer);
  peer.arrive(answer({id}, "bye"));
  peer.end();
  rig.detach(peer);
  CHECK(rig.receive() == "bye");
  CHECK(rig.receive() == "would_block");  // there may be others
}

// --- over --------------------------------------------------------------------------------------

TEST_CASE("over: answers that were in time are received, then the end, then nothing") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  const std::uint32_t id = rig.ask(peer);
  peer.arrive(answer({id}, "1"));
  peer.arrive(answer({id}, "2"));
  rig.time_out();
  CHECK(rig.protocol.can_receive());
  CHECK(rig.receive() == "1");
  CHECK(rig.receive() == "2");
  CHECK(rig.protocol.can_receive());
  CHECK(rig.receive() == "deadline_passed");
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "wrong_state");
  CHECK(rig.protocol.cancel() == Error::wrong_state);
  CHECK(rig.stale() == 0);
  rig.detach(peer);
}

TEST_CASE("over: an answer is too late") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  const std::uint32_t id = rig.ask(peer);
  rig.time_out();
  CHECK(rig.notices([&] { peer.arrive(answer({id}, "late")); }) == 0);
  CHECK(rig.stale() == 1);
  CHECK(rig.receive() == "deadline_passed");
  rig.detach(peer);
}

TEST_CASE("over: the next survey is like the first, read to the end or not") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  for (const bool read : {true, false, true, false}) {
    const std::uint32_t id = rig.ask(peer);
    CHECK(rig.receive() == "would_block");
    peer.arrive(answer({id}, "!"));
    rig.time_out();
    if (!read) continue;
    CHECK(rig.receive() == "!");
    CHECK(rig.receive() == "deadline_passed");
  }
  CHECK(rig.stale() == 1);  // of the second, when the third began
  CHECK(rig.protocol.can_receive());
  rig.detach(peer);
}

TEST_CASE("over: cancelled it is idle, and says nothing of the end") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(answer({rig.ask(peer)}, "unread"));
  rig.time_out();
  CHECK(rig.protocol.cancel() == Error::none);
  CHECK(rig.stale() == 1);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "wrong_state");
  rig.detach(peer);
}

// --- Respondents -------------------------------------------------------------------------------

TEST_CASE("a respondent that is full misses the survey, and catches up") {
  Rig rig;
  Peer slow(rig, 1);
  Peer fast(rig);
  rig.attach(slow);
  rig.attach(fast);
  for (const char* text : {"1", "2"}) CHECK(rig.send(text) == Error::none);
  CHECK(slow.texts() == Texts{"1"});
  CHECK(fast.texts() == Texts{"1", "2"});
  CHECK(rig.protocol.stats().dropped == 1);
  CHECK(rig.host.blocked == std::vector<io::Pipe*>{&slow});
  slow.make_room(1);
  CHECK(rig.host.caught_up.size() == 1);
  CHECK(rig.send("3") == Error::none);
  CHECK(slow.texts() == Texts{"1", "3"});
  rig.detach(slow);
  rig.detach(fast);
}

TEST_CASE("a respondent that has ended or was detached is not asked, and misses nothing") {
  Rig rig;
  Peer ended(rig);
  Peer detached(rig);
  rig.attach(ended);
  rig.attach(detached);
  ended.end();
  rig.detach(detached);
  CHECK(rig.send("?") == Error::none);
  CHECK(detached.sent.empty());
  CHECK(rig.protocol.stats().dropped == 0);
  rig.detach(ended);
}

TEST_CASE("what to do with a slow respondent is an option") {
  ProtocolOptions options;
  options.blocked = Blocked::disconnect;
  Rig rig(options);
  Peer slow(rig, 0);
  rig.attach(slow);
  CHECK(rig.send("?") == Error::none);
  CHECK(slow.abandoned == Error::too_slow);
  rig.detach(slow);
}

// --- Ids ---------------------------------------------------------------------------------------

TEST_CASE("ids begin where the seed says, count up, and have bit 31 set round the end") {
  testing::PipeWorld world;
  testing::FakeHost host;
  ProtocolOptions options;
  Surveyor surveyor({host, world.system, world.pool, options, 0x7fff'fffe});
  Peer peer(world);
  peer.set_user(&surveyor);
  REQUIRE(surveyor.attach(peer) == Error::none);
  for (const std::uint32_t id : {0xffff'fffeu, 0xffff'ffffu, 0x8000'0000u, 0x8000'0001u}) {
    Message question = world.message("?");
    REQUIRE(surveyor.send(question) == Error::none);
    CHECK(asked(peer) == id);
  }
  surveyor.detach(peer);
  peer.set_user(nullptr);
}

TEST_CASE("a surveyor that goes while its survey runs leaves no timer") {
  testing::FakeHost host;
  testing::PipeWorld world;
  ProtocolOptions options;
  {
    Surveyor surveyor({host, world.system, world.pool, options});
    Message question = world.message("?");
    REQUIRE(surveyor.send(question) == Error::none);
    CHECK(host.timers.size() == 1);
  }
  CHECK(host.timers.size() == 0);
}

// --- What there is not -------------------------------------------------------------------------

}  // namespace
}  // namespace spool::protocols
