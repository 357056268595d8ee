// Picture: what the world looks like: players with trails of light, shots, sparks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "examples/arena/arena.h"
#include "examples/game_window/canvas.h"

namespace game {

// One for each player, as different as they can be.
[[nodiscard]] Color color_of(std::size_t player);

// Owned by the window; draws on its canvas.
class Picture {
 public:
  // The field fills the width of the canvas, below `top` pixels of something else.
  Picture(Canvas& canvas, const arena::Field& field, float top);

  // The world at this frame's moment, which comes `seconds` after the last one's. After a jump,
  // trails begin anew.
  void follow(const arena::Snapshot& world, float seconds, bool jumped);
  void draw(const arena::Snapshot& world);

  // The middle of a player on the canvas.
  [[nodiscard]] Pixel pixel(arena::Point at) const noexcept {
    return {at.x * scale_, top_ + at.y * scale_};
  }
  // How many players were seen so far.
  [[nodiscard]] std::size_t players_seen() const noexcept;

 private:
  static constexpr std::size_t trail_length = 30;
  struct Trail {
    std::array<Pixel, trail_length> points{};  // the newest first
    std::size_t count = 0;
    float light = 0;  // of a hit, 1 to 0
    bool seen = false;
  };
  struct Spark {
    Pixel at, speed;
    Color color;
    float left = 0, whole = 1;  // seconds
  };

  void draw_ground(const arena::Field& field);
  void draw_player(const arena::Snapshot& world, std::size_t player);
  void burst(Pixel at, Color color, int count, float speed, float life);
  [[nodiscard]] float random() noexcept;  // 0 to 1

  Canvas& canvas_;
  float scale_;  // pixels per unit
  float top_;
  std::array<Trail, arena::players_max> trails_{};
  std::vector<Spark> sparks_;  // of fixed size
  std::size_t next_spark_ = 0;
  arena::Snapshot before_;
  float since_point_ = 0;  // seconds since the trails grew
  std::uint32_t random_ = 1;
};

}  // namespace game
