// FakeMemory: malloc that says no when a test wants it, and knows what was not given back.
#pragma once

#include <cstdint>
#include <map>

#include "spool/loop/memory.h"

namespace spool::testing {

// Counts; refuses the `fail_at`-th request from now (1: the next) and, with `keep_failing`, all
// later ones. Sizes are checked when blocks come back.
class FakeMemory final : public Memory {
 public:
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    ++requests;
    if (refuses()) {
      ++refused;
      return nullptr;
    }
    void* block = system_.allocate(bytes, alignment);
    blocks_[block] = bytes;
    return block;
  }
  void deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept override {
    const auto found = blocks_.find(block);
    if (found == blocks_.end() || found->second != bytes)
      ++wrong_returns;
    else
      blocks_.erase(found);
    system_.deallocate(block, bytes, alignment);
  }
  void stop_failing() noexcept {
    fail_at = 0;
    failing_ = false;
  }
  // Blocks that were not given back.
  [[nodiscard]] std::size_t blocks() const noexcept { return blocks_.size(); }

  std::uint64_t requests = 0;
  std::uint64_t refused = 0;
  std::uint64_t fail_at = 0;  // 0: never
  bool keep_failing = false;
  int wrong_returns = 0;  // of blocks that are unknown, or had another size

 private:
  [[nodiscard]] bool refuses() noexcept {
    if (failing_) return true;
    if (fail_at == 0 || --fail_at != 0) return false;
    failing_ = keep_failing;
    return true;
  }

  SystemMemory system_;
  std::map<void*, std::size_t> blocks_;
  bool failing_ = false;
};

}  // namespace spool::testing
