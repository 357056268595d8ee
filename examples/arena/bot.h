// Bot: decides what a player does, from what it sees.
#pragma once

#include <cstddef>
#include <cstdint>

#include "examples/arena/arena.h"

namespace arena {

// Owned by its client. Each has a temper of its own, so that no two fight alike.
class Bot {
 public:
  Bot(const Field& field, std::size_t player, float step_seconds) noexcept;

  // Fills in move, aim and fire.
  void decide(const Snapshot& world, Input& input) noexcept;

 private:
  [[nodiscard]] const Player* choose_target(const Snapshot& world) const noexcept;
  // The direction nearest to `wish` in which there is room.
  [[nodiscard]] Point find_way(Point from, Point wish) const noexcept;
  [[nodiscard]] float noise() noexcept;  // -1 to 1

  const Field& field_;
  std::size_t self_;
  float step_;
  float time_ = 0;
  float temper_;
  Point target_before_;
  std::uint32_t random_;
};

}  // namespace arena
