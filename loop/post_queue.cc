#include "spool/loop/post_queue.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace spool::loop {

PostQueue::~PostQueue() {
  for (std::size_t i = 0; i < capacity_; ++i) slots_[i].~Slot();
  if (slots_ != nullptr) memory_.deallocate(slots_, capacity_ * sizeof(Slot), alignof(Slot));
}

Error PostQueue::reserve(std::size_t capacity) noexcept {
  if (capacity == 0) return Error::none;
  const std::size_t rounded = std::bit_ceil(std::max<std::size_t>(capacity, 2));
  void* block = memory_.allocate(rounded * sizeof(Slot), alignof(Slot));
  if (block == nullptr) return Error::no_memory;
  slots_ = static_cast<Slot*>(block);
  capacity_ = rounded;
  for (std::size_t i = 0; i < capacity_; ++i) {
    new (&slots_[i]) Slot{};
    slots_[i].sequence.store(i, std::memory_order_relaxed);
  }
  return Error::none;
}

Error PostQueue::push(Task& task) noexcept {
  if (capacity_ == 0) return Error::not_supported;
  std::size_t tail = tail_.load(std::memory_order_relaxed);
  for (;;) {
    Slot& slot = slots_[tail & (capacity_ - 1)];
    const std::size_t sequence = slot.sequence.load(std::memory_order_acquire);
    if (sequence == tail) {
      if (!tail_.compare_exchange_weak(tail, tail + 1, std::memory_order_relaxed)) continue;
      slot.task = std::move(task);
      slot.sequence.store(tail + 1, std::memory_order_release);
      return Error::none;
    }
    if (sequence < tail) return Error::would_block;
    tail = tail_.load(std::memory_order_relaxed);
  }
}

bool PostQueue::pop(Task& task) noexcept {
  if (empty()) return false;
  Slot& slot = slots_[head_ & (capacity_ - 1)];
  task = std::move(slot.task);
  slot.sequence.store(head_ + capacity_, std::memory_order_release);
  ++head_;
  return true;
}

void PostQueue::after_fork_child() noexcept {
  for (Task task; pop(task);) task = nullptr;
  const std::size_t end = tail_.load(std::memory_order_relaxed);
  for (; head_ != end; ++head_) {
    Slot& slot = slots_[head_ & (capacity_ - 1)];
    new (&slot.task) Task();  // what is half there is not destroyed
    slot.sequence.store(head_ + capacity_, std::memory_order_relaxed);
  }
}

bool PostQueue::empty() const noexcept {
  return capacity_ == 0 ||
         slots_[head_ & (capacity_ - 1)].sequence.load(std::memory_order_acquire) != head_ + 1;
}

}  // namespace spool::loop
