#include "spool/protocols/policy/backtrace.h"

#include <catch2/catch.hpp>

#include "tests/protocols/backtrace_fixture.h"

namespace spool::protocols {
namespace {

using io::Verdict;
using testing::far_wire;
using testing::wire;

Backtrace find(std::string_view payload, unsigned hop_limit = 8) {
  return find_backtrace(std::as_bytes(std::span(payload)), hop_limit);
}

TEST_CASE("a word is four bytes, the largest first") {
  CHECK(testing::text_of(encode_word(0x8000'0005)) == std::string("\x80\0\0\x05", 4));
  CHECK(testing::text_of(encode_word(0x0102'0304)) == "\x01\x02\x03\x04");
}

TEST_CASE("a backtrace ends with the first word that has bit 31 set") {
  CHECK(find(wire({0x8000'0005}, "q")).size == 4);
  CHECK(find(wire({7, 0x8000'0005}, "q")).size == 8);
  CHECK(find(wire({0x7fff'ffff, 0xffff'ffff}, "q")).size == 8);
  CHECK(find(wire({7, 0x8000'0005, 0x8000'0006}, "q")).size == 8);
  CHECK(find(wire({7, 0x8000'0005}, "q")).verdict == Verdict::keep);
}

TEST_CASE("the id 80000000 is an id") { CHECK(find(wire({0x8000'0000}, "q")).size == 4); }

TEST_CASE("only bit 31 makes an id, not the other bits of that byte or of other bytes") {
  CHECK(find(wire({0x7f80'8080})).verdict == Verdict::malformed);
}

TEST_CASE("nothing needs to follow the id") {
  CHECK(find(wire({0x8000'0005})).verdict == Verdict::keep);
  CHECK(find(wire({0x8000'0005})).size == 4);
}

TEST_CASE("what is too short for a word is malformed") {
  for (const std::string_view text : {"", "\x80", "\x80\x80", "\x80\x80\x80"}) {
    CHECK(find(text).verdict == Verdict::malformed);
    CHECK(find(text).size == 0);
  }
}

TEST_CASE("words without an id are malformed, with or without a rest") {
  for (const std::string_view rest : {"", "\x80", "\x80\x80", "\x80\x80\x80"}) {
    CHECK(find(wire({1}, rest)).verdict == Verdict::malformed);
    CHECK(find(wire({1, 2, 3}, rest)).verdict == Verdict::malformed);
  }
}

TEST_CASE("the hop limit counts the id word") {
  CHECK(find(far_wire(7, "q"), 8).verdict == Verdict::keep);
  CHECK(find(far_wire(7, "q"), 8).size == 32);
  CHECK(find(far_wire(8, "q"), 8).verdict == Verdict::too_many_hops);
  CHECK(find(far_wire(8, "q"), 8).size == 0);
  CHECK(find(far_wire(8, "q"), 9).size == 36);
}

TEST_CASE("the smallest hop limit leaves room for the id, the largest for 255 words") {
  CHECK(find(far_wire(0, "q"), 1).size == 4);
  CHECK(find(far_wire(1, "q"), 1).verdict == Verdict::too_many_hops);
  CHECK(find(far_wire(254, "q"), hop_limit_max).size == 1020);
  CHECK(find(far_wire(255, "q"), hop_limit_max).verdict == Verdict::too_many_hops);
}

TEST_CASE("words without an id have too many hops as soon as there are more than the limit") {
  CHECK(find(wire({1, 2}), 2).verdict == Verdict::malformed);
  CHECK(find(wire({1, 2}, "\x80\x80\x80"), 2).verdict == Verdict::malformed);
  CHECK(find(wire({1, 2, 3}), 2).verdict == Verdict::too_many_hops);
}

TEST_CASE("without a limit any number of hops is kept") {
  CHECK(find(far_wire(1000, "q"), no_hop_limit).size == 4004);
}

TEST_CASE("a raw header is one backtrace and nothing else") {
  const auto is_one = [](std::string_view header) {
    return is_backtrace(std::as_bytes(std::span(header)));
  };
  CHECK(is_one(wire({0x8000'0005})));
  CHECK(is_one(far_wire(300, "")));
  CHECK_FALSE(is_one(""));
  CHECK_FALSE(is_one(wire({7})));
  CHECK_FALSE(is_one(wire({0x8000'0005}, "q")));
  CHECK_FALSE(is_one(wire({0x8000'0005, 0x8000'0005})));
}

}  // namespace
}  // namespace spool::protocols
