// Anchor: what outlives a loop for as long as somebody holds a message or a socket object of it.
#pragma once

#include <cstdint>

#include "spool/io/message_pool.h"
#include "spool/loop/memory.h"

namespace spool::core {

class Context;

// Owned jointly: by the loop, by each socket object, and by the messages. The last one to go frees
// it. Plain counts: all of them live on one thread.
class Anchor {
 public:
  // Null without memory. `memory` null: malloc.
  [[nodiscard]] static Anchor* create(Memory* memory, std::size_t memory_limit,
                                      std::size_t message_memory_limit) noexcept;
  Anchor(const Anchor&) = delete;
  Anchor& operator=(const Anchor&) = delete;

  void acquire() noexcept {
    pool_.check_thread();
    ++holders_;
  }
  void release() noexcept;
  // The loop is gone: from here on find() finds nothing.
  void drop_context() noexcept { context = nullptr; }

  Context* context = nullptr;
  [[nodiscard]] LimitedMemory& memory() noexcept { return memory_; }
  [[nodiscard]] MessagePool& pool() noexcept { return pool_; }

 private:
  Anchor(Memory* memory, std::size_t memory_limit, std::size_t message_memory_limit) noexcept;
  ~Anchor() = default;
  static void on_pool_idle(void* self) noexcept;
  void destroy() noexcept;

  SystemMemory system_;
  Memory* upstream_;
  LimitedMemory memory_;
  MessagePool pool_;
  std::uint32_t holders_ = 1;
};

}  // namespace spool::core
