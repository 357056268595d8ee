#include "examples/arena/world.h"

#include <algorithm>
#include <cmath>

namespace arena {

namespace {

constexpr float hit_radius = 1.8f;
constexpr float quickness = 7;       // how fast a wish becomes speed, per second
constexpr float shot_life = 1.6f;    // seconds
constexpr float reload_time = 0.3f;  // seconds
constexpr float time_away = 1.2f;    // seconds

float distance(Point a, Point b) noexcept { return std::hypot(a.x - b.x, a.y - b.y); }

}  // namespace

World::World(const Field& field, std::size_t players, float step_seconds) noexcept
    : field_(field), step_(step_seconds), player_count_(std::min(players, field.homes.size())) {
  for (std::size_t i = 0; i < player_count_; ++i) bodies_[i].shown.at = field.homes[i];
}

// Comes back where the others are farthest away.
void World::place(std::size_t player) noexcept {
  float best = -1;
  for (const Point home : field_.homes) {
    float nearest = static_cast<float>(field_.width);
    for (std::size_t i = 0; i < player_count_; ++i)
      if (i != player && bodies_[i].shown.health != 0)
        nearest = std::min(nearest, distance(home, bodies_[i].shown.at));
    if (nearest <= best) continue;
    best = nearest;
    bodies_[player].shown.at = home;
  }
  bodies_[player].speed = {};
  bodies_[player].shown.health = full_health;
}

void World::move(std::size_t player) noexcept {
  Body& body = bodies_[player];
  const Point wish = wishes_[player].move;
  const float length = std::max(1.0f, std::hypot(wish.x, wish.y));
  const float grip = std::min(1.0f, quickness * step_);
  body.speed.x += (wish.x / length * top_speed - body.speed.x) * grip;
  body.speed.y += (wish.y / length * top_speed - body.speed.y) * grip;
  Point& at = body.shown.at;
  const Point next{at.x + body.speed.x * step_, at.y + body.speed.y * step_};
  // One direction at a time, so that it slides along a wall.
  if (blocked(field_, {next.x, at.y}, body_radius))
    body.speed.x *= -0.4f;
  else
    at.x = next.x;
  if (blocked(field_, {at.x, next.y}, body_radius))
    body.speed.y *= -0.4f;
  else
    at.y = next.y;
  body.shown.aim = wishes_[player].aim;
}

void World::shoot(std::size_t player) noexcept {
  Body& body = bodies_[player];
  body.reload -= step_;
  if (wishes_[player].fire == 0 || body.reload > 0 || flight_count_ == shots_max) return;
  body.reload = reload_time;
  const Point way{std::cos(body.shown.aim), std::sin(body.shown.aim)};
  Flight& flight = flights_[flight_count_++];
  flight.shown.at = {body.shown.at.x + 2 * way.x, body.shown.at.y + 2 * way.y};
  flight.shown.owner = static_cast<std::uint16_t>(player);
  flight.shown.number = ++shots_;
  flight.speed = {way.x * shot_speed, way.y * shot_speed};
  flight.left = shot_life;
}

void World::hit(Body& target, std::size_t by) noexcept {
  if (--target.shown.health != 0) return;
  ++target.shown.deaths;
  target.away = time_away;
  ++bodies_[by].shown.kills;
}

bool World::fly(Flight& flight) noexcept {
  flight.left -= step_;
  flight.shown.at.x += flight.speed.x * step_;
  flight.shown.at.y += flight.speed.y * step_;
  if (flight.left <= 0 || blocked(field_, flight.shown.at, 0)) return false;
  for (std::size_t i = 0; i < player_count_; ++i) {
    Body& body = bodies_[i];
    if (i == flight.shown.owner || body.shown.health == 0) continue;
    if (distance(body.shown.at, flight.shown.at) > hit_radius) continue;
    hit(body, flight.shown.owner);
    return false;
  }
  return true;
}

void World::step() noexcept {
  ++steps_;
  for (std::size_t i = 0; i < player_count_; ++i) {
    if (bodies_[i].shown.health == 0) {
      bodies_[i].away -= step_;
      if (bodies_[i].away <= 0) place(i);
      continue;
    }
    move(i);
    shoot(i);
  }
  for (std::size_t i = 0; i < flight_count_;) {
    if (fly(flights_[i]))
      ++i;
    else
      flights_[i] = flights_[--flight_count_];
  }
}

void World::write(Snapshot& snapshot) const noexcept {
  snapshot.step = steps_;
  snapshot.player_count = static_cast<std::uint8_t>(player_count_);
  for (std::size_t i = 0; i < player_count_; ++i) snapshot.players[i] = bodies_[i].shown;
  snapshot.shot_count = static_cast<std::uint8_t>(flight_count_);
  for (std::size_t i = 0; i < flight_count_; ++i) snapshot.shots[i] = flights_[i].shown;
}

}  // namespace arena
