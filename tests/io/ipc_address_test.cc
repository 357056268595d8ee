#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "spool/io/transports/unix_address.h"

namespace spool::io {
namespace {

TEST_CASE("a path is what stands behind ipc://, absolute or relative") {
  for (const char* path : {"/tmp/x", "x", "./x", "a b", "/tmp/://"}) {
    CAPTURE(path);
    Explanation why;
    const Result<SocketAddress> address = parse_ipc(path, why);
    REQUIRE(address.ok());
    CHECK(address.value().family() == AF_UNIX);
    sockaddr_un un{};
    std::memcpy(&un, &address.value().storage, sizeof un);
    CHECK(std::string(un.sun_path) == path);
    CHECK(address.value().size == offsetof(sockaddr_un, sun_path) + std::strlen(path) + 1);
    CHECK(why.empty());
  }
}

TEST_CASE("no path is refused, with words") {
  Explanation why;
  CHECK(parse_ipc("", why).error() == Error::invalid_address);
  CHECK(why.text().find("expected a path") != std::string_view::npos);
}

TEST_CASE("a path of 107 bytes fits, one of 108 is too long, and the words say both numbers") {
  Explanation why;
  const Result<SocketAddress> fits = parse_ipc(std::string(107, 'p'), why);
  REQUIRE(fits.ok());
  sockaddr_un un{};
  std::memcpy(&un, &fits.value().storage, sizeof un);
  CHECK(std::strlen(un.sun_path) == 107);
  CHECK(parse_ipc(std::string(108, 'p'), why).error() == Error::name_too_long);
  CHECK(why.text().find("108") != std::string_view::npos);
  CHECK(why.text().find("107") != std::string_view::npos);
  CHECK(parse_ipc(std::string(100'000, 'p'), why).error() == Error::name_too_long);
}

// The bytes behind the leading NUL.
std::string abstract_name(const SocketAddress& address) {
  const char* path =
      reinterpret_cast<const char*>(&address.storage) + offsetof(sockaddr_un, sun_path);
  CHECK(path[0] == '\0');
  return std::string(path + 1, address.size - offsetof(sockaddr_un, sun_path) - 1);
}

TEST_CASE("an abstract name is what stands behind abstract://, percent-decoded") {
  const struct {
    const char* rest;
    std::string name;
  } good[] = {
      {"name", "name"},       {"a/b c", "a/b c"},
      {"%41%2f%2F", "A//"},   {"x%00y", std::string("x\0y", 3)},
      {"%FF%fe", "\xff\xfe"}, {"%25", "%"},
  };
  for (const auto& one : good)
    for (const bool listen : {false, true}) {
      CAPTURE(one.rest);
      Explanation why;
      const Result<SocketAddress> address = parse_abstract(one.rest, listen, why);
      REQUIRE(address.ok());
      CHECK(address.value().family() == AF_UNIX);
      CHECK(abstract_name(address.value()) == one.name);
      CHECK(why.empty());
      // And back: what is printed is read as the same name.
      const Result<Address> text = abstract_address(address.value(), why);
      REQUIRE(text.ok());
      CHECK(abstract_name(parse_abstract(text->rest(), listen, why).value()) == one.name);
    }
}

TEST_CASE("an abstract name without two hexadecimal digits behind a % is refused, with words") {
  for (const char* bad : {"%", "%4", "a%", "%g1", "%1g", "%%41", "% 1"}) {
    CAPTURE(bad);
    Explanation why;
    CHECK(parse_abstract(bad, true, why).error() == Error::invalid_address);
    CHECK(why.text().find("two hexadecimal digits") != std::string_view::npos);
    CHECK(why.text().find(bad) != std::string_view::npos);
  }
}

TEST_CASE("an abstract name has at most 107 bytes, however they are written") {
  std::string encoded;
  for (int i = 0; i < 107; ++i) encoded += "%ff";
  Explanation why;
  const SocketAddress longest = parse_abstract(encoded, true, why).value();
  CHECK(abstract_name(longest) == std::string(107, '\xff'));
  CHECK(longest.size == sizeof(sockaddr_un));
  CHECK(abstract_address(longest, why).value().rest().size() == encoded.size());
  CHECK(parse_abstract(std::string(107, 'n'), true, why).ok());
  CHECK(why.empty());
  CHECK(parse_abstract(encoded + "x", true, why).error() == Error::name_too_long);
  CHECK(why.text().find("108") != std::string_view::npos);
  CHECK(parse_abstract(std::string(100'000, 'n'), true, why).error() == Error::name_too_long);
}

TEST_CASE("no abstract name is for listening only: the kernel chooses one") {
  Explanation why;
  CHECK(parse_abstract("", true, why).value().size == offsetof(sockaddr_un, sun_path));
  CHECK(parse_abstract("", false, why).error() == Error::invalid_address);
  CHECK(why.text().find("only to listen") != std::string_view::npos);
}

}  // namespace
}  // namespace spool::io
