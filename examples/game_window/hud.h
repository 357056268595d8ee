// Hud: the numbers above the picture: what the network does, and what it costs.
#pragma once

#include <spool/spool.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "examples/arena/arena.h"
#include "examples/game_window/canvas.h"

namespace game {

// Owned by the window.
class Hud {
 public:
  static constexpr float height = 96;  // of its strip at the top of the canvas

  explicit Hud(spool::Duration budget) : budget_(budget) {}

  // What this frame's poll_once has cost.
  void polled(const spool::PollResult& result);
  // A snapshot has arrived, and was so long on its way.
  void arrived(std::chrono::nanoseconds age);
  void sent() { ++sent_; }
  // Once per frame: every half second, the sums become rates.
  void count_frame(double now, std::uint32_t inputs_at_server);

  void draw(Canvas& canvas, const arena::Snapshot& world, std::string_view hint) const;
  // In the middle; `progress` moves a light over it.
  static void draw_banner(Canvas& canvas, Color color, std::string_view title,
                          std::string_view text, double now);

  [[nodiscard]] double worst_poll_microseconds() const noexcept { return worst_poll_; }

 private:
  static constexpr std::size_t history = 240;  // frames, one pixel each
  struct Rates {
    double frames = 0, snapshots = 0, sent = 0, server_inputs = 0;  // per second
    double age = 0;                                                 // milliseconds
    double poll = 0, poll_worst = 0;                                // microseconds
  };

  void draw_rates(Canvas& canvas, float x) const;
  void draw_graph(Canvas& canvas, float x) const;
  static void draw_leaders(Canvas& canvas, float x, const arena::Snapshot& world);

  spool::Duration budget_;
  Rates rates_;
  std::array<float, history> polls_{};  // microseconds; a ring
  std::size_t next_poll_ = 0;
  double worst_poll_ = 0;  // of all

  // Since the last rates.
  double since_ = 0;
  std::uint32_t frames_ = 0, snapshots_ = 0, sent_ = 0;
  std::uint32_t inputs_before_ = 0;
  std::chrono::nanoseconds age_{};
  double poll_ = 0, poll_worst_ = 0;
};

}  // namespace game
