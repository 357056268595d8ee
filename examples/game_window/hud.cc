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
constexpr float graph_height = 44;

void draw_panel(Canvas& canvas, float x, float y, float width, float height) {
  canvas.fill(x, y, width, height, panel, 0.74f);
  canvas.fill(x, y, width, 1, {90, 120, 220}, 0.6f);
}

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

void Hud::draw_graph(Canvas& canvas, float x, float y) const {
  const float budget = static_cast<float>(budget_.count()) / 1e3f;
  const float line = graph_height * 0.8f;  // of the budget
  canvas.fill(x, y, static_cast<float>(history), graph_height, {30, 38, 70}, 0.5f);
  for (std::size_t i = 0; i < history; ++i) {
    const float part = polls_[(next_poll_ + i) % history] / budget;
    const float bar = std::clamp(part * line, 2.0f, graph_height);
    canvas.fill(x + static_cast<float>(i), y + graph_height - bar, 1, bar,
                part > 1      ? red
                : part > 0.5f ? amber
                              : green,
                0.95f);
  }
  for (std::size_t i = 0; i < history; i += 6)
    canvas.fill(x + static_cast<float>(i), y + graph_height - line, 3, 1, red, 0.9f);
  char text[32];
  const int size = std::snprintf(text, sizeof text, "budget %.0f us", static_cast<double>(budget));
  canvas.text(x + static_cast<float>(history) - Canvas::text_width(1, text) - 3,
              y + graph_height - line + 4, 1, red, {text, static_cast<std::size_t>(size)});
}

void Hud::draw_leaders(Canvas& canvas, const arena::Snapshot& world) {
  constexpr std::size_t shown = 6;
  std::array<std::size_t, arena::players_max> order{};
  for (std::size_t i = 0; i < world.player_count; ++i) order[i] = i;
  const std::size_t count = std::min<std::size_t>(shown, world.player_count);
  std::partial_sort(order.begin(), order.begin() + count, order.begin() + world.player_count,
                    [&](std::size_t a, std::size_t b) {
                      if (world.players[a].kills != world.players[b].kills)
                        return world.players[a].kills > world.players[b].kills;
                      return a < b;
                    });
  const float x = canvas.width() - 204;
  draw_panel(canvas, x, 12, 192, 30 + 18 * static_cast<float>(count));
  canvas.text(x + 12, 20, 1, dim, "leaders        kills   falls");
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t player = order[i];
    const float y = 38 + 18 * static_cast<float>(i);
    canvas.disc({x + 18, y + 6}, 6, color_of(player));
    char line[32];
    if (player == own_player)
      std::snprintf(line, sizeof line, "you");
    else
      std::snprintf(line, sizeof line, "bot %zu", player);
    canvas.text(x + 30, y, 2, white, line);
    std::snprintf(line, sizeof line, "%3u", static_cast<unsigned>(world.players[player].kills));
    canvas.text(x + 98, y, 2, white, line);
    std::snprintf(line, sizeof line, "%3u", static_cast<unsigned>(world.players[player].deaths));
    canvas.text(x + 144, y, 2, dim, line);
  }
}

void Hud::draw(Canvas& canvas, const arena::Snapshot& world, std::string_view hint) const {
  constexpr float x = 12;
  draw_panel(canvas, x, 12, 260, 210);
  struct Row {
    const char* label;
    const char* format;
    double value;
  };
  const Row rows[] = {{"frames", "%.0f /s", rates_.frames},
                      {"snapshots", "%.0f /s", rates_.snapshots},
                      {"one-way age", "%.1f ms", rates_.age},
                      {"own inputs", "%.0f /s", rates_.sent},
                      {"all inputs", "%.0f /s", rates_.server_inputs},
                      {"poll_once", "%.0f us", rates_.poll}};
  float y = 22;
  for (const Row& row : rows) {
    char value[32];
    std::snprintf(value, sizeof value, row.format, row.value);
    canvas.text(x + 12, y, 2, dim, row.label);
    canvas.text(x + 248 - Canvas::text_width(2, value), y, 2, white, value);
    y += 20;
  }
  char text[96];
  std::snprintf(text, sizeof text, "library time in each frame, worst %.0f us", rates_.poll_worst);
  canvas.text(x + 12, y + 4, 1, dim, text);
  draw_graph(canvas, x + 12, y + 16);

  draw_leaders(canvas, world);
  const float bottom = canvas.height() - 12;
  std::size_t alive = 0;
  for (std::size_t i = 0; i < world.player_count; ++i) alive += world.players[i].health != 0;
  const int size =
      std::snprintf(text, sizeof text, "spool game_window   %u players, %zu on the field   tick %u",
                    world.player_count, alive, world.step);
  canvas.text(x, bottom, 1, dim, {text, static_cast<std::size_t>(size)});
  canvas.text(canvas.width() - 12 - Canvas::text_width(1, hint), bottom, 1, dim, hint);
}

void Hud::draw_banner(Canvas& canvas, Color color, std::string_view title, std::string_view text,
                      double now) {
  const float w = canvas.width();
  const float y = canvas.height() * 0.36f;
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
