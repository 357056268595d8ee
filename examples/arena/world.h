// World: the game itself, without any network: players steer, shoot, fall and come back.
#pragma once

#include <array>
#include <cstddef>

#include "examples/arena/arena.h"

namespace arena {

// Owned by the server. Fixed space, fixed steps.
class World {
 public:
  World(const Field& field, std::size_t players, float step_seconds) noexcept;

  // What the player wants from now on.
  void steer(const Input& input) noexcept { wishes_[input.player] = input; }
  void step() noexcept;
  // Step, players and shots.
  void write(Snapshot& snapshot) const noexcept;

 private:
  struct Body {
    Player shown;
    Point speed;
    float reload = 0;  // seconds until it may shoot
    float away = 0;    // seconds until it comes back
  };
  struct Flight {
    Shot shown;
    Point speed;
    float left = 0;  // seconds
  };

  void place(std::size_t player) noexcept;
  void move(std::size_t player) noexcept;
  void shoot(std::size_t player) noexcept;
  // False when the shot is over.
  [[nodiscard]] bool fly(Flight& flight) noexcept;
  void hit(Body& target, std::size_t by) noexcept;

  const Field& field_;
  float step_;
  std::uint32_t steps_ = 0;
  std::uint16_t shots_ = 0;
  std::size_t player_count_;
  std::size_t flight_count_ = 0;
  std::array<Body, players_max> bodies_{};
  std::array<Input, players_max> wishes_{};
  std::array<Flight, shots_max> flights_{};
};

}  // namespace arena
