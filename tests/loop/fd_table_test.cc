#include "spool/loop/fd_table.h"

#include <catch2/catch.hpp>

#include "tests/support/crash.h"

namespace spool::loop {
namespace {

TEST_CASE("descriptors that were never set have the absent value, whatever their number") {
  SystemMemory memory;
  FdTable<int> table(memory, -7);
  for (const int fd : {-1, 0, 5, 1'000'000'000}) CHECK(table.get(fd) == -7);
  REQUIRE(table.reserve(5));
  for (const int fd : {-1, 0, 5, 1'000'000'000}) CHECK(table.get(fd) == -7);
}

TEST_CASE("values stay when the table grows, and growing is rare") {
  SystemMemory system;
  LimitedMemory memory(system, 0);
  {
    FdTable<int> table(memory, -1);
    for (int fd = 0; fd < 5000; ++fd) {
      REQUIRE(table.reserve(fd));
      table.set(fd, fd * 3);
    }
    for (int fd = 0; fd < 5000; ++fd) REQUIRE(table.get(fd) == fd * 3);
    CHECK(table.get(5000) == -1);
    CHECK(memory.stats().allocations < 10);
  }
  CHECK(memory.stats().bytes_in_use == 0);
}

TEST_CASE("refused memory leaves the table as it was") {
  SystemMemory system;
  LimitedMemory memory(system, 1000);
  FdTable<int> table(memory, -1);
  REQUIRE(table.reserve(10));
  table.set(10, 1);
  CHECK(!table.reserve(5000));
  CHECK(table.get(10) == 1);
  CHECK(table.reserve(20));
}

TEST_CASE("setting where no room was made aborts") {
  CHECK(testing::aborts([] {
    SystemMemory memory;
    FdTable<int> table(memory, -1);
    table.set(3, 1);
  }));
}

}  // namespace
}  // namespace spool::loop
