#include "spool/core/anchor.h"

#include <new>

namespace spool::core {

Anchor::Anchor(Memory* memory, std::size_t memory_limit, std::size_t message_memory_limit) noexcept
    : upstream_(memory != nullptr ? memory : &system_),
      memory_(*upstream_, memory_limit),
      pool_(memory_, message_memory_limit) {}

Anchor* Anchor::create(Memory* memory, std::size_t memory_limit,
                       std::size_t message_memory_limit) noexcept {
  SystemMemory system;
  Memory& from = memory != nullptr ? *memory : system;
  void* block = from.allocate(sizeof(Anchor), alignof(Anchor));
  return block == nullptr ? nullptr
                          : new (block) Anchor(memory, memory_limit, message_memory_limit);
}

void Anchor::release() noexcept {
  pool_.check_thread();
  if (--holders_ != 0) return;
  if (pool_.stats().blocks_in_use == 0)
    destroy();
  else
    pool_.when_idle(&Anchor::on_pool_idle, this);
}

void Anchor::on_pool_idle(void* self) noexcept { static_cast<Anchor*>(self)->destroy(); }

void Anchor::destroy() noexcept {
  SystemMemory system;  // stateless: as good as the one that is about to go
  Memory& from = upstream_ == &system_ ? static_cast<Memory&>(system) : *upstream_;
  this->~Anchor();
  from.deallocate(this, sizeof(Anchor), alignof(Anchor));
}

}  // namespace spool::core
