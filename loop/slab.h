// Slab<T>: objects behind handles. Addresses are stable, slots are reused oldest first, and a
// handle to something gone finds nothing.
#pragma once

#include <cstdint>
#include <new>
#include <utility>

#include "spool/loop/assert.h"
#include "spool/loop/handle.h"
#include "spool/loop/memory.h"

namespace spool::loop {

// Owns its objects; grows in chunks and keeps what it has grown to. A loop that reached its size
// allocates no more.
template <typename T, typename Tag>
class Slab {
 public:
  using Key = Handle<Tag>;

  explicit Slab(Memory& memory, std::uint32_t limit = 1u << 24) noexcept
      : memory_(memory), limit_(limit) {}
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab() {
    SPOOL_ASSERT(live_ == 0);
    for (std::uint32_t i = 0; i < chunk_count_; ++i)
      memory_.deallocate(chunks_[i], sizeof(Chunk), alignof(Chunk));
    if (chunks_ != nullptr)
      memory_.deallocate(chunks_, chunk_capacity_ * sizeof(Chunk*), alignof(Chunk*));
  }

  // Builds T(args...) in a fresh slot. An invalid key when memory or the limit says no.
  template <typename... Args>
  [[nodiscard]] Key insert(Args&&... args) noexcept {
    if (free_head_ == none && !grow()) return {};
    const std::uint32_t index = free_head_;
    Slot& slot = slot_at(index);
    free_head_ = slot.next_free;
    if (free_head_ == none) free_tail_ = none;
    slot.next_free = taken;
    new (&slot.storage) T(std::forward<Args>(args)...);
    ++live_;
    return {index, slot.generation};
  }

  // Null when the key is stale, zero or nonsense.
  [[nodiscard]] T* find(Key key) noexcept {
    if (key.index >= chunk_count_ * chunk_slots) return nullptr;
    Slot& slot = slot_at(key.index);
    return slot.generation == key.generation && slot.next_free == taken ? slot.object() : nullptr;
  }

  // Destroys the object; the key and all its copies are stale from now on.
  void erase(Key key) noexcept {
    SPOOL_ASSERT(find(key) != nullptr);
    Slot& slot = slot_at(key.index);
    slot.object()->~T();
    if (++slot.generation == 0) slot.generation = 1;
    slot.next_free = none;
    if (free_tail_ == none)
      free_head_ = key.index;
    else
      slot_at(free_tail_).next_free = key.index;
    free_tail_ = key.index;
    --live_;
  }

  [[nodiscard]] std::uint32_t size() const noexcept { return live_; }
  // Makes room for `count` more, at most up to the limit. False when memory says no.
  [[nodiscard]] bool reserve(std::uint32_t count) noexcept {
    while (chunk_count_ * chunk_slots - live_ < count && chunk_count_ * chunk_slots < limit_)
      if (!grow()) return false;
    return true;
  }

  // Calls fn(key, object) for each object. fn may erase the object it is given, and no other.
  template <typename Fn>
  void for_each(Fn&& fn) noexcept {
    for (std::uint32_t i = 0; i < chunk_count_ * chunk_slots; ++i) {
      Slot& slot = slot_at(i);
      if (slot.next_free == taken) fn(Key{i, slot.generation}, *slot.object());
    }
  }

 private:
  static constexpr std::uint32_t none = 0xffffffff;
  static constexpr std::uint32_t taken = 0xfffffffe;
  static constexpr std::uint32_t chunk_slots = 32;

  struct Slot {
    std::uint32_t generation;
    std::uint32_t next_free;
    alignas(T) unsigned char storage[sizeof(T)];
    T* object() noexcept { return std::launder(reinterpret_cast<T*>(storage)); }
  };
  struct Chunk {
    Slot slots[chunk_slots];
  };

  Slot& slot_at(std::uint32_t index) noexcept {
    return chunks_[index / chunk_slots]->slots[index % chunk_slots];
  }

  bool grow() noexcept {
    if (chunk_count_ * chunk_slots >= limit_) return false;
    if (chunk_count_ == chunk_capacity_ && !grow_table()) return false;
    void* block = memory_.allocate(sizeof(Chunk), alignof(Chunk));
    if (block == nullptr) return false;
    Chunk* chunk = static_cast<Chunk*>(block);
    const std::uint32_t first = chunk_count_ * chunk_slots;
    chunks_[chunk_count_++] = chunk;
    for (std::uint32_t i = 0; i < chunk_slots; ++i) {
      chunk->slots[i].generation = 1;
      chunk->slots[i].next_free = i + 1 < chunk_slots ? first + i + 1 : none;
    }
    if (free_tail_ == none)
      free_head_ = first;
    else
      slot_at(free_tail_).next_free = first;
    free_tail_ = first + chunk_slots - 1;
    return true;
  }

  bool grow_table() noexcept {
    const std::uint32_t capacity = chunk_capacity_ == 0 ? 8 : chunk_capacity_ * 2;
    void* block = memory_.allocate(capacity * sizeof(Chunk*), alignof(Chunk*));
    if (block == nullptr) return false;
    Chunk** table = static_cast<Chunk**>(block);
    for (std::uint32_t i = 0; i < chunk_count_; ++i) table[i] = chunks_[i];
    if (chunks_ != nullptr)
      memory_.deallocate(chunks_, chunk_capacity_ * sizeof(Chunk*), alignof(Chunk*));
    chunks_ = table;
    chunk_capacity_ = capacity;
    return true;
  }

  Memory& memory_;
  std::uint32_t limit_;
  std::uint32_t live_ = 0;
  std::uint32_t free_head_ = none;
  std::uint32_t free_tail_ = none;
  std::uint32_t chunk_count_ = 0;
  std::uint32_t chunk_capacity_ = 0;
  Chunk** chunks_ = nullptr;
};

}  // namespace spool::loop
