#include "spool/io/frame.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>

#include "tests/support/sim_rig.h"

namespace spool::io {
namespace {

using namespace std::string_literals;

std::string encoded(Framing framing, std::uint64_t size) {
  std::byte bytes[frame_header_max + 1];
  std::memset(bytes, 0x5a, sizeof bytes);
  encode_frame_header(framing, size, bytes);
  // Not a byte more than promised.
  CHECK(bytes[frame_header_size(framing)] == std::byte{0x5a});
  return {reinterpret_cast<const char*>(bytes), frame_header_size(framing)};
}

Error decoded(Framing framing, const std::string& bytes, std::uint64_t limit, std::uint64_t& size) {
  REQUIRE(bytes.size() == frame_header_size(framing));
  return decode_frame_header(framing, sim::bytes_of(bytes).data(), limit, size);
}

TEST_CASE("a tcp frame header is the length in eight bytes, big-endian") {
  CHECK(frame_header_size(Framing::tcp) == 8);
  CHECK(encoded(Framing::tcp, 3) == "\0\0\0\0\0\0\0\x03"s);
  CHECK(encoded(Framing::tcp, 0) == "\0\0\0\0\0\0\0\0"s);
  CHECK(encoded(Framing::tcp, 6) == "\0\0\0\0\0\0\0\x06"s);
  CHECK(encoded(Framing::tcp, 0x0102030405060708) == "\x01\x02\x03\x04\x05\x06\x07\x08"s);
}

TEST_CASE("an ipc frame header is a 1 and the same length") {
  CHECK(frame_header_size(Framing::ipc) == 9);
  CHECK(encoded(Framing::ipc, 3) == "\x01\0\0\0\0\0\0\0\x03"s);
  CHECK(encoded(Framing::ipc, 0x0102030405060708) == "\x01\x01\x02\x03\x04\x05\x06\x07\x08"s);
}

TEST_CASE("what was encoded is decoded") {
  for (const Framing framing : {Framing::tcp, Framing::ipc})
    for (int shift = 0; shift < 64; ++shift)
      for (const std::uint64_t size :
           {std::uint64_t{1} << shift, (std::uint64_t{1} << shift) - 1}) {
        std::uint64_t back = 0;
        CHECK(decoded(framing, encoded(framing, size), UINT64_MAX, back) == Error::none);
        CHECK(back == size);
      }
}

TEST_CASE("a length above the limit is too large, in all 64 bits") {
  for (const Framing framing : {Framing::tcp, Framing::ipc}) {
    std::uint64_t size = 0;
    CHECK(decoded(framing, encoded(framing, 1 << 20), 1 << 20, size) == Error::none);
    for (const std::uint64_t large :
         {(std::uint64_t{1} << 20) + 1, std::uint64_t{1} << 32, (std::uint64_t{1} << 32) + 5,
          std::uint64_t{1} << 63, UINT64_MAX})
      CHECK(decoded(framing, encoded(framing, large), 1 << 20, size) == Error::message_too_large);
  }
}

TEST_CASE("an ipc type other than 1 is malformed, before the length is looked at") {
  for (int type = 0; type < 256; ++type) {
    std::string bytes = encoded(Framing::ipc, UINT64_MAX);
    bytes[0] = static_cast<char>(type);
    std::uint64_t size = 0;
    CHECK(decoded(Framing::ipc, bytes, 100, size) ==
          (type == 1 ? Error::message_too_large : Error::malformed));
  }
}

}  // namespace
}  // namespace spool::io
