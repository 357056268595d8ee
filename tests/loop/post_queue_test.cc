#include "spool/loop/post_queue.h"

#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/fake_memory.h"

namespace spool::loop {
namespace {

struct Rig {
  testing::FakeMemory memory;
  PostQueue queue{memory};
  std::vector<int> ran;

  explicit Rig(std::size_t capacity) { REQUIRE(queue.reserve(capacity) == Error::none); }
  Error push(int number) {
    Task task([this, number] { ran.push_back(number); });
    return queue.push(task);
  }
  bool run_one() {
    Task task;
    if (!queue.pop(task)) return false;
    task();
    return true;
  }
};

TEST_CASE("tasks come out in the order in which they went in") {
  Rig rig(4);
  CHECK(rig.queue.empty());
  for (int i = 0; i < 3; ++i) REQUIRE(rig.push(i) == Error::none);
  CHECK(rig.queue.size() == 3);
  CHECK_FALSE(rig.queue.empty());
  while (rig.run_one()) {
  }
  CHECK(rig.ran == std::vector<int>{0, 1, 2});
  CHECK(rig.queue.empty());
  CHECK(rig.queue.size() == 0);
}

TEST_CASE("a full queue refuses, leaves the task with its owner, and takes it when there is room") {
  Rig rig(2);
  REQUIRE(rig.push(1) == Error::none);
  REQUIRE(rig.push(2) == Error::none);
  int ran = 0;
  Task kept([&] { ++ran; });
  CHECK(rig.queue.push(kept) == Error::would_block);
  REQUIRE(static_cast<bool>(kept));
  REQUIRE(rig.run_one());
  CHECK(rig.queue.push(kept) == Error::none);
  CHECK_FALSE(static_cast<bool>(kept));
  while (rig.run_one()) {
  }
  CHECK(ran == 1);
}

TEST_CASE("the capacity is rounded up to a power of two") {
  Rig rig(5);
  CHECK(rig.queue.capacity() == 8);
  for (int i = 0; i < 8; ++i) CHECK(rig.push(i) == Error::none);
  CHECK(rig.push(8) == Error::would_block);
}

TEST_CASE("the smallest queue has two slots, goes round and loses nothing") {
  Rig rig(1);
  CHECK(rig.queue.capacity() == 2);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(rig.push(2 * i) == Error::none);
    REQUIRE(rig.push(2 * i + 1) == Error::none);
    REQUIRE(rig.push(-1) == Error::would_block);
    REQUIRE(rig.run_one());
    REQUIRE(rig.run_one());
  }
  REQUIRE(rig.ran.size() == 200);
  for (int i = 0; i < 200; ++i) REQUIRE(rig.ran[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("a queue without slots refuses everything") {
  Rig rig(0);
  CHECK(rig.push(1) == Error::not_supported);
  CHECK_FALSE(rig.run_one());
  CHECK(rig.queue.empty());
  CHECK(rig.memory.requests == 0);
}

TEST_CASE("without memory there is no queue") {
  testing::FakeMemory memory;
  PostQueue queue(memory);
  memory.fail_at = 1;
  CHECK(queue.reserve(16) == Error::no_memory);
  Task task([] {});
  CHECK(queue.push(task) == Error::not_supported);
}

TEST_CASE("tasks that were never taken are destroyed with the queue") {
  const auto held = std::make_shared<int>(1);
  {
    Rig rig(4);
    Task task([held] {});
    REQUIRE(rig.queue.push(task) == Error::none);
    CHECK(held.use_count() == 2);
  }
  CHECK(held.use_count() == 1);
}

TEST_CASE("a task is destroyed when it is taken, not when its slot is used again") {
  const auto held = std::make_shared<int>(1);
  Rig rig(4);
  {
    Task task([held] {});
    REQUIRE(rig.queue.push(task) == Error::none);
  }
  REQUIRE(rig.run_one());
  CHECK(held.use_count() == 1);
}

TEST_CASE("a child of fork has an empty queue, whatever its parent's threads were doing") {
  SystemMemory memory;
  PostQueue queue(memory);
  REQUIRE(queue.reserve(8) == Error::none);
  auto held = std::make_shared<int>(0);
  const auto push = [&] {
    Task task([held] {});
    return queue.push(task);
  };
  for (int i = 0; i < 5; ++i) REQUIRE(push() == Error::none);
  queue.after_fork_child();
  CHECK(queue.empty());
  CHECK(held.use_count() == 1);
  // One more task than there were slots before: the ring goes on where it was.
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 8; ++i) REQUIRE(push() == Error::none);
    CHECK(push() == Error::would_block);
    queue.after_fork_child();
  }
  CHECK(queue.size() == 0);
}

TEST_CASE("of many threads' tasks none is lost, none runs twice, each thread's order is kept") {
  constexpr int threads = 4;
  constexpr int per_thread = 20'000;
  ::alarm(10);  // a lost task would hang
  Rig rig(8);   // small: the threads often meet a full queue
  std::vector<int> next(threads, 0);
  std::atomic<int> refused{0};
  bool in_order = true;
  std::vector<std::thread> producers;
  for (int thread = 0; thread < threads; ++thread) {
    producers.emplace_back([&, thread] {
      for (int i = 0; i < per_thread; ++i) {
        Task task([&next, &in_order, thread, i] {
          in_order = in_order && next[static_cast<std::size_t>(thread)] == i;
          next[static_cast<std::size_t>(thread)] = i + 1;
        });
        while (rig.queue.push(task) != Error::none) {
          refused.fetch_add(1, std::memory_order_relaxed);
          std::this_thread::yield();
        }
      }
    });
  }
  for (int ran = 0; ran < threads * per_thread;) {
    if (rig.run_one())
      ++ran;
    else
      std::this_thread::yield();
  }
  for (std::thread& producer : producers) producer.join();
  ::alarm(0);
  CHECK(in_order);
  CHECK(next == std::vector<int>(threads, per_thread));
  CHECK_FALSE(rig.run_one());
}

}  // namespace
}  // namespace spool::loop
