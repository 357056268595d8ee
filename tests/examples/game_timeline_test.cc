// What examples/game_window shows between two snapshots.
#include "examples/game_window/timeline.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "examples/game_window/game.h"

namespace {

using game::Timeline;

constexpr double snapshot_seconds =
    static_cast<double>(game::steps_per_snapshot) / game::steps_per_second;
constexpr double frame = 1.0 / 144;

// One player that goes to the right by 10 units a second.
arena::Snapshot at(std::uint32_t sequence, std::uint32_t run = 1) {
  arena::Snapshot snapshot;
  snapshot.run = run;
  snapshot.sequence = sequence;
  snapshot.step = sequence * game::steps_per_snapshot;
  snapshot.player_count = 1;
  snapshot.players[0].at.x = static_cast<float>(10 * snapshot_seconds * sequence);
  return snapshot;
}

// A server that is heard from `lag` late, by a window that has run since zero.
struct Match {
  Timeline timeline;
  double now = 0;
  std::uint32_t sequence = 0;
  double last_x = 0;

  // One frame, with whatever arrives in it; how far the player went.
  double play(double lag = 0.02) {
    now += frame;
    while ((sequence + 1) * snapshot_seconds + lag <= now) timeline.take(at(++sequence), now);
    timeline.advance(now);
    const double x = timeline.shown().players[0].at.x;
    const double step = x - last_x;
    last_x = x;
    return step;
  }
  void play_for(double seconds) {
    for (const double end = now + seconds; now < end;) play();
  }
};

TEST_CASE("before the first snapshot there is no world") {
  Timeline timeline;
  timeline.advance(1);
  CHECK_FALSE(timeline.has_world());
  CHECK(timeline.shown().player_count == 0);
}

TEST_CASE("players go the same way in each frame, although snapshots come in every fifth") {
  Match match;
  match.play_for(2);
  for (int i = 0; i < 500; ++i) {
    const double step = match.play();
    CHECK(step == Approx(10 * frame).epsilon(0.05));
    CHECK(match.timeline.progress() == Approx(frame).epsilon(0.05));
    CHECK_FALSE(match.timeline.jumped());
    CHECK_FALSE(match.timeline.starved());
  }
  CHECK(match.timeline.gaps() == 0);
}

TEST_CASE("what is shown is a tenth of a second old") {
  Match match;
  match.play_for(3);
  // Snapshots are 20 ms on their way, and wait for a frame then.
  const double x = 10 * (match.now - 0.02 - Timeline::delay);
  CHECK(match.last_x == Approx(x).margin(10 * 2 * frame));
}

TEST_CASE("snapshots that come unevenly are shown evenly") {
  Match match;
  match.play_for(2);
  for (int i = 0; i < 1000; ++i) {
    const double step = match.play(i % 7 < 4 ? 0.02 : 0.06);
    CHECK(step > 0.96 * 10 * frame);
    CHECK(step < 1.04 * 10 * frame);
  }
}

TEST_CASE("without news the world stands still, and goes on from there") {
  Match match;
  match.play_for(2);
  double last = match.last_x;
  for (int i = 0; i < 50; ++i) {  // a third of a second of nothing
    match.now += frame;
    match.timeline.advance(match.now);
    const double x = match.timeline.shown().players[0].at.x;
    CHECK(x >= last);
    last = x;
  }
  CHECK(match.timeline.starved());
  CHECK(match.timeline.progress() == Approx(0));
  CHECK(match.timeline.shown().players[0].at.x == match.timeline.newest().players[0].at.x);
  match.last_x = last;
  match.play();
  CHECK(match.timeline.gaps() == 0);
  match.play_for(1);
  CHECK(match.play() == Approx(10 * frame).epsilon(0.15));
}

TEST_CASE("snapshots that never came are counted") {
  Match match;
  match.play_for(1);
  match.sequence += 3;
  match.play_for(1);
  CHECK(match.timeline.gaps() == 3);
}

TEST_CASE("another server begins anew") {
  Match match;
  match.play_for(2);
  CHECK(match.timeline.servers() == 1);
  match.now += frame;
  match.timeline.take(at(1, 2), match.now);
  match.timeline.advance(match.now);
  CHECK(match.timeline.servers() == 2);
  CHECK(match.timeline.jumped());
  CHECK(match.timeline.gaps() == 0);
  CHECK(match.timeline.shown().run == 2);
  match.timeline.take(at(2, 2), match.now + snapshot_seconds);
  match.timeline.advance(match.now + snapshot_seconds);
  CHECK_FALSE(match.timeline.jumped());
}

TEST_CASE("who fell does not fly to where it comes back") {
  Timeline timeline;
  arena::Snapshot snapshot = at(1);
  timeline.take(snapshot, 0);
  snapshot = at(2);
  snapshot.players[0].at.x = 70;
  snapshot.players[0].deaths = 1;
  timeline.take(snapshot, snapshot_seconds);
  for (double now = 0; now < 0.5; now += frame) {
    timeline.advance(now);
    const float x = timeline.shown().players[0].at.x;
    CHECK((x < 1 || x == 70));
  }
  CHECK(timeline.shown().players[0].at.x == 70);
}

TEST_CASE("shots fly by their numbers, whatever their place in the list") {
  Timeline timeline;
  arena::Snapshot snapshot = at(1);
  snapshot.shot_count = 2;
  snapshot.shots[0] = {{10, 0}, 0, 7};
  snapshot.shots[1] = {{20, 0}, 0, 8};
  timeline.take(snapshot, 0);
  snapshot = at(2);
  snapshot.shot_count = 2;
  snapshot.shots[0] = {{21, 0}, 0, 8};  // 7 has hit
  snapshot.shots[1] = {{30, 0}, 0, 9};  // and 9 is new
  timeline.take(snapshot, snapshot_seconds);
  timeline.advance(snapshot_seconds / 2 + Timeline::delay);
  REQUIRE(timeline.shown().shot_count == 1);
  CHECK(timeline.shown().shots[0].number == 8);
  CHECK(timeline.shown().shots[0].at.x == Approx(20.5f).margin(0.4));
}

TEST_CASE("an aim turns the short way round") {
  Timeline timeline;
  arena::Snapshot snapshot = at(1);
  snapshot.players[0].aim = 3.1f;
  timeline.take(snapshot, 0);
  snapshot = at(2);
  snapshot.players[0].aim = -3.1f;
  timeline.take(snapshot, snapshot_seconds);
  for (double now = 0; now < 0.3; now += frame) {
    timeline.advance(now);
    CHECK(std::abs(std::cos(timeline.shown().players[0].aim)) > 0.99f);
  }
}

}  // namespace
