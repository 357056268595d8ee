#include "examples/game_window/timeline.h"

#include <algorithm>
#include <cmath>

#include "examples/game_window/game.h"

namespace game {

namespace {

constexpr double pull = 0.05;     // of each arrival on the clock
constexpr double correction = 2;  // per second of error
constexpr double bend = 0.1;      // the world may go this much faster or slower, nobody sees it
constexpr double too_far = 0.5;   // seconds of error that are jumped over
constexpr float pi = 3.14159265f;

double time_of(const arena::Snapshot& snapshot) {
  return static_cast<double>(snapshot.step) / steps_per_second;
}

arena::Point between(arena::Point a, arena::Point b, float part) {
  return {a.x + (b.x - a.x) * part, a.y + (b.y - a.y) * part};
}

float between_angles(float a, float b, float part) {
  return a + std::remainder(b - a, 2 * pi) * part;
}

}  // namespace

void Timeline::take(const arena::Snapshot& snapshot, double now) {
  const double early = now - time_of(snapshot);
  if (count_ == 0 || snapshot.run != newest().run) {
    ++servers_;
    count_ = 0;
    offset_ = early;
    begins_ = true;
  } else {
    gaps_ += snapshot.sequence - newest().sequence - 1;
    offset_ += (early - offset_) * pull;
  }
  ++received_;
  if (count_ == kept)
    first_ = (first_ + 1) % kept;
  else
    ++count_;
  ring_[(first_ + count_ - 1) % kept] = snapshot;
}

void Timeline::advance(double now) {
  const double passed = now - last_now_;
  last_now_ = now;
  if (count_ == 0) return;
  const double before = play_;
  const double error = now - offset_ - delay - play_;
  jumped_ = begins_ || std::abs(error) > too_far;
  begins_ = false;
  if (jumped_)
    play_ += error;
  else
    play_ += passed * std::clamp(1 + error * correction, 1 - bend, 1 + bend);
  // Nobody knows the future. It waits there, and goes on from there.
  starved_ = play_ > time_of(newest());
  play_ = std::max(time_of(at(0)), std::min(play_, time_of(newest())));
  progress_ = play_ - before;
  blend();
}

void Timeline::blend() {
  std::size_t i = count_ - 1;
  while (i > 0 && time_of(at(i)) > play_) --i;
  const arena::Snapshot& a = at(i);
  const arena::Snapshot& b = at(std::min(i + 1, count_ - 1));
  const double length = time_of(b) - time_of(a);
  const float part = length > 0 ? static_cast<float>((play_ - time_of(a)) / length) : 0;
  shown_ = a;
  for (std::size_t p = 0; p < a.player_count; ++p) {
    const arena::Player& before = a.players[p];
    const arena::Player& after = b.players[p];
    // Who fell and came back elsewhere did not fly there.
    if (before.health == 0 || after.health == 0 || before.deaths != after.deaths) continue;
    shown_.players[p].at = between(before.at, after.at, part);
    shown_.players[p].aim = between_angles(before.aim, after.aim, part);
  }
  // A shot that is not in both has hit something, or is not out yet.
  shown_.shot_count = 0;
  for (std::size_t s = 0; s < a.shot_count; ++s) {
    for (std::size_t t = 0; t < b.shot_count; ++t) {
      if (a.shots[s].number != b.shots[t].number) continue;
      arena::Shot& shot = shown_.shots[shown_.shot_count++];
      shot = a.shots[s];
      shot.at = between(a.shots[s].at, b.shots[t].at, part);
      break;
    }
  }
}

}  // namespace game
