// IdTable against std::map, and what it does without memory.
#include "spool/protocols/policy/id_table.h"

#include <catch2/catch.hpp>
#include <iterator>
#include <map>
#include <random>
#include <vector>

#include "tests/support/fake_memory.h"

namespace spool::protocols {
namespace {

struct Thing {
  std::uint32_t id = 0;
};
using Table = IdTable<Thing>;

// As REQUIRE, which takes too long to be said millions of times.
void require(bool condition) {
  if (!condition) FAIL();
}

// The same calls on both; whatever can be asked is compared.
struct Twins {
  testing::FakeMemory memory;
  Table table{memory};
  std::map<std::uint32_t, Thing> model;

  void insert(std::uint32_t id) {
    Thing& thing = model[id];
    thing.id = id;
    require(table.insert(id, thing));
  }
  void erase(std::uint32_t id) {
    table.erase(id);
    model.erase(id);
  }
  void compare(std::uint32_t id) {
    const auto found = model.find(id);
    require(table.find(id) == (found == model.end() ? nullptr : &found->second));
  }
  void compare() {
    require(table.size() == model.size());
    for (auto& [id, thing] : model) require(table.find(id) == &thing);
  }
};

TEST_CASE("an empty table finds nothing and owns nothing") {
  Twins twins;
  CHECK(twins.table.find(1) == nullptr);
  CHECK(twins.table.find(0) == nullptr);
  CHECK(twins.table.size() == 0);
  CHECK(twins.memory.requests == 0);
}

TEST_CASE("an id is found from insert to erase, and its neighbours are not") {
  Twins twins;
  twins.insert(0x8000'0000u);
  twins.compare();
  for (const std::uint32_t other : {0u, 1u, 0x7fff'ffffu, 0x8000'0001u, 0xffff'ffffu})
    CHECK(twins.table.find(other) == nullptr);
  twins.erase(0x8000'0000u);
  CHECK(twins.table.find(0x8000'0000u) == nullptr);
  CHECK(twins.table.size() == 0);
}

// Few ids, often the same: clusters, gaps within them, and runs over the end of the table.
TEST_CASE("the table does what a map does, whatever the ids look like") {
  struct Family {
    std::uint32_t first;
    std::uint32_t step;
    std::uint32_t count;
  };
  constexpr std::uint32_t same = 0x0e8b'2f51u;  // multiples of this have one home
  const Family family =
      GENERATE(Family{1, 1, 7}, Family{0x8000'0000u, 1, 40}, Family{0xffff'fff0u, 1, 15},
               Family{16, 16, 30}, Family{0x8000'0000u, 1u << 12, 100}, Family{7, 1u << 24, 60},
               Family{0x8000'0001u, 0x0001'0003u, 3000}, Family{1, 0x9e37'79b1u, 500},
               Family{same, same, 40},              // the first slot
               Family{0u - 40u * same, same, 40},   // the last one
               Family{0u - 25u * same, same, 50});  // both
  Twins twins;
  std::mt19937 random(family.first ^ family.step);
  for (int step = 0; step < 40'000; ++step) {
    const auto number = static_cast<std::uint32_t>(random() % family.count);
    const std::uint32_t id = family.first + number * family.step;
    if (id == 0) continue;
    twins.compare(id);
    if (twins.model.count(id) != 0)
      twins.erase(id);
    else
      twins.insert(id);
    twins.compare(id);
    if (step % 100 == 0) twins.compare();
  }
  twins.compare();
}

TEST_CASE("every way to take one out of a full cluster leaves the others") {
  // Half of the smallest table, from many starts; each is taken out once, then all.
  for (std::uint32_t first = 1; first <= 32; ++first) {
    for (const std::uint32_t step : {1u, 2u, 3u, 4u, 5u, 13u, 0x0e8b'2f51u}) {
      for (std::uint32_t victim = 0; victim < 8; ++victim) {
        Twins twins;
        for (std::uint32_t i = 0; i < 8; ++i) twins.insert(first + i * step);
        twins.erase(first + victim * step);
        twins.compare();
        twins.compare(first + victim * step);
        while (!twins.model.empty()) {
          twins.erase(std::prev(twins.model.end())->first);
          twins.compare();
        }
      }
    }
  }
}

TEST_CASE("ids that count on over the end of the numbers are kept apart") {
  Twins twins;
  // Always a thousand in a row, one hundred thousand times the next for the oldest.
  std::uint32_t next = 0xffff'ffffu - 50'000;
  const auto after = [](std::uint32_t id) { return (id + 1) | 0x8000'0000u; };
  std::uint32_t oldest = next;
  for (int i = 0; i < 1000; ++i, next = after(next)) twins.insert(next);
  for (int i = 0; i < 100'000; ++i, next = after(next), oldest = after(oldest)) {
    twins.insert(next);
    twins.erase(oldest);
    twins.compare(oldest);
    twins.compare(next);
  }
  twins.compare();
}

TEST_CASE("a free id has bit 31 set, and skips what is in use, over the end of the numbers") {
  Twins twins;
  CHECK(twins.table.free_id(0) == 0x8000'0000u);
  CHECK(twins.table.free_id(7) == 0x8000'0007u);
  CHECK(twins.table.free_id(0xffff'ffffu) == 0xffff'ffffu);
  for (const std::uint32_t id : {0xffff'fffeu, 0xffff'ffffu, 0x8000'0000u, 0x8000'0002u})
    twins.insert(id);
  CHECK(twins.table.free_id(0xffff'fffdu) == 0xffff'fffdu);
  CHECK(twins.table.free_id(0xffff'fffeu) == 0x8000'0001u);
  CHECK(twins.table.free_id(0x7fff'ffffu) == 0x8000'0001u);
  CHECK(twins.table.free_id(0) == 0x8000'0001u);
  CHECK(twins.table.free_id(2) == 0x8000'0003u);
}

TEST_CASE("it grows before it is more than half full, and never shrinks") {
  Twins twins;
  for (std::uint32_t id = 1; id <= 8; ++id) twins.insert(id);
  CHECK(twins.memory.requests == 1);
  twins.insert(9);
  CHECK(twins.memory.requests == 2);
  CHECK(twins.memory.blocks() == 1);  // the smaller one is given back
  twins.compare();
  for (std::uint32_t id = 1; id <= 9; ++id) twins.erase(id);
  for (std::uint32_t id = 101; id <= 116; ++id) twins.insert(id);
  CHECK(twins.memory.requests == 2);
  twins.compare();
}

TEST_CASE("without memory an insert changes nothing, and works later") {
  Twins twins;
  Thing thing;
  twins.memory.fail_at = 1;
  CHECK_FALSE(twins.table.insert(1, thing));
  CHECK(twins.table.find(1) == nullptr);
  for (std::uint32_t id = 1; id <= 8; ++id) twins.insert(id);
  twins.memory.fail_at = 1;
  CHECK_FALSE(twins.table.insert(9, thing));
  CHECK(twins.table.find(9) == nullptr);
  twins.compare();
  twins.insert(9);
  twins.compare();
}

TEST_CASE("what it took it gives back, in the sizes it asked for") {
  testing::FakeMemory memory;
  std::vector<Thing> things(1000);
  {
    Table table(memory);
    for (std::uint32_t id = 1; id <= 1000; ++id) REQUIRE(table.insert(id, things[id - 1]));
  }
  CHECK(memory.blocks() == 0);
  CHECK(memory.wrong_returns == 0);
}

// If the work for one grew with their number, this would not end within the time of a test.
TEST_CASE("many ids in a row come and go, the oldest first, at the same cost each") {
  constexpr std::uint32_t many = 400'000;
  SystemMemory memory;
  Table table(memory);
  Thing thing;
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t id = 1; id <= many; ++id) require(table.insert(id, thing));
    for (std::uint32_t id = 1; id <= many; ++id) table.erase(id);
    CHECK(table.size() == 0);
  }
}

}  // namespace
}  // namespace spool::protocols
