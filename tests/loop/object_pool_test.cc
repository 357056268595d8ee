#include "spool/loop/object_pool.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/crash.h"
#include "tests/support/fake_memory.h"

namespace spool::loop {
namespace {

struct Bench {
  SystemMemory system;
  LimitedMemory memory{system, 0};
};

TEST_CASE("objects are built with their arguments and destroyed once") {
  static int alive = 0;
  struct Item {
    Item(std::string text_, int number_) : text(std::move(text_)), number(number_) { ++alive; }
    ~Item() { --alive; }
    std::string text;
    int number;
  };
  Bench bench;
  ObjectPool<Item> pool(bench.memory);
  Item* item = pool.create("a text that is too long to be stored in place", 7);
  REQUIRE(item != nullptr);
  CHECK(item->text.size() == 45);
  CHECK(item->number == 7);
  CHECK(alive == 1);
  CHECK(pool.live() == 1);
  pool.destroy(item);
  CHECK(alive == 0);
  CHECK(pool.live() == 0);
}

TEST_CASE("after warm-up nothing is allocated, and storage is used again") {
  Bench bench;
  ObjectPool<std::uint64_t> pool(bench.memory);
  std::vector<std::uint64_t*> objects;
  for (std::uint64_t i = 0; i < 50; ++i) objects.push_back(pool.create(i));
  for (std::uint64_t* object : objects) pool.destroy(object);
  const std::uint64_t before = bench.memory.stats().allocations;
  CHECK(before == 50);
  for (int round = 0; round < 10; ++round) {
    for (std::uint64_t i = 0; i < 50; ++i) objects[i] = pool.create(i);
    for (std::uint64_t i = 0; i < 50; ++i) CHECK(*objects[i] == i);
    for (std::uint64_t* object : objects) pool.destroy(object);
  }
  CHECK(bench.memory.stats().allocations == before);
}

TEST_CASE("a pool gives its storage back when it goes") {
  Bench bench;
  {
    ObjectPool<int> pool(bench.memory);
    int* one = pool.create(1);
    int* two = pool.create(2);
    pool.destroy(one);
    pool.destroy(two);
    CHECK(bench.memory.stats().bytes_in_use > 0);
  }
  CHECK(bench.memory.stats().bytes_in_use == 0);
}

TEST_CASE("small and widely aligned objects have room and alignment") {
  struct alignas(64) Wide {
    char byte;
  };
  Bench bench;
  ObjectPool<char> small(bench.memory);
  ObjectPool<Wide> wide(bench.memory);
  for (int round = 0; round < 3; ++round) {
    char* a = small.create('a');
    char* b = small.create('b');
    Wide* c = wide.create();
    CHECK(*a == 'a');
    CHECK(*b == 'b');
    CHECK(reinterpret_cast<std::uintptr_t>(c) % 64 == 0);
    small.destroy(a);
    small.destroy(b);
    wide.destroy(c);
  }
}

TEST_CASE("refused memory gives null, until something is given back") {
  SystemMemory system;
  LimitedMemory memory(system, 20);
  ObjectPool<std::uint64_t> pool(memory);
  std::uint64_t* one = pool.create(1u);
  std::uint64_t* two = pool.create(2u);
  REQUIRE(two != nullptr);
  CHECK(pool.create(3u) == nullptr);
  CHECK(pool.live() == 2);
  pool.destroy(one);
  std::uint64_t* three = pool.create(3u);
  REQUIRE(three != nullptr);
  CHECK(*two == 2);
  pool.destroy(two);
  pool.destroy(three);
}

TEST_CASE("a pool that goes before its objects aborts") {
  CHECK(testing::aborts([] {
    SystemMemory memory;
    ObjectPool<int> pool(memory);
    static_cast<void>(pool.create(1));
  }));
}

TEST_CASE("what was reserved needs no memory") {
  testing::FakeMemory memory;
  ObjectPool<int> pool(memory);
  REQUIRE(pool.reserve(3));
  const std::size_t blocks = memory.blocks();
  CHECK(blocks == 3);
  int* taken[3] = {pool.create(1), pool.create(2), pool.create(3)};
  CHECK(memory.blocks() == blocks);
  for (int* object : taken) pool.destroy(object);
  memory.fail_at = 1;
  CHECK_FALSE(pool.reserve(1));
}

}  // namespace
}  // namespace spool::loop
