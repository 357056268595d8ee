// Cell by cell, the tables in protocols/bus/bus.h.
#include "spool/protocols/bus/bus.h"

#include <catch2/catch.hpp>

#include "spool/protocols/policy/backtrace.h"
#include "tests/support/fake_memory.h"
#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using Rig = testing::ProtocolRig<Bus>;
using Raw = testing::ProtocolRig<RawBus>;
using Texts = std::vector<std::string>;
using namespace std::string_literals;

std::string bytes(std::span<const std::byte> span) {
  return {reinterpret_cast<const char*>(span.data()), span.size()};
}

// --- Both kinds
// -----------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("there: a neighbour gets its copy, and can always be sent to", "", Bus, RawBus) {
  testing::ProtocolRig<TestType> rig;
  CHECK(rig.protocol.can_send());
  CHECK(rig.send("to nobody") == Error::none);
  Peer a(rig);
  Peer b(rig);
  REQUIRE(rig.attach(a) == Error::none);
  REQUIRE(rig.attach(b) == Error::none);
  CHECK(rig.send("x") == Error::none);
  CHECK(a.texts() == Texts{"x"});
  CHECK(b.texts() == Texts{"x"});
  CHECK(rig.protocol.stats().dropped == 0);
  rig.detach(a);
  rig.detach(b);
}

TEMPLATE_TEST_CASE("there: a slow neighbour misses messages, and catches up", "", Bus, RawBus) {
  testing::ProtocolRig<TestType> rig;
  Peer slow(rig, 1);
  rig.attach(slow);
  for (const char* text : {"1", "2", "3"}) CHECK(rig.send(text) == Error::none);
  CHECK(rig.protocol.can_send());
  CHECK(rig.protocol.stats().dropped == 2);
  CHECK(rig.host.blocked.size() == 1);
  slow.make_room(1);
  CHECK(rig.host.caught_up.size() == 1);
  CHECK(rig.send("4") == Error::none);
  CHECK(slow.texts() == Texts{"1", "4"});
  rig.detach(slow);
}

TEMPLATE_TEST_CASE("there: what to do with a slow neighbour is an option", "", Bus, RawBus) {
  ProtocolOptions options;
  options.blocked = Blocked::disconnect;
  testing::ProtocolRig<TestType> rig(options);
  Peer slow(rig, 1);
  rig.attach(slow);
  for (const char* text : {"1", "2"}) CHECK(rig.send(text) == Error::none);
  CHECK(slow.abandoned == Error::too_slow);
  rig.detach(slow);
}

TEMPLATE_TEST_CASE("there: an arrival can be received, and the user is told", "", Bus, RawBus) {
  testing::ProtocolRig<TestType> rig;
  Peer a(rig);
  rig.attach(a);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  CHECK(rig.notices([&] { CHECK(a.arrive("1")); }) == 1);
  CHECK(rig.protocol.can_receive());
  CHECK(rig.receive() == "1");
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  rig.detach(a);
}

TEMPLATE_TEST_CASE("there: nothing is forwarded and nothing echoed", "", Bus, RawBus) {
  testing::ProtocolRig<TestType> rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  a.arrive("from a");
  CHECK(rig.receive() == "from a");
  CHECK(a.sent.empty());
  CHECK(b.sent.empty());
  CHECK(rig.send("mine") == Error::none);
  CHECK(rig.receive() == "would_block");
  rig.detach(a);
  rig.detach(b);
}

TEMPLATE_TEST_CASE("there: neighbours are heard in turns", "", Bus, RawBus) {
  testing::ProtocolRig<TestType> rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  for (const char* text : {"a1", "a2", "a3"}) a.arrive(text);
  for (const char* text : {"b1", "b2"}) b.arrive(text);
  CHECK(rig.receive_all() == Texts{"a1", "b1", "a2", "b2", "a3"});
  rig.detach(a);
  rig.detach(b);
}

TEMPLATE_TEST_CASE("there: detached it is neither sent to nor heard", "", Bus, RawBus) {
  testing::ProtocolRig<TestType> rig;
  Peer a(rig, 0);
  rig.attach(a);
  a.arrive("unheard");
  rig.send("missed");
  rig.detach(a);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.host.caught_up.size() == 1);
  CHECK(rig.send("x") == Error::none);
  CHECK(rig.protocol.stats().dropped == 1);
}

TEMPLATE_TEST_CASE("leaving: its messages are still received, and it misses none", "", Bus,
                   RawBus) {
  testing::ProtocolRig<TestType> rig;
  Peer a(rig);
  rig.attach(a);
  a.arrive("1");
  a.arrive("2");
  a.end();
  CHECK(rig.send("x") == Error::none);
  CHECK(rig.protocol.stats().dropped == 0);
  CHECK(rig.host.blocked.empty());
  CHECK(rig.receive_all() == Texts{"1", "2"});
  CHECK(rig.owner.drained == 1);
  rig.detach(a);
}

TEMPLATE_TEST_CASE("gone: a neighbour that comes with messages is heard", "", Bus, RawBus) {
  testing::ProtocolRig<TestType> rig;
  Peer a(rig);
  a.arrive("early");
  CHECK(rig.notices([&] { REQUIRE(rig.attach(a) == Error::none); }) == 1);
  CHECK(rig.receive() == "early");
  rig.detach(a);
}

TEMPLATE_TEST_CASE("what is not for a bus is not supported", "", Bus, RawBus) {
  testing::ProtocolRig<TestType> rig;
  CHECK_FALSE(rig.protocol.inspects());
  CHECK_FALSE(rig.protocol.routes());
  CHECK(rig.protocol.subscribe({}) == Error::not_supported);
  CHECK(rig.protocol.cancel() == Error::not_supported);
  CHECK(rig.protocol.open_exchange(rig.host, {}).error() == Error::not_supported);
}

// --- BUS
// ------------------------------------------------------------------------------------------

TEST_CASE("BUS: an answer to a message reaches its sender, like everybody else") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  a.arrive("ping");
  Result<Message> received = rig.protocol.receive();
  REQUIRE(received.ok());
  CHECK(received->header().empty());
  CHECK(received->peer() == a.peer_number);
  CHECK(rig.protocol.send(*received) == Error::none);
  CHECK(a.texts() == Texts{"ping"});
  CHECK(b.texts() == Texts{"ping"});
  rig.detach(a);
  rig.detach(b);
}

// --- Raw BUS
// --------------------------------------------------------------------------------------

TEST_CASE("raw BUS: a message says whom it is from") {
  Raw rig;
  Peer a(rig);
  a.peer_number = 0x7a01'02ff;
  rig.attach(a);
  a.arrive("x");
  Result<Message> received = rig.protocol.receive();
  REQUIRE(received.ok());
  CHECK(bytes(received->header()) == "\x7a\x01\x02\xff"s);
  CHECK(received->text() == "x");
  CHECK(received->peer() == 0x7a01'02ff);
  rig.detach(a);
}

TEST_CASE("raw BUS: a message goes to all but where it came from, and its header to nobody") {
  Raw rig;
  Peer a(rig);
  Peer b(rig);
  Peer full(rig, 0);
  for (Peer* pipe : {&a, &b, &full}) rig.attach(*pipe);
  full.arrive("first");
  a.arrive("second");
  for (int i = 0; i < 2; ++i) {
    Result<Message> received = rig.protocol.receive();
    REQUIRE(received.ok());
    CHECK(rig.protocol.send(*received) == Error::none);
    CHECK(received->empty());
  }
  CHECK(a.texts() == Texts{"first"});
  CHECK(b.texts() == Texts{"first", "second"});
  CHECK(rig.protocol.stats().dropped == 1);  // only the second was for `full` too
  for (const Message& message : b.sent) CHECK(message.header().empty());
  for (Peer* pipe : {&a, &b, &full}) rig.detach(*pipe);
}

TEST_CASE("raw BUS: a message from a neighbour that is gone goes to all") {
  Raw rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  a.arrive("x");
  Result<Message> received = rig.protocol.receive();
  REQUIRE(received.ok());
  rig.detach(a);
  CHECK(rig.protocol.send(*received) == Error::none);
  CHECK(b.texts() == Texts{"x"});
  rig.detach(b);
}

TEST_CASE("raw BUS: a header of another size is refused, and the message is as it was") {
  Raw rig;
  Peer a(rig);
  rig.attach(a);
  for (const std::size_t size : {std::size_t{1}, std::size_t{3}, std::size_t{5}, std::size_t{8}}) {
    Message message = rig.message("12345678body");
    message.body_to_header(size);
    CHECK(rig.protocol.send(message) == Error::invalid_argument);
    CHECK(bytes(message.payload()) == "12345678body");
    CHECK(message.header().size() == size);
  }
  CHECK(a.sent.empty());
  rig.detach(a);
}

// A raw bus whose memory the test controls; its pipes have theirs.
struct Short : testing::ProtocolRig<RawBus> {
  testing::FakeMemory memory;
  MessagePool pool{memory, 0};
  RawBus bus{{host, system, pool, options}};
};

// Of another bus in this process: it holds the same body, and has its header in front of it, so
// that a second header needs a copy.
struct Twin : Peer {
  Twin(Short& rig, std::uint32_t number) : Peer(rig) {
    peer_number = number;
    set_user(&rig.bus);
    REQUIRE(rig.bus.attach(*this) == Error::none);
  }
  void arrive_shared(std::string_view text, Short& rig) {
    arrive(text);
    other = received_.front().share();
    REQUIRE(rig.PipeWorld::pool.push_header(other, encode_word(77)) == Error::none);
  }
  void leave(Short& rig) {
    rig.bus.detach(*this);
    set_user(nullptr);
  }
  Message other;
};

TEST_CASE("raw BUS: without memory for its header a message is held back, not lost") {
  Short rig;
  Twin a(rig, 9);
  Twin b(rig, 10);
  a.arrive_shared("a", rig);
  b.arrive("b");
  rig.memory.fail_at = 1;
  rig.memory.keep_failing = true;
  CHECK(rig.bus.receive().error() == Error::no_memory);
  CHECK(rig.bus.can_receive());
  CHECK(rig.bus.receive().error() == Error::no_memory);
  rig.memory.stop_failing();
  Result<Message> received = rig.bus.receive();
  REQUIRE(received.ok());
  CHECK(bytes(received->payload()) == "\0\0\0\x09\x61"s);
  CHECK(received->text() == "a");
  CHECK(received->peer() == 9);
  CHECK(bytes(a.other.payload()) == "\0\0\0\x4d\x61"s);  // untouched
  CHECK(rig.bus.receive()->text() == "b");
  CHECK_FALSE(rig.bus.can_receive());
  a.leave(rig);
  b.leave(rig);
}

TEST_CASE("raw BUS: a message that is held back outlives its pipe") {
  Short rig;
  Message other;
  {
    Twin a(rig, 9);
    a.arrive_shared("a", rig);
    other = std::move(a.other);
    rig.memory.fail_at = 1;
    CHECK(rig.bus.receive().error() == Error::no_memory);
    a.leave(rig);
  }
  CHECK(rig.bus.can_receive());
  CHECK(rig.bus.receive()->text() == "a");
  CHECK_FALSE(rig.bus.can_receive());
  CHECK(rig.bus.receive().error() == Error::would_block);
}

}  // namespace
}  // namespace spool::protocols
