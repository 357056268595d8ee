// MessagePool: where messages come from. Size classes, a hard cap, counters.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "spool/io/message.h"
#include "spool/loop/assert.h"
#include "spool/loop/memory.h"
#include "spool/loop/result.h"
#include "spool/loop/thread_owner.h"

namespace spool {

struct PoolStats {
  std::uint64_t hits = 0;            // messages made from recycled storage
  std::uint64_t misses = 0;          // messages that needed the allocator
  std::uint64_t refusals = 0;        // messages refused: the cap, or the allocator
  std::size_t blocks_in_use = 0;     // held by messages and queues now
  std::size_t bytes_in_use = 0;      // their storage
  std::size_t bytes_high_water = 0;  // the most there ever was
  std::size_t bytes_cached = 0;      // recycled storage waiting for use
};

// Owned by the loop; stays alive until the last message is returned. One thread.
class MessagePool {
 public:
  // Room in front of every body for protocol headers (eight words: the default hop limit).
  static constexpr std::uint32_t headroom = 32;

  // `limit` bytes of storage at the most, recycled storage included; 0: no limit.
  MessagePool(Memory& memory, std::size_t limit) noexcept : memory_(memory), limit_(limit) {}
  MessagePool(const MessagePool&) = delete;
  MessagePool& operator=(const MessagePool&) = delete;
  ~MessagePool();

  // A message with a body of `size` bytes, not initialised. Error::no_memory at the cap,
  // message_too_large above Message::max_size.
  [[nodiscard]] Result<Message> make(std::size_t size) noexcept;
  // A message with a copy of `bytes`.
  [[nodiscard]] Result<Message> copy_of(std::span<const std::byte> bytes) noexcept;

  // Puts `bytes` in front of the header. Moves the message to a larger block when there is no
  // room or the room is somebody else's; Error::no_memory then leaves it as it was.
  [[nodiscard]] Error push_header(Message& message, std::span<const std::byte> bytes) noexcept;
  // Grows or shrinks the body; what there was is kept, the rest is not initialised.
  [[nodiscard]] Error resize(Message& message, std::size_t size) noexcept;

  // How many bytes could still be handed out.
  [[nodiscard]] std::size_t available() const noexcept {
    return limit_ == 0 ? SIZE_MAX : limit_ - stats_.bytes_in_use;
  }
  // Could a message of `size` bytes that grows as it arrives ever be held, were the pool empty? The
  // last step of growing needs the old block beside the new one.
  [[nodiscard]] bool could_hold(std::size_t size) const noexcept {
    return limit_ == 0 || footprint(size) + footprint(size / 2) <= limit_;
  }
  [[nodiscard]] const PoolStats& stats() const noexcept { return stats_; }
  // What a message of `size` bytes takes from the pool, for limits and pre-sizing.
  [[nodiscard]] static std::size_t footprint(std::size_t size) noexcept;
  // Storage for `count` messages of `size` bytes, made now instead of on the way.
  [[nodiscard]] Error reserve(std::size_t size, std::size_t count) noexcept;

  // Whose messages these are, to find out about one that is let go on another thread. Null:
  // nobody's.
  void set_owner(const loop::ThreadOwner* owner) noexcept { owner_ = owner; }
  // Stops a process in which two threads are about to write to the same counts.
  void check_thread() const noexcept {
    const bool is_on_the_loops_thread = owner_ == nullptr || !owner_->is_other();
    SPOOL_ASSERT(is_on_the_loops_thread);  // EventLoop::move_to_this_thread was not called
  }

  // Calls fn(target) when the last message comes back; for whoever owns the pool after its loop.
  void when_idle(void (*fn)(void* target) noexcept, void* target) noexcept {
    idle_fn_ = fn;
    idle_target_ = target;
  }

 private:
  friend void io::release_last(io::Block* block) noexcept;

  // Bodies of 64, 128, ... bytes up to 2 GiB: one free list for each power of two.
  static constexpr std::uint32_t smallest_log2 = 6;
  static constexpr std::uint32_t class_count = 31 - smallest_log2 + 1;

  [[nodiscard]] static std::uint32_t class_of(std::size_t size) noexcept {
    return size <= (1u << smallest_log2)
               ? 0
               : static_cast<std::uint32_t>(std::bit_width(size - 1)) - smallest_log2;
  }
  [[nodiscard]] static std::size_t class_bytes(std::uint32_t size_class) noexcept {
    return sizeof(io::Block) + headroom + (std::size_t{1} << (size_class + smallest_log2));
  }
  [[nodiscard]] io::Block* take(std::size_t size) noexcept;
  [[nodiscard]] io::Block* allocate(std::uint32_t size_class) noexcept;
  [[nodiscard]] io::Block* make_block(void* storage, std::uint32_t size_class) noexcept;
  void give_back(io::Block* block) noexcept;
  void stock(std::uint32_t size_class) noexcept;
  [[nodiscard]] bool cache_more(std::uint32_t size_class, std::size_t count) noexcept;
  void cache(io::Block* block) noexcept;
  void trim(std::size_t bytes) noexcept;
  void free_block(io::Block* block) noexcept;

  Memory& memory_;
  std::size_t limit_;
  PoolStats stats_;
  std::array<io::Block*, class_count> free_{};
  std::array<std::uint32_t, class_count> class_blocks_{};  // made and not freed
  const loop::ThreadOwner* owner_ = nullptr;
  void (*idle_fn_)(void*) noexcept = nullptr;
  void* idle_target_ = nullptr;
};

}  // namespace spool
