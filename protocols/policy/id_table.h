// IdTable<T>: objects by a 31-bit number: peers by the number in a backtrace, exchanges by the id
// of what they asked.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "spool/loop/assert.h"
#include "spool/loop/memory.h"

namespace spool::protocols {

// Owns its table, not the objects. Open addressing with linear probing, for ids that are counted
// up: O(1). Allocates when it grows and never else; never shrinks.
template <typename T>
class IdTable {
 public:
  explicit IdTable(Memory& memory) noexcept : memory_(memory) {}
  IdTable(const IdTable&) = delete;
  IdTable& operator=(const IdTable&) = delete;
  ~IdTable() { release(slots_, capacity_); }

  // False without memory. The id is not in the table yet.
  [[nodiscard]] bool insert(std::uint32_t id, T& object) noexcept {
    SPOOL_ASSERT(id != empty);
    if (2 * (size_ + 1) > capacity_ && !grow()) return false;
    put(id, &object);
    ++size_;
    return true;
  }
  // Null when there is no such id.
  [[nodiscard]] T* find(std::uint32_t id) const noexcept {
    if (size_ == 0) return nullptr;
    for (std::size_t at = home(id);; at = next(at)) {
      if (slots_[at].id == id) return slots_[at].object;
      if (slots_[at].id == empty) return nullptr;
    }
  }
  // The id is in the table.
  void erase(std::uint32_t id) noexcept {
    std::size_t at = home(id);
    while (slots_[at].id != id) {
      SPOOL_ASSERT(slots_[at].id != empty);
      at = next(at);
    }
    --size_;
    // What stands behind the gap moves up, unless that would put it before its home.
    for (std::size_t behind = next(at); slots_[behind].id != empty; behind = next(behind)) {
      if (distance(home(slots_[behind].id), behind) < distance(at, behind)) continue;
      slots_[at] = slots_[behind];
      at = behind;
    }
    slots_[at] = {};
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // `from`, or the next number that is not in the table, with bit 31 set: an id for the wire.
  [[nodiscard]] std::uint32_t free_id(std::uint32_t from) const noexcept {
    constexpr std::uint32_t bit = 0x8000'0000u;
    while (find(from | bit) != nullptr) ++from;
    return from | bit;
  }

 private:
  static constexpr std::uint32_t empty = 0;
  struct Slot {
    std::uint32_t id = empty;
    T* object = nullptr;
  };

  // Far from that of the next id: erase() walks to the end of a cluster, and ids in a row must not
  // be one. By the golden ratio, a row of them is spread evenly.
  [[nodiscard]] std::size_t home(std::uint32_t id) const noexcept {
    const std::uint32_t spread = id * 0x9e37'79b1u;
    return static_cast<std::size_t>((std::uint64_t{spread} * capacity_) >> 32);
  }
  [[nodiscard]] std::size_t next(std::size_t at) const noexcept {
    return (at + 1) & (capacity_ - 1);
  }
  [[nodiscard]] std::size_t distance(std::size_t from, std::size_t to) const noexcept {
    return (to - from) & (capacity_ - 1);
  }
  void put(std::uint32_t id, T* object) noexcept {
    std::size_t at = home(id);
    while (slots_[at].id != empty) {
      SPOOL_ASSERT(slots_[at].id != id);
      at = next(at);
    }
    slots_[at] = {id, object};
  }
  [[nodiscard]] bool grow() noexcept {
    const std::size_t capacity = capacity_ == 0 ? 16 : 2 * capacity_;
    auto* slots = static_cast<Slot*>(memory_.allocate(capacity * sizeof(Slot), alignof(Slot)));
    if (slots == nullptr) return false;
    for (std::size_t i = 0; i < capacity; ++i) slots[i] = {};
    Slot* old = std::exchange(slots_, slots);
    const std::size_t old_capacity = std::exchange(capacity_, capacity);
    for (std::size_t i = 0; i < old_capacity; ++i)
      if (old[i].id != empty) put(old[i].id, old[i].object);
    release(old, old_capacity);
    return true;
  }
  void release(Slot* slots, std::size_t capacity) noexcept {
    if (slots != nullptr) memory_.deallocate(slots, capacity * sizeof(Slot), alignof(Slot));
  }

  Memory& memory_;
  Slot* slots_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace spool::protocols
