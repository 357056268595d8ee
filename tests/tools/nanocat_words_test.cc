#include "tools/nanocat/words.h"

#include <cerrno>

#include <catch2/catch.hpp>

using nanocat::words_of;
using spool::Error;

TEST_CASE("errors of sockets are told in nanocat's words") {
  CHECK(words_of(Error::unknown_scheme) == "Protocol not supported");
  CHECK(words_of(Error::invalid_address) == "Invalid argument");
  CHECK(words_of(Error::invalid_argument) == "Invalid argument");
  CHECK(words_of(Error::name_too_long) == "File name too long");
  CHECK(words_of(Error::address_in_use) == "Address already in use");
  CHECK(words_of(Error::address_unavailable) == "Cannot assign requested address");
  CHECK(words_of(Error::permission_denied) == "Permission denied");
  CHECK(words_of(Error::timed_out) == "Connection timed out");
}

TEST_CASE("every error has words") {
  for (int value = 1; value <= static_cast<int>(Error::system); ++value) {
    INFO(value);
    CHECK_FALSE(words_of(static_cast<Error>(value)).empty());
    CHECK(words_of(static_cast<Error>(value)) != "Success");
  }
}

TEST_CASE("the library's explanation follows in brackets") {
  CHECK(nanocat::socket_error("Can't bind", Error::address_in_use) ==
        "Can't bind: Address already in use\n");
  CHECK(nanocat::socket_error("Can't bind", Error::address_in_use, "port 1") ==
        "Can't bind: Address already in use (port 1)\n");
}

TEST_CASE("errors of files name the file") {
  CHECK(nanocat::file_error("Error opening file", "x", ENOENT) ==
        "Error opening file ``x'': No such file or directory\n");
}
