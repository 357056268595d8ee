#include "spool/io/pool_deque.h"

#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "tests/support/sim_memory.h"
#include "tests/support/sim_random.h"

namespace spool::io {
namespace {

struct Fixture {
  sim::SimMemory memory;
  MessagePool pool{memory, 0};
};

TEST_CASE_METHOD(Fixture, "an empty queue owns nothing") {
  PoolDeque<std::uint64_t> queue(pool);
  CHECK(queue.empty());
  CHECK(pool.stats().blocks_in_use == 0);
  CHECK(queue.push_back(1));
  CHECK(pool.stats().blocks_in_use == 1);
  queue.pop_front();
  CHECK(pool.stats().blocks_in_use == 0);
}

TEST_CASE_METHOD(Fixture, "one item costs a small block, not a large one") {
  PoolDeque<std::uint64_t> queue(pool);
  CHECK(queue.push_back(1));
  CHECK(pool.stats().bytes_in_use == MessagePool::footprint(256));
}

TEST_CASE_METHOD(Fixture, "it is a queue: the same as std::deque under any mixture of calls") {
  const std::uint64_t seed = 99;
  CAPTURE(seed);
  sim::Random random(seed);
  PoolDeque<std::uint64_t> queue(pool);
  std::deque<std::uint64_t> model;
  for (int step = 0; step < 20'000; ++step) {
    // Long stretches of growing and shrinking, so that many blocks come and go.
    const bool grow = random.chance((step / 3000) % 2 == 0 ? 70 : 35);
    if (grow) {
      std::uint64_t value = random.next();
      model.push_back(value);
      REQUIRE(queue.push_back(std::move(value)));
    } else if (!model.empty()) {
      REQUIRE(queue.front() == model.front());
      queue.pop_front();
      model.pop_front();
    }
    REQUIRE(queue.size() == model.size());
    REQUIRE(queue.empty() == model.empty());
    if (!model.empty()) {
      REQUIRE(queue.front() == model.front());
      REQUIRE(queue.back() == model.back());
    }
  }
  std::vector<std::uint64_t> seen;
  queue.each([&](std::uint64_t value) {
    seen.push_back(value);
    return true;
  });
  CHECK(seen == std::vector<std::uint64_t>(model.begin(), model.end()));
  queue.clear();
  CHECK(pool.stats().blocks_in_use == 0);
}

TEST_CASE_METHOD(Fixture, "each stops when it is told to") {
  PoolDeque<int> queue(pool);
  for (int i = 0; i < 1000; ++i) REQUIRE(queue.push_back(int{i}));
  int calls = 0;
  queue.each([&](int value) {
    ++calls;
    return value < 700;
  });
  CHECK(calls == 701);
}

TEST_CASE_METHOD(Fixture,
                 "remove_if is that of std::deque, from none to all, and needs no memory") {
  const std::uint64_t seed = 7;
  CAPTURE(seed);
  sim::Random random(seed);
  for (const unsigned percent : {0u, 1u, 50u, 99u, 100u}) {
    for (int size = 0; size < 1200; size = size * 2 + 1) {
      CAPTURE(percent, size);
      PoolDeque<std::unique_ptr<int>> queue(pool);
      std::deque<int> model;
      for (int i = 0; i < size; ++i) REQUIRE(queue.push_back(std::make_unique<int>(i)));
      for (int i = 0; i < size / 3; ++i) queue.pop_front();
      int next = size / 3;
      memory.refuse_all();
      queue.remove_if([&](const std::unique_ptr<int>& item) {
        REQUIRE(*item == next++);
        const bool gone = random.chance(percent);
        if (!gone) model.push_back(*item);
        return gone;
      });
      CHECK(next == size);
      memory.allow();
      REQUIRE(queue.push_back(std::make_unique<int>(-1)));
      model.push_back(-1);
      REQUIRE(queue.size() == model.size());
      for (const int value : model) {
        REQUIRE(*queue.front() == value);
        queue.pop_front();
      }
      CHECK(pool.stats().blocks_in_use == 0);
    }
  }
}

TEST_CASE_METHOD(Fixture, "items are destroyed: by pop_front, by clear and with the queue") {
  const auto item = std::make_shared<int>(1);
  {
    PoolDeque<std::shared_ptr<int>> queue(pool);
    for (int i = 0; i < 600; ++i) REQUIRE(queue.push_back(std::shared_ptr<int>(item)));
    CHECK(item.use_count() == 601);
    queue.pop_front();
    CHECK(item.use_count() == 600);
    int seen = 0;
    queue.remove_if([&](const std::shared_ptr<int>&) { return ++seen % 3 == 0; });
    CHECK(item.use_count() == 401);
    queue.clear();
    CHECK(item.use_count() == 1);
    for (int i = 0; i < 600; ++i) REQUIRE(queue.push_back(std::shared_ptr<int>(item)));
  }
  CHECK(item.use_count() == 1);
  CHECK(pool.stats().blocks_in_use == 0);
}

TEST_CASE_METHOD(Fixture, "without memory an item stays with the caller and the queue as it was") {
  PoolDeque<std::unique_ptr<int>> queue(pool);
  auto item = std::make_unique<int>(7);
  memory.refuse_all();
  CHECK_FALSE(queue.push_back(std::move(item)));
  CHECK(item != nullptr);
  CHECK(queue.empty());
  memory.allow();
  int pushed = 0;
  while (pool.stats().blocks_in_use < 2) REQUIRE(queue.push_back(std::make_unique<int>(pushed++)));
  memory.refuse_all();
  int more = 0;
  for (auto next = std::make_unique<int>(pushed); queue.push_back(std::move(next));
       next = std::make_unique<int>(pushed + more))
    ++more;
  CHECK(more > 0);
  CHECK(queue.size() == static_cast<std::size_t>(pushed + more));
  memory.allow();
  CHECK(queue.push_back(std::make_unique<int>(pushed + more)));
  for (int i = 0; i <= pushed + more; ++i) {
    REQUIRE(*queue.front() == i);
    queue.pop_front();
  }
  CHECK(queue.empty());
}

}  // namespace
}  // namespace spool::io
