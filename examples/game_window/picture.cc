#include "examples/game_window/picture.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>

#include "examples/game_window/game.h"

namespace game {

namespace {

constexpr Color white{255, 255, 255};
constexpr Color dark{8, 10, 18};
constexpr float trail_step = 1.0f / 40;  // seconds between two points of a trail

Color mixed(Color a, Color b, float part) {
  const auto mix = [part](Uint8 x, Uint8 y) {
    return static_cast<Uint8>(static_cast<float>(x) + (static_cast<float>(y) - x) * part);
  };
  return {mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b)};
}

Color from_hue(float hue, float saturation, float value) {
  const auto channel = [&](float shift) {
    const float k = std::fmod(shift + hue * 6, 6.0f);
    const float part = value - value * saturation * std::clamp(std::min(k, 4 - k), 0.0f, 1.0f);
    return static_cast<Uint8>(255 * part);
  };
  return {channel(5), channel(3), channel(1)};
}

}  // namespace

Color color_of(std::size_t player) {
  if (player == own_player) return white;
  // The golden ratio spreads any number of hues evenly.
  const float hue = std::fmod(static_cast<float>(player) * 0.61803399f, 1.0f);
  return from_hue(hue, player % 2 == 0 ? 0.62f : 0.8f, player % 3 == 0 ? 0.88f : 1.0f);
}

Picture::Picture(Canvas& canvas, const arena::Field& field, float top)
    : canvas_(canvas),
      scale_(canvas.width() / static_cast<float>(field.width)),
      top_(top),
      sparks_(900) {
  draw_ground(field);
}

void Picture::draw_ground(const arena::Field& field) {
  canvas_.begin_ground();
  const float w = canvas_.width();
  const float h = canvas_.height();
  constexpr int bands = 90;
  for (int i = 0; i < bands; ++i) {
    const float middle = 1 - std::abs(2 * (static_cast<float>(i) + 0.5f) / bands - 1);
    canvas_.fill(0, h * static_cast<float>(i) / bands, w, h / bands + 1,
                 mixed({6, 7, 14}, {13, 16, 31}, middle));
  }
  const float cell = 8 * scale_;
  for (float x = cell; x < w; x += cell) canvas_.line({x, 0}, {x, h}, {70, 90, 170}, 0.13f);
  for (float y = top_; y < h; y += cell) canvas_.line({0, y}, {w, y}, {70, 90, 170}, 0.13f);
  canvas_.glow({w / 2, (top_ + h) / 2}, w * 0.55f, {30, 44, 110}, 0.4f);
  for (const arena::Wall& wall : field.walls) {
    const Pixel from = pixel({static_cast<float>(wall.left), static_cast<float>(wall.top)});
    const Pixel to = pixel({static_cast<float>(wall.right), static_cast<float>(wall.bottom)});
    const float width = to.x - from.x;
    const float height = to.y - from.y;
    for (int i = 6; i > 0; --i) {
      const float around = static_cast<float>(2 * i);
      canvas_.fill(from.x - around, from.y - around, width + 2 * around, height + 2 * around,
                   {64, 96, 220}, 0.022f);
    }
    canvas_.fill(from.x, from.y, width, height, {84, 108, 190});
    canvas_.fill(from.x + 2, from.y + 2, width - 4, height - 4, {27, 33, 62});
  }
  canvas_.end_ground();
}

float Picture::random() noexcept {
  random_ = random_ * 1664525u + 1013904223u;
  return static_cast<float>(random_ >> 8) / static_cast<float>(1u << 24);
}

void Picture::burst(Pixel at, Color color, int count, float speed, float life) {
  for (int i = 0; i < count; ++i) {
    Spark& spark = sparks_[next_spark_++ % sparks_.size()];
    const float angle = 6.2831853f * random();
    const float pace = speed * (0.2f + 0.8f * random());
    spark.at = at;
    spark.speed = {pace * std::cos(angle), pace * std::sin(angle)};
    spark.color = i % 3 == 0 ? mixed(color, white, 0.7f) : color;
    spark.left = spark.whole = life * (0.4f + 0.6f * random());
  }
}

void Picture::follow(const arena::Snapshot& world, float seconds, bool jumped) {
  since_point_ += seconds;
  const bool grows = since_point_ >= trail_step;
  if (grows) since_point_ = std::min(since_point_ - trail_step, trail_step);
  for (std::size_t i = 0; i < world.player_count; ++i) {
    const arena::Player& player = world.players[i];
    const arena::Player& before = before_.players[i];
    Trail& trail = trails_[i];
    trail.light = std::max(0.0f, trail.light - 5 * seconds);
    if (!jumped && i < before_.player_count) {
      if (player.deaths != before.deaths) burst(pixel(before.at), color_of(i), 34, 230, 0.8f);
      if (player.health > before.health) burst(pixel(player.at), color_of(i), 12, 90, 0.5f);
      if (player.health < before.health) {
        trail.light = 1;
        burst(pixel(player.at), white, 4, 150, 0.25f);
      }
    }
    if (jumped || player.health == 0 || player.deaths != before.deaths || before.health == 0)
      trail.count = 0;
    if (player.health == 0) continue;
    trail.seen = true;
    if (grows || trail.count == 0) {
      trail.count = std::min(trail.count + 1, trail_length);
      std::copy_backward(trail.points.begin(), trail.points.begin() + trail.count - 1,
                         trail.points.begin() + trail.count);
    }
    trail.points[0] = pixel(player.at);
  }
  for (Spark& spark : sparks_) {
    if (spark.left <= 0) continue;
    spark.left -= seconds;
    spark.at = {spark.at.x + spark.speed.x * seconds, spark.at.y + spark.speed.y * seconds};
    const float drag = std::exp(-3 * seconds);
    spark.speed = {spark.speed.x * drag, spark.speed.y * drag};
  }
  before_ = world;
}

void Picture::draw_player(const arena::Snapshot& world, std::size_t i) {
  const arena::Player& player = world.players[i];
  if (player.health == 0) return;
  const Color color = color_of(i);
  const Pixel at = pixel(player.at);
  const float radius = arena::body_radius * scale_;
  const Pixel way{std::cos(player.aim), std::sin(player.aim)};
  canvas_.disc({at.x + way.x * radius * 1.25f, at.y + way.y * radius * 1.25f}, radius * 0.34f,
               color);
  canvas_.disc(at, radius + 1, dark);
  canvas_.disc(at, radius, mixed(color, white, 0.75f * trails_[i].light));
  if (i == own_player) {
    canvas_.ring(at, radius * 2.1f, white, 0.9f);
    canvas_.text(at.x - Canvas::text_width(1, "YOU") / 2, at.y - 3, 1, dark, "YOU");
  } else {
    char number[8];
    const int size = std::snprintf(number, sizeof number, "%zu", i);
    const std::string_view text(number, static_cast<std::size_t>(size));
    canvas_.text(at.x - Canvas::text_width(1, text) / 2, at.y - 3, 1, dark, text);
  }
  // How much it can still take.
  const float part = static_cast<float>(player.health) / arena::full_health;
  if (part < 1) {
    canvas_.fill(at.x - radius, at.y - radius - 6, 2 * radius, 2, dark, 0.8f);
    canvas_.fill(at.x - radius, at.y - radius - 6, 2 * radius * part, 2, mixed(color, white, 0.4f));
  }
}

void Picture::draw(const arena::Snapshot& world) {
  for (std::size_t i = 0; i < world.player_count; ++i)
    canvas_.tail(std::span(trails_[i].points).first(trails_[i].count),
                 1.7f * arena::body_radius * scale_, color_of(i), 0.6f);
  canvas_.draw_tails();
  for (std::size_t i = 0; i < world.player_count; ++i)
    if (world.players[i].health != 0)
      canvas_.glow(pixel(world.players[i].at), 4 * arena::body_radius * scale_ / 1.6f, color_of(i),
                   0.35f + 0.4f * trails_[i].light);
  for (const Spark& spark : sparks_)
    if (spark.left > 0)
      canvas_.glow(spark.at, 2 + 5 * spark.left / spark.whole, spark.color,
                   spark.left / spark.whole);
  for (std::size_t i = 0; i < world.shot_count; ++i) {
    const Pixel at = pixel(world.shots[i].at);
    canvas_.glow(at, 12, color_of(world.shots[i].owner), 0.95f);
    canvas_.disc(at, 2.4f, white);
  }
  for (std::size_t i = world.player_count; i-- > 0;) draw_player(world, i);
}

std::size_t Picture::players_seen() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(trails_.begin(), trails_.end(), [](const Trail& trail) { return trail.seen; }));
}

}  // namespace game
