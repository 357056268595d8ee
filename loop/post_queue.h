// PostQueue: tasks from other threads, taken by the loop's thread. Bounded; no lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "spool/loop/error.h"
#include "spool/loop/function.h"
#include "spool/loop/memory.h"

namespace spool::loop {

using Task = Function<void()>;

// Owned by the reactor. Many producers, one consumer. A ring of slots; each slot's sequence number
// says whose turn it is (the bounded queue of D. Vyukov).
class PostQueue {
 public:
  explicit PostQueue(Memory& memory) noexcept : memory_(memory) {}
  PostQueue(const PostQueue&) = delete;
  PostQueue& operator=(const PostQueue&) = delete;
  ~PostQueue();

  // Error::no_memory; once, before use. `capacity` is rounded up to a power of two, and to two: in
  // a ring of one, a slot that is taken and a slot that is free again have the same number. 0 makes
  // a queue that refuses everything.
  [[nodiscard]] Error reserve(std::size_t capacity) noexcept;
  // Any thread. Error::would_block when full (`task` is unchanged), not_supported without slots.
  [[nodiscard]] Error push(Task& task) noexcept;
  // The loop's thread. False when there is none.
  [[nodiscard]] bool pop(Task& task) noexcept;
  // In the child of a fork: lets go of all tasks, which run in the parent. A thread that was just
  // pushing one does not exist here, and what it left half done is overwritten.
  void after_fork_child() noexcept;
  // The loop's thread: is there (at least) one?
  [[nodiscard]] bool empty() const noexcept;
  // The loop's thread: how many there are, those that are just being pushed included.
  [[nodiscard]] std::size_t size() const noexcept {
    return tail_.load(std::memory_order_acquire) - head_;
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

 private:
  struct Slot {
    std::atomic<std::size_t> sequence;
    Task task;
  };
  Memory& memory_;
  Slot* slots_ = nullptr;
  std::size_t capacity_ = 0;
  alignas(64) std::atomic<std::size_t> tail_{0};
  alignas(64) std::size_t head_ = 0;
};

}  // namespace spool::loop
