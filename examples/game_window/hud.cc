#include "examples/game_window/hud.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "examples/game_window/game.h"
#include "examples/game_window/picture.h"

namespace game {

namespace {

constexpr Color white{240, 244, 255};
constexpr Color dim{138, 150, 190};
constexpr Color green{70, 230, 150};
constexpr Color amber{255, 196, 70};
constexpr Color red{255, 90, 90};
constexpr Color panel{5, 7, 15};
// Rows of the strip, in pixels.
constexpr float first_row = 12;
constexpr float row_height = 21;
constexpr float graph_height = 58;
constexpr float small_row = 78;

}  // namespace

void Hud::polled(const spool::PollResult& result) {
  const double microseconds = static_cast<double>(result.library_time.count()) / 1e3;
  polls_[next_poll_++ % history] = static_cast<float>(microseconds);
  poll_ += microseconds;
  poll_worst_ = std::max(poll_worst_, microseconds);
  worst_poll_ = std::max(worst_poll_, microseconds);
}

void Hud::arrived(std::chrono::nanoseconds age) {
  ++snapshots_;
  age_ += age;
}

void Hud::count_frame(double now, std::uint32_t inputs_at_server) {
  ++frames_;
  const double length = now - since_;
  if (length < 0.5) return;
  const std::uint32_t inputs = inputs_at_server - inputs_before_;
  rates_ = {frames_ / length,
            snapshots_ / length,
            sent_ / length,
            inputs_at_server < inputs_before_ ? 0 : inputs / length,
            snapshots_ == 0 ? 0 : static_cast<double>(age_.count()) / 1e6 / snapshots_,
            poll_ / frames_,
            poll_worst_};
  inputs_before_ = inputs_at_server;
  since_ = now;
  frames_ = snapshots_ = sent_ = 0;
  age_ = {};
  poll_ = poll_worst_ = 0;
}

void Hud::draw_rates(Canvas& canvas, float x) const {
  struct Row {
    const char* label;
    const char* format;
    double value;
  };
  const Row rows[] = {{"frames", "%.0f/s", rates_.frames},
                      {"snapshots", "%.0f/s", rates_.snapshots},
                      {"one-way age", "%.1f ms", rates_.age},
                      {"own inputs", "%.0f/s", rates_.sent},
                      {"all inputs", "%.0f/s", rates_.server_inputs},
                      {"poll_once", "%.0f us", rates_.poll}};
  for (int i = 0; i < 6; ++i) {
    const float left = x + static_cast<float>(i / 3) * 262;
    const float y = first_row + static_cast<float>(i % 3) * row_height;
    char value[32];
    std::snprintf(value, sizeof value, rows[i].format, rows[i].value);
    canvas.text(left, y, 2, dim, rows[i].label);
    canvas.text(left + 238 - Canvas::text_width(2, value), y, 2, white, value);
  }
}

void Hud::draw_graph(Canvas& canvas, float x) const {
  const float budget = static_cast<float>(budget_.count()) / 1e3f;
  const float bottom = first_row + graph_height;
  const float line = graph_height * 0.85f;  // of the budget
  canvas.fill(x, first_row, static_cast<float>(history), graph_height, {30, 38, 70}, 0.5f);
  for (std::size_t i = 0; i < history; ++i) {
    const float part = polls_[(next_poll_ + i) % history] / budget;
    const float bar = std::clamp(part * line, 2.0f, graph_height);
    canvas.fill(x + static_cast<float>(i), bottom - bar, 1, bar,
                part > 1      ? red
                : part > 0.5f ? amber
                              : green,
                0.95f);
  }
  for (std::size_t i = 0; i < history; i += 6)
    canvas.fill(x + static_cast<float>(i), bottom - line, 3, 1, red, 0.9f);
  char text[96];
  const int size = std::snprintf(text, sizeof text, "budget %.0f us", static_cast<double>(budget));
  canvas.text(x + static_cast<float>(history) -
                  Canvas::text_width(1, {text, static_cast<std::size_t>(size)}) - 3,
              bottom - line + 4, 1, red, {text, static_cast<std::size_t>(size)});
  std::snprintf(text, sizeof text, "poll_once in each frame, worst %.0f us", rates_.poll_worst);
  canvas.text(x, small_row, 1, dim, text);
}

void Hud::draw_leaders(Canvas& canvas, float x, const arena::Snapshot& world) {
  std::array<std::size_t, arena::players_max> order{};
  for (std::size_t i = 0; i < world.player_count; ++i) order[i] = i;
  const std::size_t count = std::min<std::size_t>(6, world.player_count);
  std::partial_sort(order.begin(), order.begin() + count, order.begin() + world.player_count,
                    [&](std::size_t a, std::size_t b) {
                      if (world.players[a].kills != world.players[b].kills)
                        return world.players[a].kills > world.players[b].kills;
                      return a < b;
                    });
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t player = order[i];
    const float left = x + static_cast<float>(i / 3) * 186;
    const float y = first_row + static_cast<float>(i % 3) * row_height;
    char line[32];
    std::snprintf(line, sizeof line, player == own_player ? "you" : "bot %zu", player);
    canvas.disc({left + 7, y + 7}, 7, color_of(player));
    canvas.text(left + 20, y, 2, white, line);
    std::snprintf(line, sizeof line, "%u", static_cast<unsigned>(world.players[player].kills));
    canvas.text(left + 150 - Canvas::text_width(2, line), y, 2, amber, line);
  }
}

void Hud::draw(Canvas& canvas, const arena::Snapshot& world, std::string_view hint) const {
  const float width = canvas.width();
  canvas.fill(0, 0, width, height, panel);
  canvas.fill(0, height - 2, width, 2, {72, 98, 200});
  draw_rates(canvas, 14);
  draw_graph(canvas, 552);
  draw_leaders(canvas, 826, world);
  std::size_t alive = 0;
  for (std::size_t i = 0; i < world.player_count; ++i) alive += world.players[i].health != 0;
  char text[96];
  std::snprintf(text, sizeof text, "spool game_window     %u players, %zu on the field     tick %u",
                world.player_count, alive, world.step);
  canvas.text(14, small_row, 1, dim, text);
  canvas.text(width - 14 - Canvas::text_width(1, hint), small_row, 1, dim, hint);
}

void Hud::draw_banner(Canvas& canvas, Color color, std::string_view title, std::string_view text,
                      double now) {
  const float w = canvas.width();
  const float y = canvas.height() * 0.4f;
  canvas.fill(0, y, w, 112, panel, 0.82f);
  canvas.fill(0, y, w, 2, color, 0.9f);
  canvas.fill(0, y + 110, w, 2, color, 0.9f);
  const auto light = static_cast<float>(std::fmod(now * 0.5, 1.0));
  canvas.glow({w * light, y + 1}, 60, color, 0.9f);
  canvas.glow({w * (1 - light), y + 111}, 60, color, 0.9f);
  canvas.text((w - Canvas::text_width(5, title)) / 2, y + 26, 5, color, title);
  canvas.text((w - Canvas::text_width(2, text)) / 2, y + 78, 2, white, text);
}

}  // namespace game
