#include "spool/loop/memory.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>

#include "tests/support/crash.h"

// Under the address sanitizer a refusal is a null pointer too, as it is without.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

namespace spool {
namespace {

bool is_aligned(const void* block, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
}

TEST_CASE("the system's memory is aligned as asked, and all of it can be written") {
  SystemMemory memory;
  for (std::size_t alignment = 1; alignment <= 64; alignment *= 2) {
    for (const std::size_t bytes : {1u, 7u, 64u, 4097u, 1u << 20}) {
      CAPTURE(alignment, bytes);
      void* block = memory.allocate(bytes, alignment);
      REQUIRE(block != nullptr);
      CHECK(is_aligned(block, alignment));
      std::memset(block, 0xa5, bytes);
      memory.deallocate(block, bytes, alignment);
    }
  }
}

TEST_CASE("memory that nobody has is null, not an exception") {
  SystemMemory system;
  CHECK(system.allocate(SIZE_MAX / 2, 8) == nullptr);
  LimitedMemory memory(system, 0);
  CHECK(memory.allocate(SIZE_MAX / 2, 8) == nullptr);
  CHECK(memory.stats().refusals == 1);
  CHECK(memory.stats().allocations == 0);
  CHECK(memory.stats().bytes_in_use == 0);
}

TEST_CASE("what is in use never exceeds the limit, and may reach it") {
  SystemMemory system;
  LimitedMemory memory(system, 100);
  void* a = memory.allocate(60, 8);
  REQUIRE(a != nullptr);
  CHECK(memory.allocate(41, 8) == nullptr);
  CHECK(memory.allocate(101, 8) == nullptr);
  CHECK(memory.allocate(SIZE_MAX, 8) == nullptr);  // the sum would wrap around
  void* b = memory.allocate(40, 8);
  REQUIRE(b != nullptr);
  CHECK(memory.stats().bytes_in_use == 100);
  CHECK(memory.allocate(1, 1) == nullptr);
  memory.deallocate(a, 60, 8);
  void* c = memory.allocate(60, 8);
  CHECK(c != nullptr);
  memory.deallocate(b, 40, 8);
  memory.deallocate(c, 60, 8);
  CHECK(memory.stats().bytes_in_use == 0);
}

TEST_CASE("a limit of zero is none") {
  SystemMemory system;
  LimitedMemory memory(system, 0);
  void* block = memory.allocate(1u << 20, 8);
  CHECK(block != nullptr);
  memory.deallocate(block, 1u << 20, 8);
}

TEST_CASE("the counters tell allocations, refusals, use and the most there was") {
  SystemMemory system;
  LimitedMemory memory(system, 100);
  void* a = memory.allocate(50, 8);
  void* b = memory.allocate(30, 8);
  memory.deallocate(a, 50, 8);
  void* c = memory.allocate(10, 8);
  CHECK(memory.allocate(1000, 8) == nullptr);
  CHECK(memory.stats().allocations == 3);
  CHECK(memory.stats().refusals == 1);
  CHECK(memory.stats().bytes_in_use == 40);
  CHECK(memory.stats().bytes_high_water == 80);
  CHECK(&memory.upstream() == &system);
  memory.deallocate(b, 30, 8);
  memory.deallocate(c, 10, 8);
}

TEST_CASE("limits nest: the tighter one decides, and both count the same") {
  SystemMemory system;
  LimitedMemory outer(system, 100);
  LimitedMemory inner(outer, 1000);
  void* block = inner.allocate(80, 8);
  REQUIRE(block != nullptr);
  CHECK(inner.allocate(80, 8) == nullptr);  // refused from below
  CHECK(inner.stats().refusals == 1);
  CHECK(inner.stats().bytes_in_use == 80);
  CHECK(outer.stats().bytes_in_use == 80);
  inner.deallocate(block, 80, 8);
  CHECK(outer.stats().bytes_in_use == 0);
}

TEST_CASE("giving back more than was taken aborts") {
  CHECK(testing::aborts([] {
    SystemMemory system;
    LimitedMemory memory(system, 0);
    void* block = memory.allocate(8, 8);
    memory.deallocate(block, 16, 8);
  }));
}

}  // namespace
}  // namespace spool
