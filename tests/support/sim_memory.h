// SimMemory: an allocator that refuses what it is told to refuse, and counts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spool/loop/memory.h"

namespace spool::sim {

class SimMemory final : public Memory {
 public:
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    ++requests;
    if (requests == fail_at || (fail_from != 0 && requests >= fail_from)) return nullptr;
    void* block = system_.allocate(bytes, alignment);
    ++live;
    in_use += bytes;
    if (in_use > most_in_use) most_in_use = in_use;
    return block;
  }
  void deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept override {
    --live;
    in_use -= bytes;
    system_.deallocate(block, bytes, alignment);
  }

  // The request with this number (counted from 1) is refused; 0: none.
  void refuse_after(std::uint64_t more) noexcept { fail_at = more == 0 ? 0 : requests + more; }
  // From here on everything is refused; allow() ends it.
  void refuse_all() noexcept { fail_from = requests + 1; }
  void allow() noexcept { fail_at = fail_from = 0; }

  std::uint64_t requests = 0;
  std::uint64_t fail_at = 0;
  std::uint64_t fail_from = 0;
  std::size_t live = 0;    // blocks
  std::size_t in_use = 0;  // bytes
  std::size_t most_in_use = 0;

 private:
  SystemMemory system_;
};

}  // namespace spool::sim
