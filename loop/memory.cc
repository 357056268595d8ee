#include "spool/loop/memory.h"

#include <stdlib.h>

#include "spool/loop/assert.h"

namespace spool {

void* SystemMemory::allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (alignment <= alignof(std::max_align_t)) return malloc(bytes);
  void* block = nullptr;
  return posix_memalign(&block, alignment, bytes) == 0 ? block : nullptr;
}

void SystemMemory::deallocate(void* block, std::size_t, std::size_t) noexcept { free(block); }

void* LimitedMemory::allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (limit_ != 0 && (bytes > limit_ || stats_.bytes_in_use > limit_ - bytes)) {
    ++stats_.refusals;
    return nullptr;
  }
  void* block = upstream_.allocate(bytes, alignment);
  if (block == nullptr) {
    ++stats_.refusals;
    return nullptr;
  }
  ++stats_.allocations;
  stats_.bytes_in_use += bytes;
  if (stats_.bytes_in_use > stats_.bytes_high_water) stats_.bytes_high_water = stats_.bytes_in_use;
  return block;
}

void LimitedMemory::deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept {
  SPOOL_ASSERT(stats_.bytes_in_use >= bytes);
  stats_.bytes_in_use -= bytes;
  upstream_.deallocate(block, bytes, alignment);
}

}  // namespace spool
