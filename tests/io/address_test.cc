#include "spool/io/address.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

namespace spool::io {
namespace {

using namespace std::string_literals;

bool contains(const Explanation& why, std::string_view part) {
  return why.text().find(part) != std::string_view::npos;
}

TEST_CASE("an address is split at the first ://") {
  struct {
    const char* text;
    const char* scheme;
    const char* rest;
  } const good[] = {
      {"tcp://127.0.0.1:5555", "tcp", "127.0.0.1:5555"},
      {"ipc:///tmp/x", "ipc", "/tmp/x"},
      {"ipc://relative", "ipc", "relative"},
      {"inproc://a://b", "inproc", "a://b"},
      {"inproc://", "inproc", ""},
      {"tls+tcp://[::1]:1", "tls+tcp", "[::1]:1"},
      {"inproc://\xc3\xa4 b", "inproc", "\xc3\xa4 b"},
  };
  for (const auto& one : good) {
    CAPTURE(one.text);
    Explanation why;
    const Result<Address> address = Address::parse(one.text, why);
    REQUIRE(address.ok());
    CHECK(address.value().text() == one.text);
    CHECK(address.value().scheme() == one.scheme);
    CHECK(address.value().rest() == one.rest);
    CHECK(why.empty());
  }
}

TEST_CASE("text without a scheme is refused, and the words quote it and say what was expected") {
  for (const char* bad :
       {"", "127.0.0.1:5555", "tcp:/127.0.0.1", "tcp:", "://x", "/tmp/x", "tcp//:x"}) {
    CAPTURE(bad);
    Explanation why;
    CHECK(Address::parse(bad, why).error() == Error::invalid_address);
    CHECK(contains(why, "'"s + bad + "'"));
    CHECK(contains(why, "expected SCHEME://"));
  }
}

TEST_CASE("an address may have as many characters as there is room for, and no more") {
  const std::string fits = "inproc://"s + std::string(Address::capacity - 9, 'x');
  Explanation why;
  const Result<Address> address = Address::parse(fits, why);
  REQUIRE(address.ok());
  CHECK(address.value().text() == fits);
  CHECK(Address::parse(fits + "x", why).error() == Error::name_too_long);
  CHECK(contains(why, std::to_string(Address::capacity + 1)));
  CHECK(contains(why, std::to_string(Address::capacity)));
  CHECK(Address::parse(std::string(100'000, 'x') + "://", why).error() == Error::name_too_long);
}

TEST_CASE("control characters are refused in every place, and not printed") {
  for (int c = 0; c < 0x20; ++c)
    for (const std::size_t at : {0, 2, 6, 8}) {
      std::string text = "ipc://abc";
      text[at] = static_cast<char>(c);
      Explanation why;
      CAPTURE(c, at);
      CHECK_FALSE(Address::parse(text, why).ok());
      CHECK_FALSE(why.empty());
      for (const char shown : why.text()) CHECK(shown >= 0x20);
    }
}

TEST_CASE("a part of an address can be replaced, and the rest stays as it is") {
  Explanation why;
  const Address address = Address::parse("tcp4://eth0;host.name:80/", why).value();
  const std::string_view host = address.text().substr(12, 9);
  REQUIRE(host == "host.name");
  const Address other = address.replaced(host, "192.0.2.1").value();
  CHECK(other.text() == "tcp4://eth0;192.0.2.1:80/");
  CHECK(other.scheme() == "tcp4");
  CHECK(address.replaced(host, "").value().text() == "tcp4://eth0;:80/");
  CHECK(address.replaced(address.rest(), "x").value().text() == "tcp4://x");
  CHECK(address.text() == "tcp4://eth0;host.name:80/");
}

TEST_CASE("a replacement that does not fit is refused") {
  Explanation why;
  const Address address =
      Address::parse("inproc://"s + std::string(Address::capacity - 9, 'x'), why).value();
  const std::string_view last = address.text().substr(Address::capacity - 1);
  CHECK(address.replaced(last, "y").ok());
  CHECK(address.replaced(last, "yy").error() == Error::name_too_long);
}

TEST_CASE("words about a long bad address end in dots instead of overflowing") {
  Explanation why;
  CHECK_FALSE(Address::parse(std::string(10'000, 'y'), why).ok());
  CHECK(why.text().size() == Explanation::capacity);
  CHECK(why.text().substr(why.text().size() - 3) == "...");
}

}  // namespace
}  // namespace spool::io
