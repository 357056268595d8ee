// Checks: what a demo promises: that players move smoothly, and that nothing gets lost in silence.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "examples/arena/arena.h"
#include "examples/game_window/timeline.h"

namespace game {

// Owned by the window.
class Checks {
 public:
  // Once per frame, after Timeline::advance.
  void look(const Timeline& timeline);
  void banner_shown() { banner_ = true; }

  struct End {
    std::size_t players = 0;
    std::uint64_t dropped = 0;  // snapshots that this process dropped, and counted
    int ended = 0;              // processes of bots that were gone before the end
    bool restart = false;       // the server was killed on the way
    double worst_poll_microseconds = 0;
  };
  // Prints each promise and whether it was kept; true when all were.
  [[nodiscard]] bool print_verdict(const Timeline& timeline, const End& end) const;

 private:
  struct Seen {
    arena::Player player;  // as it was in the last frame
    float way = 0;         // that it went, in units
    bool shown = false;
  };

  std::array<Seen, arena::players_max> seen_{};
  std::uint32_t frames_ = 0;
  std::uint32_t smooth_ = 0;  // of them, neither starved nor jumped
  float worst_ = 0;           // step of a player, as a part of the longest that it can make
  std::uint32_t missed_ = 0;  // what servers have counted
  bool banner_ = false;
};

}  // namespace game
