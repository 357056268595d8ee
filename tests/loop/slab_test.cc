#include "spool/loop/slab.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "tests/support/fake_memory.h"

namespace spool::loop {
namespace {

struct Tag {};
using Key = Handle<Tag>;

// Counts how many of it there are.
struct Item {
  Item(int value_, int& alive_) : value(value_), alive(alive_) { ++alive; }
  ~Item() { --alive; }
  Item(const Item&) = delete;
  Item& operator=(const Item&) = delete;
  int value;
  int& alive;
};

struct Bench {
  SystemMemory system;
  LimitedMemory memory{system, 0};
  Slab<Item, Tag> slab;
  int alive = 0;
  explicit Bench(std::uint32_t limit = 1u << 24) : slab(memory, limit) {}
  ~Bench() {
    slab.for_each([this](Key key, Item&) { slab.erase(key); });
  }
};

TEST_CASE("what was inserted is found by its key, at the same place for ever") {
  Bench bench;
  std::vector<std::pair<Key, Item*>> items;
  for (int i = 0; i < 500; ++i) {
    const Key key = bench.slab.insert(i, bench.alive);
    REQUIRE(key.valid());
    items.emplace_back(key, bench.slab.find(key));
  }
  CHECK(bench.slab.size() == 500);
  CHECK(bench.alive == 500);
  for (int i = 0; i < 500; ++i) {
    const auto& [key, item] = items[static_cast<std::size_t>(i)];
    REQUIRE(bench.slab.find(key) == item);
    REQUIRE(item->value == i);
  }
}

TEST_CASE("zero, stale and made-up keys find nothing") {
  Bench bench;
  CHECK(bench.slab.find(Key{}) == nullptr);
  CHECK(bench.slab.find(Key{0, 1}) == nullptr);
  CHECK(bench.slab.find(Key{0xffffffff, 1}) == nullptr);
  const Key key = bench.slab.insert(1, bench.alive);
  CHECK(bench.slab.find(Key{key.index, 0}) == nullptr);
  CHECK(bench.slab.find(Key{key.index, key.generation + 1}) == nullptr);
  CHECK(bench.slab.find(Key{key.index + 1, key.generation}) == nullptr);  // a free slot
  bench.slab.erase(key);
  CHECK(bench.alive == 0);
  CHECK(bench.slab.find(key) == nullptr);
}

TEST_CASE("a slot that is used again does not answer to its old key") {
  Bench bench;
  const Key first = bench.slab.insert(1, bench.alive);
  bench.slab.erase(first);
  Key again;
  do {
    again = bench.slab.insert(2, bench.alive);
  } while (again.index != first.index);
  CHECK(again.generation != first.generation);
  CHECK(bench.slab.find(first) == nullptr);
  CHECK(bench.slab.find(again)->value == 2);
}

TEST_CASE("slots are used again oldest first") {
  Bench bench;
  std::vector<Key> keys;
  for (int i = 0; i < 32; ++i) keys.push_back(bench.slab.insert(i, bench.alive));
  for (const int i : {7, 3, 30, 0}) bench.slab.erase(keys[static_cast<std::size_t>(i)]);
  for (const std::uint32_t index : {7u, 3u, 30u, 0u})
    CHECK(bench.slab.insert(0, bench.alive).index == index);
}

TEST_CASE("a slab that has reached its size allocates no more") {
  Bench bench;
  std::vector<Key> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back(bench.slab.insert(i, bench.alive));
  const std::uint64_t before = bench.memory.stats().allocations;
  for (int round = 0; round < 5; ++round) {
    for (const Key key : keys) bench.slab.erase(key);
    for (Key& key : keys) key = bench.slab.insert(round, bench.alive);
  }
  CHECK(bench.memory.stats().allocations == before);
}

TEST_CASE("a limit is kept, in whole chunks, and room comes back") {
  Bench bench(64);
  std::vector<Key> keys;
  for (;;) {
    const Key key = bench.slab.insert(0, bench.alive);
    if (!key.valid()) break;
    keys.push_back(key);
  }
  CHECK(keys.size() == 64);
  CHECK(bench.alive == 64);
  bench.slab.erase(keys[10]);
  CHECK(bench.slab.insert(0, bench.alive).valid());
  CHECK(!bench.slab.insert(0, bench.alive).valid());
}

TEST_CASE("refused memory gives an invalid key and changes nothing") {
  SystemMemory system;
  int alive = 0;
  bool has_filled = false;
  for (std::size_t limit = 1; !has_filled; limit += 64) {
    LimitedMemory memory(system, limit);
    {
      Slab<Item, Tag> slab(memory);
      std::vector<Key> keys;
      while (keys.size() < 300) {
        const Key key = slab.insert(static_cast<int>(keys.size()), alive);
        if (!key.valid()) break;
        keys.push_back(key);
      }
      has_filled = keys.size() == 300;
      REQUIRE(slab.size() == keys.size());
      for (std::size_t i = 0; i < keys.size(); ++i)
        REQUIRE(slab.find(keys[i])->value == static_cast<int>(i));
      for (const Key key : keys) slab.erase(key);
    }
    REQUIRE(alive == 0);
    REQUIRE(memory.stats().bytes_in_use == 0);
  }
}

TEST_CASE("for_each sees each object once, and may erase the one it sees") {
  Bench bench;
  std::vector<Key> keys;
  for (int i = 0; i < 100; ++i) keys.push_back(bench.slab.insert(i, bench.alive));
  for (std::size_t i = 0; i < 100; i += 3) bench.slab.erase(keys[i]);
  std::set<int> seen;
  bench.slab.for_each([&](Key key, Item& item) {
    CHECK(key == keys[static_cast<std::size_t>(item.value)]);
    CHECK(seen.insert(item.value).second);
    if (item.value % 2 == 0) bench.slab.erase(key);
  });
  CHECK(seen.size() == 66);
  CHECK(bench.slab.size() == 33);
}

TEST_CASE("a random life of a slab is that of a map") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Bench bench;
  std::map<std::uint64_t, int> model;
  std::vector<Key> gone;
  for (int step = 0; step < 20'000; ++step) {
    if (model.empty() || random() % 100 < (step / 2000 % 2 == 0 ? 60u : 40u)) {
      const Key key = bench.slab.insert(step, bench.alive);
      REQUIRE(key.valid());
      REQUIRE(model.emplace(key.value(), step).second);
    } else {
      auto chosen = model.lower_bound(static_cast<std::uint64_t>(random()) << 32 | random());
      if (chosen == model.end()) chosen = model.begin();
      const Key key = Key::from(chosen->first);
      REQUIRE(bench.slab.find(key)->value == chosen->second);
      bench.slab.erase(key);
      model.erase(chosen);
      gone.push_back(key);
    }
    REQUIRE(bench.slab.size() == model.size());
    if (!gone.empty()) REQUIRE(bench.slab.find(gone[random() % gone.size()]) == nullptr);
  }
  CHECK(bench.alive == static_cast<int>(model.size()));
}

struct alignas(64) Wide {
  char bytes[64];
};

TEST_CASE("objects are aligned as their type asks") {
  SystemMemory memory;
  Slab<Wide, Tag> slab(memory);
  std::vector<Key> keys;
  for (int i = 0; i < 50; ++i) {
    keys.push_back(slab.insert());
    CHECK(reinterpret_cast<std::uintptr_t>(slab.find(keys.back())) % 64 == 0);
  }
  for (const Key key : keys) slab.erase(key);
}

TEST_CASE("what was reserved needs no memory, whatever was taken and given back before") {
  testing::FakeMemory memory;
  Slab<int, Tag> slab(memory, 200);
  std::vector<Handle<Tag>> keys;
  for (int i = 0; i < 10; ++i) keys.push_back(slab.insert(i));
  for (int i = 0; i < 5; ++i) {
    slab.erase(keys.back());
    keys.pop_back();
  }
  REQUIRE(slab.reserve(100));
  const std::size_t blocks = memory.blocks();
  for (int i = 0; i < 100; ++i) keys.push_back(slab.insert(i));
  CHECK(memory.blocks() == blocks);
  for (const auto key : keys) REQUIRE(slab.find(key) != nullptr);
  for (const auto key : keys) slab.erase(key);
  CHECK(slab.reserve(1000));  // up to the limit
  memory.fail_at = 1;
  Slab<int, Tag> refused(memory);
  CHECK_FALSE(refused.reserve(1));
}

}  // namespace
}  // namespace spool::loop
