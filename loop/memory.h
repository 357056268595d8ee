// Memory: where every byte of a loop comes from. It may say no; nothing throws.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spool {

// Owned by the host (or, by default, by the loop); outlives the loop and every Message taken from
// it. Called from the loop's thread only, so it needs no lock.
class Memory {
 public:
  // `bytes` > 0, `alignment` a power of two up to 64. Null when it cannot.
  [[nodiscard]] virtual void* allocate(std::size_t bytes, std::size_t alignment) noexcept = 0;
  // `bytes` and `alignment` are those of the allocate call.
  virtual void deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept = 0;

 protected:
  ~Memory() = default;
};

// malloc and free. Stateless.
class SystemMemory final : public Memory {
 public:
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) noexcept override;
  void deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept override;
};

struct MemoryStats {
  std::uint64_t allocations = 0;     // calls that succeeded, since the start
  std::uint64_t refusals = 0;        // calls that were refused, by the limit or from below
  std::size_t bytes_in_use = 0;      // now
  std::size_t bytes_high_water = 0;  // the most there ever was
};

// Counts, and refuses what would exceed a limit. Everything a loop owns comes through one of these.
class LimitedMemory final : public Memory {
 public:
  // `limit` in bytes; 0 is no limit.
  LimitedMemory(Memory& upstream, std::size_t limit) noexcept
      : upstream_(upstream), limit_(limit) {}
  LimitedMemory(const LimitedMemory&) = delete;
  LimitedMemory& operator=(const LimitedMemory&) = delete;

  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) noexcept override;
  void deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept override;
  [[nodiscard]] const MemoryStats& stats() const noexcept { return stats_; }
  [[nodiscard]] Memory& upstream() const noexcept { return upstream_; }

 private:
  Memory& upstream_;
  std::size_t limit_;
  MemoryStats stats_;
};

}  // namespace spool
