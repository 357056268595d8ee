#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "spool/io/transports/ipc.h"

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

}  // namespace
}  // namespace spool::io
