// Cell by cell, the table in protocols/pair/raw_pair1.h.
#include "spool/protocols/pair/raw_pair1.h"

#include <catch2/catch.hpp>

#include "tests/protocols/hop_word.h"
#include "tests/support/fake_memory.h"
#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using testing::bytes_of;
using testing::on_the_wire;
using testing::Peer;
using testing::with_hops;
using Texts = std::vector<std::string>;

struct Rig : testing::ProtocolRig<RawPair1> {
  using ProtocolRig::ProtocolRig;
  // With so much of the payload as its header.
  Message raw(std::string_view payload, std::size_t header = word_size) {
    Message made = message(payload);
    made.body_to_header(header);
    return made;
  }
};

// --- What arrives -------------------------------------------------------------------------------

TEST_CASE("up to the limit, and 0 too, the word is the header and the rest the body") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  for (std::uint32_t hops = 0; hops <= 8; ++hops) {
    REQUIRE(peer.arrive(with_hops(hops, "x")));
    const Message message = rig.protocol.receive().value();
    REQUIRE(message.header().size() == word_size);
    CHECK(io::load_u32(message.header().data()) == hops);
    CHECK(message.text() == "x");
  }
  CHECK(rig.receive() == "would_block");
  rig.detach(peer);
}

TEST_CASE("only the first word is the header") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(with_hops(1, with_hops(2, "x")));
  const Message message = rig.protocol.receive().value();
  CHECK(message.header().size() == word_size);
  CHECK(message.text() == with_hops(2, "x"));
  rig.detach(peer);
}

TEST_CASE("more hops than the limit: dropped, counted and reported, and the connection stays") {
  for (const std::uint32_t hops : {9u, 0xffu}) {
    Rig rig;
    Peer peer(rig);
    rig.attach(peer);
    CHECK_FALSE(peer.arrive(with_hops(hops, "x")));
    CHECK_FALSE(peer.ended());
    CHECK(peer.stats().too_many_hops == 1);
    CHECK(rig.owner.drop_reason == Error::too_many_hops);
    rig.detach(peer);
  }
}

TEST_CASE("a word that is missing or above 0xff ends the connection") {
  for (const std::string& payload : {std::string(3, '\0'), with_hops(0x100, "x")}) {
    Rig rig;
    Peer peer(rig);
    rig.attach(peer);
    CHECK_FALSE(peer.arrive(payload));
    CHECK(peer.ended());
    CHECK(rig.owner.last_reason == Error::malformed);
    rig.detach(peer);
  }
}

// --- What is sent -------------------------------------------------------------------------------

TEST_CASE("a header word below 0xff goes out as one more") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  for (const std::uint32_t hops : {0u, 1u, 8u, 0xfeu}) {
    Message message = rig.raw(with_hops(hops, "x"));
    CHECK(rig.protocol.send(message) == Error::none);
    CHECK(message.payload().empty());
    CHECK(on_the_wire(peer).back() == with_hops(hops + 1, "x"));
  }
  rig.detach(peer);
}

TEST_CASE("a header word of 0xff or more is an invalid argument, and the message stays") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  for (const std::uint32_t hops : {0xffu, 0x100u, 0x8000'0000u, 0xffff'ffffu}) {
    Message message = rig.raw(with_hops(hops, "x"));
    CHECK(rig.protocol.send(message) == Error::invalid_argument);
    CHECK(message.header().size() == word_size);
    CHECK(bytes_of(message) == with_hops(hops, "x"));
  }
  CHECK(peer.sent.empty());
  rig.detach(peer);
}

TEST_CASE("a header that is not one word is an invalid argument, and the message stays") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  const std::string payload = with_hops(1, with_hops(1, "x"));
  for (const std::size_t size : {0u, 3u, 5u, 8u}) {
    Message message = rig.raw(payload, size);
    CHECK(rig.protocol.send(message) == Error::invalid_argument);
    CHECK(message.header().size() == size);
    CHECK(bytes_of(message) == payload);
  }
  Message nothing;
  CHECK(rig.protocol.send(nothing) == Error::invalid_argument);
  CHECK(peer.sent.empty());
  rig.detach(peer);
}

TEST_CASE("alone or to a full peer a send would block, and the message stays") {
  Rig rig;
  Message message = rig.raw(with_hops(1, "x"));
  CHECK(rig.protocol.send(message) == Error::would_block);
  Peer peer(rig, 0);
  rig.attach(peer);
  CHECK(rig.protocol.send(message) == Error::would_block);
  CHECK(message.header().size() == word_size);
  CHECK(bytes_of(message) == with_hops(1, "x"));
  rig.detach(peer);
}

TEST_CASE("what can never be sent is said to be so before there is a peer") {
  Rig rig;
  Message message = rig.raw(with_hops(0xff, "x"));
  CHECK(rig.protocol.send(message) == Error::invalid_argument);
}

TEST_CASE("a send without memory leaves the message and its word as they were") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  Message message = rig.raw(with_hops(3, "x"));
  peer.failures = 1;
  SECTION("ours alone") {
    CHECK(rig.protocol.send(message) == Error::no_memory);
    CHECK(bytes_of(message) == with_hops(3, "x"));
    CHECK(rig.protocol.send(message) == Error::none);
  }
  SECTION("shared") {
    const Message other = message.share();
    CHECK(rig.protocol.send(message) == Error::no_memory);
    CHECK(bytes_of(message) == with_hops(3, "x"));
    CHECK(message.header().size() == word_size);
    CHECK(rig.protocol.send(message) == Error::none);
    CHECK(bytes_of(other) == with_hops(3, "x"));
  }
  CHECK(on_the_wire(peer) == Texts{with_hops(4, "x")});
  rig.detach(peer);
}

TEST_CASE("the word of a shared message is not changed under the other owner") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  Message message = rig.raw(with_hops(3, "x"));
  const Message other = message.share();
  CHECK(rig.protocol.send(message) == Error::none);
  CHECK(on_the_wire(peer) == Texts{with_hops(4, "x")});
  CHECK(bytes_of(other) == with_hops(3, "x"));
  rig.detach(peer);
}

TEST_CASE("a message of one owner is sent from where it is, without a copy") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  Message message = rig.raw(with_hops(3, std::string(100'000, 'x')));
  const std::byte* body = message.body().data();
  CHECK(rig.protocol.send(message) == Error::none);
  CHECK(peer.sent.back().body().data() == body);
  rig.detach(peer);
}

TEST_CASE("a shared message that finds no memory for a copy stays as it was") {
  testing::FakeMemory memory;
  MessagePool pool{memory, MessagePool::footprint(5)};
  Rig rig;
  Peer peer(rig);
  RawPair1 protocol({rig.host, memory, pool, rig.options});
  REQUIRE(protocol.attach(peer) == Error::none);
  const std::string payload = with_hops(3, "x");
  Message message = pool.copy_of(std::as_bytes(std::span(payload))).value();
  message.body_to_header(word_size);
  {
    const Message other = message.share();
    CHECK(protocol.send(message) == Error::no_memory);
    CHECK(message.header().size() == word_size);
    CHECK(bytes_of(message) == with_hops(3, "x"));
  }
  CHECK(protocol.send(message) == Error::none);
  CHECK(on_the_wire(peer) == Texts{with_hops(4, "x")});
  peer.sent.clear();
  protocol.detach(peer);
}

TEST_CASE("what one raw socket receives another sends on: a device raises the count by one") {
  Rig from;
  Rig to;
  Peer before(from);
  Peer behind(to);
  from.attach(before);
  to.attach(behind);
  before.arrive(with_hops(7, "x"));
  Message message = from.protocol.receive().value();
  CHECK(to.protocol.send(message) == Error::none);
  CHECK(on_the_wire(behind) == Texts{with_hops(8, "x")});
  behind.sent.clear();  // its storage is the other rig's
  from.detach(before);
  to.detach(behind);
}

// --- One peer -----------------------------------------------------------------------------------

TEST_CASE("there is one peer, whatever the option and the message say") {
  ProtocolOptions options;
  options.polyamorous = true;
  Rig rig(options);
  Peer first(rig);
  Peer second(rig);
  REQUIRE(rig.attach(first) == Error::none);
  CHECK(rig.attach(second) == Error::refused);
  Message message = rig.raw(with_hops(1, "x"));
  message.set_peer(99);
  CHECK(rig.protocol.send(message) == Error::none);
  CHECK(first.sent.size() == 1);
  rig.detach(first);
}

}  // namespace
}  // namespace spool::protocols
