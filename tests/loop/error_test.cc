#include "spool/loop/error.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <set>
#include <string>
#include <system_error>

namespace spool {
namespace {

constexpr int last = static_cast<int>(Error::system);

TEST_CASE("every error has a name of its own") {
  std::set<std::string> names;
  for (int value = 0; value <= last; ++value) {
    CAPTURE(value);
    const std::string name = to_string(static_cast<Error>(value));
    CHECK(name != "unknown");
    CHECK(names.insert(name).second);
  }
  CHECK(std::string(to_string(Error::none)) == "none");
  CHECK(std::string(to_string(Error::message_too_large)) == "message_too_large");
  CHECK(std::string(to_string(Error::system)) == "system");
}

TEST_CASE("a value that is no error has a name too, and nothing breaks") {
  for (int value = last + 1; value < 256; ++value)
    CHECK(std::string(to_string(static_cast<Error>(value))) == "unknown");
}

TEST_CASE("an errno becomes the error that a caller can act on") {
  const struct {
    int errno_value;
    Error error;
  } cases[] = {
      {0, Error::none},
      {EAGAIN, Error::would_block},
      {EWOULDBLOCK, Error::would_block},
      {EACCES, Error::permission_denied},
      {EPERM, Error::permission_denied},
      {EADDRINUSE, Error::address_in_use},
      {EADDRNOTAVAIL, Error::address_unavailable},
      {ENOENT, Error::address_unavailable},
      {ENAMETOOLONG, Error::name_too_long},
      {ECONNREFUSED, Error::connection_refused},
      {ECONNRESET, Error::connection_reset},
      {ECONNABORTED, Error::connection_reset},
      {EPIPE, Error::connection_reset},
      {EHOSTUNREACH, Error::unreachable},
      {ENETUNREACH, Error::unreachable},
      {EHOSTDOWN, Error::unreachable},
      {ETIMEDOUT, Error::timed_out},
      {EMFILE, Error::no_descriptors},
      {ENFILE, Error::no_descriptors},
      {ENOBUFS, Error::no_buffers},
      {ENOMEM, Error::no_buffers},
      {EINVAL, Error::invalid_argument},
      {EAFNOSUPPORT, Error::not_supported},
  };
  for (const auto& [errno_value, error] : cases) {
    CAPTURE(std::strerror(errno_value));
    CHECK(error_from_errno(errno_value) == error);
  }
}

TEST_CASE("an errno that nobody thought of is an error of the system") {
  for (const int errno_value : {EBADF, EIO, ENOTSOCK, 4095, 123'456, -1})
    CHECK(error_from_errno(errno_value) == Error::system);
  for (int errno_value = 1; errno_value < 200; ++errno_value)
    CHECK(error_from_errno(errno_value) != Error::none);
}

TEST_CASE("an error is a std::error_code of a category of its own") {
  const std::error_code code = Error::timed_out;
  CHECK(code.value() == static_cast<int>(Error::timed_out));
  CHECK(code.message() == "timed_out");
  CHECK(std::string(code.category().name()) == "spool");
  CHECK(&code.category() == &error_category());
  CHECK(code == make_error_code(Error::timed_out));
  CHECK(code != make_error_code(Error::closed));
  CHECK(code != std::error_code(code.value(), std::generic_category()));
  CHECK(!static_cast<bool>(make_error_code(Error::none)));
  CHECK(std::error_code(12'345, error_category()).message() != "");
}

}  // namespace
}  // namespace spool
