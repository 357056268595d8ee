#include "examples/game_window/checks.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace game {

namespace {

constexpr float rounding = 0.01f;  // of a unit; a player at full speed makes 0.28 in a frame
constexpr float moved = 1;         // so far a player has to go to count

}  // namespace

void Checks::look(const Timeline& timeline) {
  if (!timeline.has_world()) return;
  ++frames_;
  if (!timeline.jumped() && !timeline.starved()) ++smooth_;
  missed_ = std::max(missed_, timeline.newest().missed);
  // Exactly what the rules allow in this time: a snapshot drawn as it comes would be twice as much.
  const float longest = arena::top_speed * static_cast<float>(timeline.progress()) + rounding;
  const arena::Snapshot& world = timeline.shown();
  for (std::size_t i = 0; i < world.player_count; ++i) {
    const arena::Player& now = world.players[i];
    Seen& seen = seen_[i];
    if (seen.shown && !timeline.jumped() && now.health != 0 && seen.player.health != 0 &&
        now.deaths == seen.player.deaths) {
      const float step = std::hypot(now.at.x - seen.player.at.x, now.at.y - seen.player.at.y);
      seen.way += step;
      worst_ = std::max(worst_, step / longest);
    }
    seen.shown = seen.shown || now.health != 0;
    seen.player = now;
  }
}

bool Checks::print_verdict(const Timeline& timeline, const End& end) const {
  bool all = true;
  const auto promise = [&all](bool kept, const char* format, auto... values) {
    char line[128];
    std::snprintf(line, sizeof line, format, values...);
    std::printf("  %-7s %s\n", kept ? "kept" : "BROKEN", line);
    all = all && kept;
  };
  const auto count = [this](auto what) {
    return static_cast<std::size_t>(std::count_if(seen_.begin(), seen_.end(), what));
  };
  const std::size_t shown = count([](const Seen& seen) { return seen.shown; });
  const std::size_t went = count([](const Seen& seen) { return seen.way > moved; });
  promise(worst_ <= 1,
          "%u frames, no player jumps: the longest step is %.0f%% of what the rules allow", frames_,
          static_cast<double>(100 * worst_));
  promise(frames_ > 0 && 2 * smooth_ > frames_, "%u of %u frames went on without waiting for news",
          smooth_, frames_);
  promise(shown == end.players && went == end.players,
          "%zu of %zu players shown, %zu of them moved", shown, end.players, went);
  promise(timeline.gaps() <= missed_ + end.dropped,
          "%u snapshots received, %u missing, %llu of them counted as dropped", timeline.received(),
          timeline.gaps(), static_cast<unsigned long long>(missed_ + end.dropped));
  promise(end.ended == 0, "%d processes of bots were gone before the end", end.ended);
  if (end.restart)
    promise(timeline.servers() == 2 && banner_, "the server went away and came back%s",
            banner_ ? ", and the window said so" : "");
  std::printf("  poll_once took %.0f us of library time at most\n", end.worst_poll_microseconds);
  std::printf("game_window: %s\n", all ? "all promises kept" : "a promise was broken");
  return all;
}

}  // namespace game
