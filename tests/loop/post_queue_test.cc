#include "spool/loop/post_queue.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>
#include <vector>

namespace spool::loop {
namespace {

struct Bench {
  SystemMemory system;
  LimitedMemory memory{system, 0};
  PostQueue queue{memory};
  explicit Bench(std::size_t capacity) { REQUIRE(queue.reserve(capacity) == Error::none); }
};

TEST_CASE("tasks come out in the order in which they went in") {
  Bench bench(8);
  std::vector<int> ran;
  CHECK(bench.queue.empty());
  for (int round = 0; round < 10; ++round) {  // around the ring more than once
    for (int i = 0; i < 5; ++i) {
      Task task = [&ran, i] { ran.push_back(i); };
      REQUIRE(bench.queue.push(task) == Error::none);
      CHECK(!bench.queue.empty());
    }
    Task task;
    while (bench.queue.pop(task)) task();
    CHECK(bench.queue.empty());
    CHECK(ran == std::vector<int>{0, 1, 2, 3, 4});
    ran.clear();
  }
}

TEST_CASE("the capacity is rounded up to a power of two") {
  for (const auto& [asked, got] :
       std::vector<std::pair<std::size_t, std::size_t>>{{2, 2}, {3, 4}, {100, 128}, {1024, 1024}}) {
    Bench bench(asked);
    CHECK(bench.queue.capacity() == got);
  }
}

TEST_CASE("a full queue refuses, and the task is still the caller's") {
  const std::size_t capacity = GENERATE(2, 4, 64);
  CAPTURE(capacity);
  Bench bench(capacity);
  int ran = 0;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < capacity; ++i) {
      Task task = [&ran] { ++ran; };
      REQUIRE(bench.queue.push(task) == Error::none);
    }
    Task extra = [&ran] { ran += 1000; };
    CHECK(bench.queue.push(extra) == Error::would_block);
    REQUIRE(static_cast<bool>(extra));
    Task task;
    REQUIRE(bench.queue.pop(task));
    task();
    CHECK(bench.queue.push(extra) == Error::none);
    while (bench.queue.pop(task)) task();
  }
  CHECK(ran == 3 * static_cast<int>(capacity) + 3000);
}

TEST_CASE("a queue without slots refuses everything and costs nothing") {
  Bench bench(0);
  Task task = [] {};
  CHECK(bench.queue.push(task) == Error::not_supported);
  CHECK(static_cast<bool>(task));
  CHECK(bench.queue.empty());
  CHECK(!bench.queue.pop(task));
  CHECK(bench.memory.stats().allocations == 0);
}

TEST_CASE("tasks that were never run are destroyed with the queue") {
  const auto counted = std::make_shared<int>(0);
  {
    Bench bench(4);
    Task task = [counted] {};
    REQUIRE(bench.queue.push(task) == Error::none);
    CHECK(counted.use_count() == 2);
  }
  CHECK(counted.use_count() == 1);
}

TEST_CASE("a popped task leaves nothing behind in its slot") {
  Bench bench(4);
  const auto counted = std::make_shared<int>(0);
  Task task = [counted] {};
  REQUIRE(bench.queue.push(task) == Error::none);
  {
    Task popped;
    REQUIRE(bench.queue.pop(popped));
    popped();
  }
  CHECK(counted.use_count() == 1);
}

TEST_CASE("refused memory is an error, and the queue refuses everything") {
  SystemMemory system;
  LimitedMemory memory(system, 16);
  PostQueue queue(memory);
  CHECK(queue.reserve(1024) == Error::no_memory);
  Task task = [] {};
  CHECK(queue.push(task) == Error::not_supported);
}

TEST_CASE("many threads post, each task runs once, and each thread's stay in order") {
  constexpr int threads = 4, each = 20'000;
  Bench bench(64);  // small, so that it is often full
  std::vector<int> last(threads, -1);
  std::atomic<bool> has_started = false;
  std::vector<std::thread> posters;
  for (int id = 0; id < threads; ++id) {
    posters.emplace_back([&, id] {
      while (!has_started) std::this_thread::yield();
      for (int i = 0; i < each; ++i) {
        Task task = [&last, id, i] {
          int& before = last[static_cast<std::size_t>(id)];
          if (before == i - 1) before = i;
        };
        while (bench.queue.push(task) == Error::would_block) std::this_thread::yield();
      }
    });
  }
  has_started = true;
  int ran = 0;
  Task task;
  while (ran < threads * each) {
    if (!bench.queue.pop(task)) {
      std::this_thread::yield();
      continue;
    }
    task();
    ++ran;
  }
  for (std::thread& poster : posters) poster.join();
  for (const int seen : last) CHECK(seen == each - 1);
  CHECK(bench.queue.empty());
}

}  // namespace
}  // namespace spool::loop
