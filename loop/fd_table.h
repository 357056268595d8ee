// FdTable<T>: a small value per descriptor, found in O(1): descriptors are small numbers, so they
// index an array. Owned by a poller.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <type_traits>

#include "spool/loop/assert.h"
#include "spool/loop/memory.h"
#include "spool/loop/poller.h"

namespace spool::loop {

// Grows by doubling and keeps what it has grown to.
template <typename T>
class FdTable {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // `absent` is what descriptors have that were never set.
  FdTable(Memory& memory, T absent) noexcept : memory_(memory), absent_(absent) {}
  FdTable(const FdTable&) = delete;
  FdTable& operator=(const FdTable&) = delete;
  ~FdTable() {
    if (values_ != nullptr) memory_.deallocate(values_, capacity_ * sizeof(T), alignof(T));
  }

  // Makes room for `fd`, which is open: a made-up number would cost as much memory as it is large.
  // False when memory is refused.
  [[nodiscard]] bool reserve(NativeHandle fd) noexcept {
    const std::size_t needed = static_cast<std::size_t>(fd) + 1;
    if (needed <= capacity_) return true;
    const std::size_t capacity = std::bit_ceil(needed < 64 ? 64 : needed);
    T* values = static_cast<T*>(memory_.allocate(capacity * sizeof(T), alignof(T)));
    if (values == nullptr) return false;
    for (std::size_t i = 0; i < capacity; ++i) values[i] = i < capacity_ ? values_[i] : absent_;
    if (values_ != nullptr) memory_.deallocate(values_, capacity_ * sizeof(T), alignof(T));
    values_ = values;
    capacity_ = capacity;
    return true;
  }

  [[nodiscard]] T get(NativeHandle fd) const noexcept {
    return fd >= 0 && static_cast<std::size_t>(fd) < capacity_ ? values_[fd] : absent_;
  }
  // There is room for `fd`.
  void set(NativeHandle fd, T value) noexcept {
    SPOOL_ASSERT(fd >= 0 && static_cast<std::size_t>(fd) < capacity_);
    values_[fd] = value;
  }
  void clear() noexcept { std::fill_n(values_, capacity_, absent_); }

 private:
  Memory& memory_;
  T absent_;
  T* values_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace spool::loop
