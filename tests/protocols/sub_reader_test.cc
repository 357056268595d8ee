// Cell by cell, the table in protocols/pubsub/sub_reader.h, and the table of who wants what in
// sub.h.
#include "spool/protocols/pubsub/sub_reader.h"

#include <catch2/catch.hpp>

#include "spool/protocols/pubsub/sub.h"
#include "tests/support/fake_memory.h"
#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using testing::FakeExchangeHost;
using testing::Peer;
using Texts = std::vector<std::string>;

std::span<const std::byte> topic_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

struct Holder {
  testing::FakeMemory memory;
};
struct Rig : Holder, testing::ProtocolRig<Sub> {
  explicit Rig(const ProtocolOptions& with = {}) : ProtocolRig<Sub>(with, &(Holder::memory)) {}
  Error subscribe(std::string_view topic) { return protocol.subscribe(topic_of(topic)); }
};

// A reader of that socket, open as long as it lives.
struct Reader {
  explicit Reader(Rig& of, std::initializer_list<const char*> topics = {})
      : rig(of), exchange(*rig.protocol.open_exchange(host, {}).value()) {
    rig.ask_protocol();
    for (const char* topic : topics) REQUIRE(exchange.subscribe(topic_of(topic)) == Error::none);
  }
  ~Reader() {
    rig.protocol.close_exchange(exchange);
    rig.ask_protocol();
  }
  Error subscribe(std::string_view topic) { return exchange.subscribe(topic_of(topic)); }
  Error unsubscribe(std::string_view topic) { return exchange.unsubscribe(topic_of(topic)); }
  // The text, or the name of the error.
  std::string receive() {
    Result<Message> received = exchange.receive();
    return received.ok() ? std::string(received->text()) : to_string(received.error());
  }
  Texts receive_all() {
    Texts texts;
    while (exchange.can_receive()) texts.push_back(receive());
    return texts;
  }

  Rig& rig;
  FakeExchangeHost host;
  Exchange& exchange;
};

ProtocolOptions limits(io::Overflow rule, std::size_t messages, std::size_t bytes = SIZE_MAX) {
  ProtocolOptions options;
  options.overflow = rule;
  options.queue_messages = messages;
  options.queue_bytes = bytes;
  return options;
}

// --- empty --------------------------------------------------------------------------------------

TEST_CASE("empty: receiving would block") {
  Rig rig;
  Reader reader(rig, {""});
  CHECK_FALSE(reader.exchange.can_receive());
  CHECK(reader.receive() == "would_block");
}

TEST_CASE("empty: a message that matches makes receiving possible, and tells that reader only") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  Reader reader(rig, {"a"});
  Reader other(rig, {"b"});
  CHECK(rig.notices([&] { CHECK(peer.arrive("a1")); }) == 0);
  CHECK(reader.host.readable == 1);
  CHECK(other.host.readable == 0);
  CHECK(reader.exchange.can_receive());
  CHECK_FALSE(other.exchange.can_receive());
  const Message message = reader.exchange.receive().value();
  CHECK(message.text() == "a1");
  CHECK(message.peer() == peer.peer_number);
  CHECK_FALSE(reader.exchange.can_receive());
  rig.detach(peer);
}

TEST_CASE("a reader wants nothing until it subscribes, and knows nothing of what was before") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  rig.subscribe("");
  Reader reader(rig);
  peer.arrive("1");
  CHECK(reader.receive_all().empty());
  CHECK(reader.subscribe("") == Error::none);
  peer.arrive("2");
  CHECK(reader.receive_all() == Texts{"2"});
  rig.detach(peer);
}

// --- some ---------------------------------------------------------------------------------------

TEST_CASE("some: messages of all publishers are received in the order they came, each one told") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  Reader reader(rig, {""});
  a.arrive("1");
  b.arrive("2");
  a.arrive("3");
  CHECK(reader.host.readable == 3);
  CHECK(reader.receive() == "1");
  CHECK(reader.receive() == "2");
  CHECK(reader.receive() == "3");
  CHECK(reader.receive() == "would_block");
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE("some: what a publisher sent before it went is still there") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  Reader reader(rig, {""});
  peer.arrive("1");
  peer.end();
  rig.detach(peer);
  CHECK(reader.receive_all() == Texts{"1"});
}

TEST_CASE("some: unsubscribing drops what is there and no longer matches, and nothing else") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  Reader reader(rig, {"a", "b", "ab"});
  Reader other(rig, {"a"});
  for (const char* text : {"a1", "b1", "ab2", "a2", "b2", "a3"}) REQUIRE(peer.arrive(text));
  REQUIRE(reader.unsubscribe("a") == Error::none);
  CHECK(reader.receive_all() == Texts{"b1", "ab2", "b2"});
  CHECK(other.receive_all() == Texts{"a1", "ab2", "a2", "a3"});
  rig.detach(peer);
}

TEST_CASE("some: unsubscribing from all of it makes it empty, and says so") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  Reader reader(rig, {"a"});
  for (int i = 0; i < 300; ++i) REQUIRE(peer.arrive("a"));
  REQUIRE(reader.unsubscribe("a") == Error::none);
  CHECK_FALSE(reader.exchange.can_receive());
  CHECK(reader.receive() == "would_block");
  // What was dropped does not come back with the topic.
  REQUIRE(reader.subscribe("a") == Error::none);
  CHECK_FALSE(reader.exchange.can_receive());
  rig.detach(peer);
}

TEST_CASE("a topic that was subscribed twice and unsubscribed once still counts") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  Reader reader(rig, {"a", "a"});
  peer.arrive("a1");
  REQUIRE(reader.unsubscribe("a") == Error::none);
  CHECK(peer.arrive("a2"));
  CHECK(reader.receive_all() == Texts{"a1", "a2"});
  rig.detach(peer);
}

TEST_CASE("topics that cannot be taken or are not there are errors, and change nothing") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  Reader reader(rig, {"a"});
  peer.arrive("a1");
  CHECK(reader.unsubscribe("b") == Error::invalid_argument);
  CHECK(reader.subscribe(std::string(TopicSet::topic_size_max + 1, 'x')) ==
        Error::invalid_argument);
  rig.Holder::memory.fail_at = 1;
  CHECK(reader.subscribe("c") == Error::no_memory);
  CHECK_FALSE(peer.arrive("c1"));
  CHECK(reader.receive_all() == Texts{"a1"});
  rig.detach(peer);
}

// --- full ---------------------------------------------------------------------------------------

TEST_CASE("full: drop_oldest makes room and counts what it dropped") {
  Rig rig(limits(io::Overflow::drop_oldest, 3));
  Peer peer(rig);
  rig.attach(peer);
  Reader reader(rig, {""});
  for (const char* text : {"1", "2", "3", "4", "5"}) REQUIRE(peer.arrive(text));
  CHECK(reader.host.readable == 5);
  CHECK(rig.protocol.stats().overflowed == 2);
  CHECK(reader.receive() == "3");
  peer.arrive("6");
  CHECK(reader.receive_all() == Texts{"4", "5", "6"});
  CHECK(rig.protocol.stats().overflowed == 2);
  rig.detach(peer);
}

TEST_CASE("full: drop_newest and wait drop what comes, count it and tell nobody") {
  for (const io::Overflow rule : {io::Overflow::drop_newest, io::Overflow::wait}) {
    Rig rig(limits(rule, 3));
    Peer peer(rig);
    rig.attach(peer);
    Reader reader(rig, {""});
    for (const char* text : {"1", "2", "3", "4", "5"}) REQUIRE(peer.arrive(text));
    CHECK(reader.host.readable == 3);
    CHECK(rig.protocol.stats().overflowed == 2);
    CHECK(reader.receive() == "1");
    peer.arrive("6");
    CHECK(reader.receive_all() == Texts{"2", "3", "6"});
    CHECK(rig.protocol.stats().overflowed == 2);
    rig.detach(peer);
  }
}

TEST_CASE("full: bytes count too, and a message of any size fits into an empty queue") {
  Rig rig(limits(io::Overflow::drop_oldest, 100, 10));
  Peer peer(rig);
  rig.attach(peer);
  Reader reader(rig, {""});
  peer.arrive("aaaaa");
  peer.arrive("bbbb");
  peer.arrive("c");  // 10 bytes: full
  CHECK(rig.protocol.stats().overflowed == 0);
  peer.arrive("d");
  CHECK(rig.protocol.stats().overflowed == 1);
  peer.arrive(std::string(50, 'e'));
  CHECK(rig.protocol.stats().overflowed == 1);
  peer.arrive("f");
  CHECK(rig.protocol.stats().overflowed == 5);
  CHECK(reader.receive_all() == Texts{"f"});
  rig.detach(peer);
}

TEST_CASE("full: what unsubscribing dropped is room, in messages and in bytes") {
  Rig rig(limits(io::Overflow::drop_newest, 4, 8));
  Peer peer(rig);
  rig.attach(peer);
  Reader reader(rig, {"a", "b"});
  for (const char* text : {"a1", "b1", "a2", "a3"}) peer.arrive(text);
  REQUIRE(reader.unsubscribe("a") == Error::none);
  for (const char* text : {"b2", "b3", "b4", "b5"}) peer.arrive(text);
  CHECK(reader.receive_all() == Texts{"b1", "b2", "b3", "b4"});
  CHECK(rig.protocol.stats().overflowed == 1);
  rig.detach(peer);
}

TEST_CASE("full: one reader that is slow costs the others and the socket nothing") {
  Rig rig(limits(io::Overflow::drop_newest, 2));
  rig.subscribe("");
  Peer peer(rig);
  rig.attach(peer);
  Reader slow(rig, {""});
  Reader quick(rig, {""});
  Texts seen;
  for (const char* text : {"1", "2", "3", "4"}) {
    peer.arrive(text);
    seen.push_back(quick.receive());
  }
  CHECK(seen == Texts{"1", "2", "3", "4"});
  CHECK(slow.receive_all() == Texts{"1", "2"});
  CHECK(rig.receive_all() == Texts{"1", "2", "3", "4"});
  rig.detach(peer);
}

TEST_CASE("a message that there is no memory to keep is dropped and counted") {
  testing::FakeHost host;
  testing::FakeMemory memory;
  MessagePool pool(memory, 0);
  testing::PipeWorld world;
  ProtocolOptions options;
  Sub sub({host, memory, pool, options});
  FakeExchangeHost reader_host;
  Exchange& reader = *sub.open_exchange(reader_host, {}).value();
  REQUIRE(reader.subscribe({}) == Error::none);
  Peer peer(world);
  const auto arrive = [&](std::string_view text) {
    Message message = world.message(text);
    REQUIRE(sub.inspect(peer, message.body()) == io::Verdict::keep);
    CHECK(sub.route(peer, message));
  };
  memory.fail_at = 1;
  memory.keep_failing = true;
  arrive("1");
  CHECK(sub.stats().overflowed == 1);
  CHECK(reader_host.readable == 0);
  CHECK_FALSE(reader.can_receive());
  memory.stop_failing();
  arrive("2");
  CHECK(reader.receive().value().text() == "2");
  CHECK(sub.stats().overflowed == 1);
}

// --- closed -------------------------------------------------------------------------------------

TEST_CASE("a reader that is closed with messages gives them back, and the others keep theirs") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  Reader stays(rig, {"a"});
  const std::size_t before = rig.pool.stats().blocks_in_use;
  {
    Reader closed(rig, {""});
    for (int i = 0; i < 100; ++i) REQUIRE(peer.arrive("b"));
    CHECK(rig.pool.stats().blocks_in_use > before + 100);
  }
  CHECK(rig.pool.stats().blocks_in_use == before);
  CHECK_FALSE(peer.arrive("b"));
  CHECK(peer.arrive("a"));
  CHECK(stays.receive_all() == Texts{"a"});
  rig.detach(peer);
}

TEST_CASE("a socket that goes takes its readers along") {
  testing::FakeMemory memory;
  {
    testing::FakeHost host;
    testing::PipeWorld world;
    ProtocolOptions options;
    Sub sub({host, memory, world.pool, options});
    FakeExchangeHost reader_host;
    for (int i = 0; i < 3; ++i) {
      Exchange& reader = *sub.open_exchange(reader_host, {}).value();
      REQUIRE(reader.subscribe(topic_of("topic")) == Error::none);
    }
  }
  CHECK(memory.blocks() == 0);
  CHECK(memory.wrong_returns == 0);
}

TEST_CASE("a reader that is opened again allocates nothing") {
  Rig rig;
  { Reader reader(rig); }
  const std::uint64_t requests = rig.Holder::memory.requests;
  { Reader reader(rig); }
  CHECK(rig.Holder::memory.requests == requests);
}

TEST_CASE("a reader without memory is not opened, and the socket goes on") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  FakeExchangeHost host;
  rig.Holder::memory.fail_at = 1;
  CHECK(rig.protocol.open_exchange(host, {}).error() == Error::no_memory);
  CHECK_FALSE(rig.protocol.routes());
  rig.subscribe("a");
  CHECK(peer.arrive("a"));
  rig.detach(peer);
}

TEST_CASE("nothing is asked of a publisher: no start, no cancel") {
  Rig rig;
  Reader reader(rig, {""});
  Message message = rig.message("x");
  CHECK(reader.exchange.start(message) == Error::not_supported);
  CHECK(message.text() == "x");
  CHECK(reader.exchange.cancel() == Error::not_supported);
}

// --- Who wants what -----------------------------------------------------------------------------

TEST_CASE("pipes are asked to route while a reader is open, and not before or after") {
  Rig rig;
  CHECK_FALSE(rig.protocol.routes());
  {
    Reader first(rig);
    CHECK(rig.protocol.routes());
    { Reader second(rig); }
    CHECK(rig.protocol.routes());
  }
  CHECK_FALSE(rig.protocol.routes());
  CHECK(rig.protocol.inspects());
}

TEST_CASE("wanted by nobody, a message is dropped before it costs memory") {
  Rig rig;
  rig.subscribe("a");
  Peer peer(rig);
  rig.attach(peer);
  Reader reader(rig, {"b"});
  CHECK_FALSE(peer.arrive("c"));
  CHECK(peer.stats().filtered == 1);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK_FALSE(reader.exchange.can_receive());
  rig.detach(peer);
}

TEST_CASE("wanted by the socket, a message goes to the socket alone") {
  Rig rig;
  rig.subscribe("a");
  Peer peer(rig);
  rig.attach(peer);
  Reader reader(rig, {"b"});
  peer.arrive("b1");  // what was wanted before is not what counts
  CHECK(peer.arrive("a1"));
  CHECK(rig.receive_all() == Texts{"a1"});
  CHECK(reader.receive_all() == Texts{"b1"});
  CHECK(reader.host.readable == 1);
  rig.detach(peer);
}

TEST_CASE("wanted by readers, a message goes to each of them once, and not to the socket") {
  Rig rig;
  rig.subscribe("z");
  Peer peer(rig);
  rig.attach(peer);
  Reader all(rig, {"", "a", "ab", "abc"});
  Reader some(rig, {"ab"});
  Reader none(rig, {"b"});
  CHECK(rig.notices([&] { CHECK(peer.arrive("abc")); }) == 0);
  CHECK(all.receive_all() == Texts{"abc"});
  CHECK(some.receive_all() == Texts{"abc"});
  CHECK(none.receive_all().empty());
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(peer.stats().messages_received == 1);
  rig.detach(peer);
}

TEST_CASE("wanted by both, a message goes to each of them once") {
  Rig rig;
  rig.subscribe("");
  rig.subscribe("a");
  Peer peer(rig);
  rig.attach(peer);
  Reader reader(rig, {"a"});
  CHECK(rig.notices([&] { CHECK(peer.arrive("a1")); }) == 1);
  CHECK(peer.arrive("b1"));
  CHECK(rig.receive_all() == Texts{"a1", "b1"});
  CHECK(reader.receive_all() == Texts{"a1"});
  rig.detach(peer);
}

TEST_CASE("readers share the bytes of a message, and each keeps them alive") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  Reader a(rig, {""});
  Message kept;
  {
    Reader b(rig, {""});
    peer.arrive("x");
    kept = b.exchange.receive().value();
    const Message other = a.exchange.receive().value();
    CHECK(kept.body().data() == other.body().data());
  }
  CHECK(kept.text() == "x");
  rig.detach(peer);
}

TEST_CASE("the socket's own topics and messages are its own: a reader's unsubscribe is not its") {
  Rig rig;
  rig.subscribe("a");
  Peer peer(rig);
  rig.attach(peer);
  Reader reader(rig, {"a"});
  peer.arrive("a1");
  REQUIRE(reader.unsubscribe("a") == Error::none);
  peer.arrive("a2");
  REQUIRE(reader.subscribe("a") == Error::none);
  REQUIRE(rig.protocol.unsubscribe(topic_of("a")) == Error::none);
  CHECK(rig.receive() == "would_block");
  peer.arrive("a3");
  CHECK(rig.receive() == "would_block");
  CHECK(reader.receive_all() == Texts{"a3"});
  rig.detach(peer);
}

}  // namespace
}  // namespace spool::protocols
