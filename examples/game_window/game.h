// The game in a window: what its processes agree on. Rules, messages and bots are the arena's.
#pragma once

#include <unistd.h>

#include <chrono>
#include <string>

#include "examples/arena/arena.h"

namespace game {

// The server simulates in fixed steps, and tells of every other one. Both say so to the eye:
// the window draws twice to five times as often as it hears of the world.
inline constexpr int steps_per_second = 60;
inline constexpr int steps_per_snapshot = 2;
inline constexpr std::chrono::nanoseconds step{1'000'000'000 / steps_per_second};

struct Game {
  int bots = 64;      // players that play by themselves; one more is at the window
  int processes = 4;  // of bots
  int fps = 60;       // of the window
  std::string directory;

  [[nodiscard]] std::size_t players() const { return static_cast<std::size_t>(bots) + 1; }
  [[nodiscard]] std::string world() const { return "ipc://" + directory + "/world"; }
  [[nodiscard]] std::string inputs() const { return "ipc://" + directory + "/inputs"; }
};

// A scripted run: plays by itself, checks by numbers that all went well, and ends.
struct Demo {
  int seconds = 0;         // 0: no demo
  bool restart = false;    // the server is killed on the way, and comes back
  std::string screenshot;  // empty: none
};

// The player at the window.
inline constexpr std::size_t own_player = 0;

// Nanoseconds of the clock that all processes of a machine share.
[[nodiscard]] inline std::int64_t steady_nanoseconds() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Has the process that started this one gone?
class Orphan {
 public:
  [[nodiscard]] bool is() const noexcept { return getppid() != parent_; }

 private:
  pid_t parent_ = getppid();
};

// The three programs; each returns its exit code.
int run_server(const Game& game);
int run_bots(const Game& game, std::size_t first, std::size_t count);
int run_window(Game game, const Demo& demo);

}  // namespace game
