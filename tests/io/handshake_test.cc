#include "spool/io/handshake.h"

#include <catch2/catch.hpp>
#include <string>

namespace spool::io {
namespace {

using namespace std::string_literals;

constexpr ProtocolId all[] = {ProtocolId::pair,     ProtocolId::pair1,     ProtocolId::pub,
                              ProtocolId::sub,      ProtocolId::req,       ProtocolId::rep,
                              ProtocolId::push,     ProtocolId::pull,      ProtocolId::bus,
                              ProtocolId::surveyor, ProtocolId::respondent};

std::string text_of(const HandshakeBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_CASE("the header of each protocol is the one that others send") {
  CHECK(text_of(encode_handshake(ProtocolId::pull)) == "\x00\x53\x50\x00\x00\x51\x00\x00"s);
  CHECK(text_of(encode_handshake(ProtocolId::push)) == "\x00\x53\x50\x00\x00\x50\x00\x00"s);
  CHECK(text_of(encode_handshake(ProtocolId::req)) == "\x00\x53\x50\x00\x00\x30\x00\x00"s);
  CHECK(text_of(encode_handshake(ProtocolId::rep)) == "\x00\x53\x50\x00\x00\x31\x00\x00"s);
  CHECK(text_of(encode_handshake(ProtocolId::pair)) == "\x00\x53\x50\x00\x00\x10\x00\x00"s);
  CHECK(text_of(encode_handshake(ProtocolId::pair1)) == "\x00\x53\x50\x00\x00\x11\x00\x00"s);
  CHECK(text_of(encode_handshake(ProtocolId::pub)) == "\x00\x53\x50\x00\x00\x20\x00\x00"s);
  CHECK(text_of(encode_handshake(ProtocolId::sub)) == "\x00\x53\x50\x00\x00\x21\x00\x00"s);
  CHECK(text_of(encode_handshake(ProtocolId::surveyor)) == "\x00\x53\x50\x00\x00\x62\x00\x00"s);
  CHECK(text_of(encode_handshake(ProtocolId::respondent)) == "\x00\x53\x50\x00\x00\x63\x00\x00"s);
  CHECK(text_of(encode_handshake(ProtocolId::bus)) == "\x00\x53\x50\x00\x00\x70\x00\x00"s);
}

TEST_CASE("each type of socket has one type of peer, and is that one's peer") {
  CHECK(peer_of(ProtocolId::pair) == ProtocolId::pair);
  CHECK(peer_of(ProtocolId::pair1) == ProtocolId::pair1);
  CHECK(peer_of(ProtocolId::pub) == ProtocolId::sub);
  CHECK(peer_of(ProtocolId::req) == ProtocolId::rep);
  CHECK(peer_of(ProtocolId::push) == ProtocolId::pull);
  CHECK(peer_of(ProtocolId::surveyor) == ProtocolId::respondent);
  CHECK(peer_of(ProtocolId::bus) == ProtocolId::bus);
  for (const ProtocolId id : all) CHECK(peer_of(peer_of(id)) == id);
}

TEST_CASE("a header is accepted from the expected type of peer and from no other") {
  for (const ProtocolId mine : all)
    for (const ProtocolId theirs : all)
      CHECK(check_handshake(encode_handshake(theirs), peer_of(mine)) ==
            (peer_of(mine) == theirs ? Error::none : Error::protocol_mismatch));
}

TEST_CASE("each byte is looked at: any other value in any place is refused") {
  const HandshakeBytes good = encode_handshake(ProtocolId::pull);
  REQUIRE(check_handshake(good, ProtocolId::pull) == Error::none);
  for (std::size_t at = 0; at < handshake_size; ++at)
    for (int value = 0; value < 256; ++value) {
      HandshakeBytes bad = good;
      bad[at] = static_cast<std::byte>(value);
      if (bad == good) continue;
      CAPTURE(at, value);
      // Bytes 4 and 5 are the protocol number; a wrong one there is a peer, but not ours.
      const Error expected = at == 4 || at == 5 ? Error::protocol_mismatch : Error::bad_handshake;
      CHECK(check_handshake(bad, ProtocolId::pull) == expected);
    }
}

TEST_CASE("what is no SP header is told from a wrong protocol, whatever else is wrong") {
  HandshakeBytes bytes = encode_handshake(ProtocolId::push);
  bytes[7] = std::byte{1};
  CHECK(check_handshake(bytes, ProtocolId::pull) == Error::bad_handshake);
}

}  // namespace
}  // namespace spool::io
