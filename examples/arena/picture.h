// Picture: turns snapshots into something to look at: glowing trails, sparks, the score.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "examples/arena/arena.h"
#include "examples/arena/screen.h"

namespace arena {

// The numbers in the title.
struct Vitals {
  int frames_per_second = 0;
  int processes = 0;
  std::uint32_t snapshots = 0;   // in the last second
  std::uint32_t inputs = 0;      // in the last second
  double poll_microseconds = 0;  // of the last poll_once
};

// Owned by the parent.
class Picture {
 public:
  Picture() noexcept;
  // Once per snapshot.
  void follow(const Snapshot& snapshot) noexcept;
  void draw(Screen& screen, const Vitals& vitals) noexcept;

 private:
  struct Light {
    float r = 0, g = 0, b = 0;
  };
  struct Spark {
    Point at;
    Point speed;
    Color color;
    float left = 0;  // frames
    float whole = 1;
  };

  void shine(float x, float y, Color color, float strength) noexcept;
  void burst(Point at, Color color, int count, float speed, float life) noexcept;
  void move_sparks() noexcept;
  void draw_field(Screen& screen) noexcept;
  void draw_player(Screen& screen, std::size_t player) noexcept;
  void draw_texts(Screen& screen, const Vitals& vitals) noexcept;
  void draw_score(Screen& screen) noexcept;
  void draw_winner(Screen& screen) noexcept;
  [[nodiscard]] float random() noexcept;  // 0 to 1

  static constexpr std::size_t sparks_max = 512;

  Snapshot now_;
  std::array<Light, width * height> glow_{};
  std::array<Color, width * height> ground_{};
  std::array<Spark, sparks_max> sparks_{};
  std::size_t next_spark_ = 0;
  std::uint32_t random_ = 1;
};

}  // namespace arena
