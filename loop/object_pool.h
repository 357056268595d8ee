// ObjectPool<T>: recycled storage for objects that come and go (pipes), so that a reconnect after
// warm-up allocates nothing.
#pragma once

#include <cstdint>
#include <new>
#include <utility>

#include "spool/loop/assert.h"
#include "spool/loop/memory.h"

namespace spool::loop {

// Owns the storage; the caller owns each object between create() and destroy().
template <typename T>
class ObjectPool {
 public:
  explicit ObjectPool(Memory& memory) noexcept : memory_(memory) {}
  ObjectPool(const ObjectPool&) = delete;
  ObjectPool& operator=(const ObjectPool&) = delete;
  ~ObjectPool() {
    SPOOL_ASSERT(live_ == 0);
    while (free_ != nullptr) {
      Free* next = free_->next;
      memory_.deallocate(free_, bytes, alignment);
      free_ = next;
    }
  }

  // Null when memory is refused.
  template <typename... Args>
  [[nodiscard]] T* create(Args&&... args) noexcept {
    void* block = free_;
    if (block != nullptr)
      free_ = free_->next;
    else
      block = memory_.allocate(bytes, alignment);
    if (block == nullptr) return nullptr;
    ++live_;
    return new (block) T(std::forward<Args>(args)...);
  }
  // Makes storage for `count` more than there is spare. False when memory is refused.
  [[nodiscard]] bool reserve(std::uint32_t count) noexcept {
    for (; count != 0; --count) {
      void* block = memory_.allocate(bytes, alignment);
      if (block == nullptr) return false;
      free_ = new (block) Free{free_};
    }
    return true;
  }
  void destroy(T* object) noexcept {
    object->~T();
    free_ = new (object) Free{free_};
    --live_;
  }
  [[nodiscard]] std::uint32_t live() const noexcept { return live_; }

 private:
  struct Free {
    Free* next;
  };
  static constexpr std::size_t bytes = sizeof(T) > sizeof(Free) ? sizeof(T) : sizeof(Free);
  static constexpr std::size_t alignment = alignof(T) > alignof(Free) ? alignof(T) : alignof(Free);
  Memory& memory_;
  Free* free_ = nullptr;
  std::uint32_t live_ = 0;
};

}  // namespace spool::loop
