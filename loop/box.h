// Box<T>: sole owner of one object that lives in a Memory. Moves, never copies.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

#include "spool/loop/memory.h"

namespace spool::loop {

template <typename T>
class Box {
 public:
  Box() noexcept = default;
  Box(T* object, Memory& memory, std::size_t bytes, std::size_t alignment) noexcept
      : object_(object), memory_(&memory), bytes_(bytes), alignment_(alignment) {}
  Box(Box&& other) noexcept { take(other); }
  // From a Box of a derived class; T then needs a virtual destructor.
  template <typename U>
  Box(Box<U>&& other) noexcept {
    static_assert(sizeof(static_cast<T*>(static_cast<U*>(nullptr))) != 0);
    take(other);
  }
  Box& operator=(Box&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~Box() { reset(); }

  void reset() noexcept {
    if (object_ == nullptr) return;
    T* object = std::exchange(object_, nullptr);
    void* start = block_;
    object->~T();
    memory_->deallocate(start, bytes_, alignment_);
  }
  [[nodiscard]] T* get() const noexcept { return object_; }
  [[nodiscard]] T& operator*() const noexcept { return *object_; }
  [[nodiscard]] T* operator->() const noexcept { return object_; }
  [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  template <typename U>
  friend class Box;
  template <typename U, typename... Args>
  friend Box<U> make_box(Memory&, Args&&...) noexcept;

  template <typename U>
  void take(Box<U>& other) noexcept {
    object_ = std::exchange(other.object_, nullptr);
    block_ = other.block_;
    memory_ = other.memory_;
    bytes_ = other.bytes_;
    alignment_ = other.alignment_;
  }

  T* object_ = nullptr;
  void* block_ = nullptr;  // where the allocation starts: a base may sit elsewhere
  Memory* memory_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t alignment_ = 0;
};

// An empty Box when memory is refused.
template <typename T, typename... Args>
[[nodiscard]] Box<T> make_box(Memory& memory, Args&&... args) noexcept {
  void* block = memory.allocate(sizeof(T), alignof(T));
  if (block == nullptr) return {};
  Box<T> box(new (block) T(std::forward<Args>(args)...), memory, sizeof(T), alignof(T));
  box.block_ = block;
  return box;
}

}  // namespace spool::loop
