// The golden outputs were recorded from nanomsg's nanocat 1.1.5.
#include "tools/nanocat/format.h"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

using nanocat::append_message;
using nanocat::Format;

namespace {

std::string printed(Format format, std::string_view message) {
  std::string out;
  append_message(out, format, message);
  return out;
}

std::string all_bytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

// a TAB b LF " c \ d 01 FF
constexpr std::string_view golden = "a\tb\n\"c\\d\x01\xff";

}  // namespace

TEST_CASE("no prints nothing") {
  CHECK(printed(Format::no, golden).empty());
  CHECK(printed(Format::no, "").empty());
}

TEST_CASE("raw prints the bytes and no newline") {
  CHECK(printed(Format::raw, golden) == golden);
  CHECK(printed(Format::raw, all_bytes()) == all_bytes());
  CHECK(printed(Format::raw, "").empty());
}

TEST_CASE("ascii prints a dot for what is not printable, and a newline") {
  CHECK(printed(Format::ascii, golden) == "a.b.\"c\\d..\n");
  CHECK(printed(Format::ascii, "\x7f\x80 ~\r") == ".. ~.\n");
  CHECK(printed(Format::ascii, "") == "\n");
}

TEST_CASE("quoted escapes newline, return, backslash and quote, and the rest in hex") {
  CHECK(printed(Format::quoted, golden) == "\"a\\x09b\\n\\\"c\\\\d\\x01\\xff\"\n");
  CHECK(printed(Format::quoted, "\x7f\x80 ~\r") == "\"\\x7f\\x80 ~\\r\"\n");
  CHECK(printed(Format::quoted, std::string_view("\0", 1)) == "\"\\x00\"\n");
  CHECK(printed(Format::quoted, "") == "\"\"\n");
}

TEST_CASE("hex prints every byte in lower-case hex") {
  CHECK(printed(Format::hex, golden) == "\"\\x61\\x09\\x62\\x0a\\x22\\x63\\x5c\\x64\\x01\\xff\"\n");
  CHECK(printed(Format::hex, "") == "\"\"\n");
  CHECK(printed(Format::hex, all_bytes()).size() == 256 * 4 + 3);
}

TEST_CASE("msgpack prints the shortest binary that holds the message, and no newline") {
  using std::string;
  CHECK(printed(Format::msgpack, golden) == "\xc4\x0a" + string(golden));
  CHECK(printed(Format::msgpack, "") == string("\xc4\x00", 2));
  const string x255(255, 'x'), x256(256, 'x'), x65535(65535, 'x'), x65536(65536, 'x');
  CHECK(printed(Format::msgpack, x255) == "\xc4\xff" + x255);
  CHECK(printed(Format::msgpack, x256) == string("\xc5\x01\x00", 3) + x256);
  CHECK(printed(Format::msgpack, x65535) == "\xc5\xff\xff" + x65535);
  CHECK(printed(Format::msgpack, x65536) == string("\xc6\x00\x01\x00\x00", 5) + x65536);
}

TEST_CASE("messages are appended one behind the other") {
  std::string out;
  append_message(out, Format::ascii, "one");
  append_message(out, Format::ascii, "two");
  CHECK(out == "one\ntwo\n");
}
