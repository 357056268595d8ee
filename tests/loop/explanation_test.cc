#include "spool/loop/explanation.h"

#include <limits>
#include <string>

#include <catch2/catch.hpp>

namespace spool {
namespace {

TEST_CASE("text and numbers follow each other") {
  Explanation text;
  CHECK(text.empty());
  text << "port is " << 70000 << std::string_view(": expected ") << 0u << " to "
       << std::uint64_t{65535};
  CHECK(text.text() == "port is 70000: expected 0 to 65535");
  text.clear();
  CHECK(text.empty());
  CHECK(text.text().empty());
}

TEST_CASE("numbers are whole at both ends of their types") {
  Explanation text;
  text << std::numeric_limits<std::int64_t>::min() << " "
       << std::numeric_limits<std::int64_t>::max() << " "
       << std::numeric_limits<std::uint64_t>::max() << " " << std::numeric_limits<int>::min();
  CHECK(text.text() == "-9223372036854775808 9223372036854775807 18446744073709551615 -2147483648");
}

TEST_CASE("a text that just fits is whole, one character more is cut off visibly") {
  const std::string fits(Explanation::capacity, 'x');
  Explanation text;
  text << fits;
  CHECK(text.text() == fits);
  text << "y";
  CHECK(text.text() == std::string(Explanation::capacity - 3, 'x') + "...");
  text << "more" << 1 << "";
  CHECK(text.text().size() == Explanation::capacity);
  CHECK(text.text() == std::string(Explanation::capacity - 3, 'x') + "...");
}

TEST_CASE("an empty text adds nothing, even one that is nowhere") {
  Explanation text;
  text << std::string_view() << "";
  CHECK(text.empty());
  text.quote({});
  CHECK(text.text() == "''");
}

TEST_CASE("piece by piece it ends in the same place") {
  Explanation text;
  for (int i = 0; i < 100; ++i) text << "12345";
  CHECK(text.text().size() == Explanation::capacity);
  CHECK(text.text().substr(0, 10) == "1234512345");
  CHECK(text.text().substr(Explanation::capacity - 3) == "...");
}

TEST_CASE("quoted text shows nothing that a terminal would obey") {
  Explanation text;
  text.quote(std::string_view("a\x1b[2J\n\0\x7f\xc3\xa4'z", 12));
  // The quotation mark in the middle is printable: it stays.
  CHECK(text.text() == "'a?[2J" + std::string(5, '?') + "'z'");
}

TEST_CASE("a copy is a value of its own") {
  Explanation first;
  first << "one";
  Explanation second = first;
  second << " two";
  CHECK(first.text() == "one");
  CHECK(second.text() == "one two");
}

}  // namespace
}  // namespace spool
