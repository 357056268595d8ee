// How often the program itself has asked for memory: the arena replaces operator new to count.
#pragma once

#include <cstdint>

namespace arena {

[[nodiscard]] std::uint64_t heap_allocations() noexcept;

}  // namespace arena
