#include "examples/arena/bot.h"

#include <cmath>

namespace arena {

namespace {

constexpr float pi = 3.14159265f;

float distance(Point a, Point b) noexcept { return std::hypot(a.x - b.x, a.y - b.y); }

}  // namespace

Bot::Bot(const Field& field, std::size_t player, float step_seconds) noexcept
    : field_(field),
      self_(player),
      step_(step_seconds),
      temper_(0.8f + 0.15f * static_cast<float>(player % colors_max)),
      random_(static_cast<std::uint32_t>(player) * 2654435761u + 1) {}

float Bot::noise() noexcept {
  random_ = random_ * 1664525u + 1013904223u;
  return static_cast<float>(random_ >> 8) / static_cast<float>(1u << 23) - 1;
}

// Near ones first, and rather one that is in sight.
const Player* Bot::choose_target(const Snapshot& world) const noexcept {
  const Point me = world.players[self_].at;
  const Player* best = nullptr;
  float best_cost = 1e9f;
  for (std::size_t i = 0; i < world.player_count; ++i) {
    const Player& other = world.players[i];
    if (i == self_ || other.health == 0) continue;
    float cost = distance(me, other.at);
    if (cost >= best_cost) continue;
    if (!in_sight(field_, me, other.at)) cost *= 1.7f;
    if (cost >= best_cost) continue;
    best_cost = cost;
    best = &other;
  }
  return best;
}

Point Bot::find_way(Point from, Point wish) const noexcept {
  const float wanted = std::atan2(wish.y, wish.x);
  const float side = std::sin(time_ * 0.3f + temper_) > 0 ? 1.0f : -1.0f;
  for (int turn = 0; turn < 9; ++turn) {
    const float sign = turn % 2 == 0 ? side : -side;
    const float angle = wanted + sign * static_cast<float>((turn + 1) / 2) * pi / 4;
    const Point way{std::cos(angle), std::sin(angle)};
    if (!blocked(field_, {from.x + 3 * way.x, from.y + 3 * way.y}, 1.4f)) return way;
  }
  return {0, 0};
}

void Bot::decide(const Snapshot& world, Input& input) noexcept {
  time_ += step_;
  const Player& me = world.players[self_];
  const Player* target = choose_target(world);
  if (target == nullptr) {
    // Alone: stroll.
    input.move = find_way(me.at, {std::cos(time_ * temper_), std::sin(time_ * 0.7f)});
    input.aim = std::atan2(input.move.y, input.move.x);
    input.fire = 0;
    return;
  }
  const float range = distance(me.at, target->at);
  const Point to{(target->at.x - me.at.x) / range, (target->at.y - me.at.y) / range};
  // Keep a distance, nearer with good health, and circle meanwhile.
  const float wanted = me.health > 2 ? 9.0f : 18.0f;
  const float pull = (range - wanted) / 8;
  const float circle = std::sin(time_ * 1.3f * temper_ + temper_ * 9);
  input.move = find_way(me.at, {pull * to.x - circle * to.y, pull * to.y + circle * to.x});

  // Aim where the target will be; a jump of it (it came back elsewhere) is no speed.
  Point speed{(target->at.x - target_before_.x) / step_, (target->at.y - target_before_.y) / step_};
  if (std::hypot(speed.x, speed.y) > 30) speed = {};
  target_before_ = target->at;
  const float flight = range / shot_speed;
  const Point ahead{target->at.x + speed.x * flight, target->at.y + speed.y * flight};
  input.aim = std::atan2(ahead.y - me.at.y, ahead.x - me.at.x) + 0.08f * noise();
  input.fire = range < field_.reach && in_sight(field_, me.at, target->at) ? 1 : 0;
}

}  // namespace arena
