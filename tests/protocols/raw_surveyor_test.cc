// Cell by cell, the tables in protocols/survey/raw_surveyor.h.
#include "spool/protocols/survey/raw_surveyor.h"

#include <catch2/catch.hpp>

#include "spool/protocols/policy/backtrace.h"
#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using Texts = std::vector<std::string>;

std::string bytes(std::span<const std::byte> span) {
  return {reinterpret_cast<const char*>(span.data()), span.size()};
}
std::string words(std::initializer_list<std::uint32_t> list) {
  std::string wire;
  for (const std::uint32_t word : list) wire += bytes(encode_word(word));
  return wire;
}
// What each survey and answer here begins with, unless it says otherwise.
const std::string id = words({id_bit | 5});

struct Rig : testing::ProtocolRig<RawSurveyor> {
  Message survey(const std::string& header, const std::string& body) {
    Message made = message(header + body);
    made.body_to_header(header.size());
    return made;
  }
  Error ask(const std::string& text) {
    Message made = survey(id, text);
    return protocol.send(made);
  }
};

// --- send
// -----------------------------------------------------------------------------------------

TEST_CASE("send: the header goes out as it is, to all") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  REQUIRE(rig.attach(a) == Error::none);
  REQUIRE(rig.attach(b) == Error::none);
  for (const std::string& header : {id, words({7, id_bit}), words({1, 2, 3, 4, 5, 6, 7, ~0u})}) {
    Message message = rig.survey(header, "body");
    CHECK(rig.protocol.send(message) == Error::none);
    CHECK(message.payload().empty());
    CHECK(bytes(a.sent.back().payload()) == header + "body");
    CHECK(bytes(b.sent.back().payload()) == header + "body");
  }
  rig.detach(a);
  rig.detach(b);
}

TEST_CASE(
    "send: a header that does not end with its id word is refused, the message is as it was") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  for (const std::string& header :
       {std::string(), words({7}), words({id_bit, 7}), words({id_bit, id_bit}), id + "x",
        std::string("\x80\0\0", 3)}) {
    Message message = rig.survey(header, "body");
    CHECK(rig.protocol.send(message) == Error::invalid_argument);
    CHECK(bytes(message.header()) == header);
    CHECK(message.text() == "body");
  }
  CHECK(peer.sent.empty());
  rig.detach(peer);
}

TEST_CASE("send: never blocks; who is full misses it, and catches up") {
  Rig rig;
  CHECK(rig.protocol.can_send());
  CHECK(rig.ask("nobody") == Error::none);
  Peer slow(rig, 1);
  rig.attach(slow);
  for (const char* text : {"1", "2", "3"}) CHECK(rig.ask(text) == Error::none);
  CHECK(rig.protocol.can_send());
  CHECK(rig.protocol.stats().dropped == 2);
  CHECK(rig.host.blocked.size() == 1);
  slow.make_room(1);
  CHECK(rig.host.caught_up.size() == 1);
  CHECK(rig.ask("4") == Error::none);
  CHECK(slow.texts() == Texts{"1", "4"});
  rig.detach(slow);
}

// --- Answers
// --------------------------------------------------------------------------------------

TEST_CASE("an answer is received with all its words as header, whoever asked") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.receive() == "would_block");
  for (const std::string& header : {id, words({7, id_bit}), words({1, 2, 3, 4, 5, 6, 7, 8, ~0u})}) {
    CHECK(rig.notices([&] { CHECK(peer.arrive(header + "body")); }) == 1);
    CHECK(rig.protocol.can_receive());
    Result<Message> received = rig.protocol.receive();
    REQUIRE(received.ok());
    CHECK(bytes(received->header()) == header);
    CHECK(received->text() == "body");
    CHECK(received->peer() == peer.peer_number);
    CHECK_FALSE(rig.protocol.can_receive());
  }
  rig.detach(peer);
}

TEST_CASE("what is behind the id word is body, whatever it looks like") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(id + id);
  peer.arrive(id);
  CHECK(rig.receive_all() == Texts{id, ""});
  rig.detach(peer);
}

TEST_CASE("an answer without an id word is dropped and counted") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  for (const std::string& wire :
       {std::string(), std::string("\x80\0\0", 3), words({7}), words({7, 8}) + "\x80"}) {
    CHECK(rig.notices([&] { CHECK_FALSE(peer.arrive(wire)); }) == 0);
  }
  CHECK(peer.stats().malformed == 4);
  CHECK_FALSE(rig.protocol.can_receive());
  rig.detach(peer);
}

TEST_CASE("an answer may have 255 words, and not more") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  std::string hops;
  for (std::uint32_t hop = 1; hop < 255; ++hop) hops += words({hop});
  CHECK(peer.arrive(hops + id + "near"));
  CHECK_FALSE(peer.arrive(hops + words({255}) + id + "far"));
  CHECK(peer.stats().too_many_hops == 1);
  Result<Message> received = rig.protocol.receive();
  REQUIRE(received.ok());
  CHECK(received->header().size() == 255 * word_size);
  CHECK(received->text() == "near");
  Message back = std::move(received).value();
  CHECK(rig.protocol.send(back) == Error::none);
  rig.detach(peer);
}

TEST_CASE("answers are taken from all in turns") {
  Rig rig;
  Peer a(rig);
  Peer b(rig);
  rig.attach(a);
  rig.attach(b);
  for (const char* text : {"a1", "a2"}) a.arrive(id + text);
  for (const char* text : {"b1", "b2"}) b.arrive(id + text);
  CHECK(rig.receive_all() == Texts{"a1", "b1", "a2", "b2"});
  rig.detach(a);
  rig.detach(b);
}

// --- leaving, gone
// --------------------------------------------------------------------------------

TEST_CASE("leaving: its answers are still received, and it misses nothing") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(id + "1");
  peer.end();
  CHECK(rig.ask("x") == Error::none);
  CHECK(rig.protocol.stats().dropped == 0);
  CHECK(rig.receive() == "1");
  CHECK(rig.owner.drained == 1);
  rig.detach(peer);
}

TEST_CASE("gone: it is neither asked nor heard") {
  Rig rig;
  Peer peer(rig);
  rig.attach(peer);
  peer.arrive(id + "unheard");
  rig.detach(peer);
  CHECK_FALSE(rig.protocol.can_receive());
  CHECK(rig.ask("x") == Error::none);
  CHECK(peer.sent.empty());
  CHECK(rig.protocol.stats().dropped == 0);
}

TEST_CASE("gone: who comes with an answer is heard") {
  Rig rig;
  Peer peer(rig);
  peer.arrive(id + "early");
  CHECK(rig.notices([&] { REQUIRE(rig.attach(peer) == Error::none); }) == 1);
  CHECK(rig.receive() == "early");
  rig.detach(peer);
}

TEST_CASE("what is not for a raw surveyor is not supported") {
  Rig rig;
  CHECK(rig.protocol.inspects());
  CHECK_FALSE(rig.protocol.routes());
  CHECK(rig.protocol.cancel() == Error::not_supported);
  CHECK(rig.protocol.open_exchange(rig.host, {}).error() == Error::not_supported);
}

}  // namespace
}  // namespace spool::protocols
