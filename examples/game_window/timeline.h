// Timeline: snapshots come thirty times a second and not evenly; a window draws sixty or more times
// a second and evenly. So it shows the world as it was a tenth of a second ago, between the two
// snapshots around that moment.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "examples/arena/arena.h"

namespace game {

// Owned by the window. Knows no clock: seconds are given, from any beginning. No allocation.
class Timeline {
 public:
  static constexpr double delay = 0.1;  // how far behind the server, in seconds

  // A snapshot that has arrived. One of another server begins anew.
  void take(const arena::Snapshot& snapshot, double now);
  // Goes on by one frame.
  void advance(double now);

  // Is there anything to see?
  [[nodiscard]] bool has_world() const noexcept { return count_ != 0; }
  // The world at the moment that is shown: players and shots lie between two snapshots.
  [[nodiscard]] const arena::Snapshot& shown() const noexcept { return shown_; }
  // The last one that has arrived.
  [[nodiscard]] const arena::Snapshot& newest() const noexcept { return at(count_ - 1); }

  // How far the last advance() went, in seconds of the world.
  [[nodiscard]] double progress() const noexcept { return progress_; }
  // It went over a gap: a beginning, another server, or half a second without news.
  [[nodiscard]] bool jumped() const noexcept { return jumped_; }
  // It could not go on, for want of snapshots.
  [[nodiscard]] bool starved() const noexcept { return starved_; }

  [[nodiscard]] std::uint32_t received() const noexcept { return received_; }
  [[nodiscard]] std::uint32_t gaps() const noexcept { return gaps_; }  // that never came
  [[nodiscard]] std::uint32_t servers() const noexcept { return servers_; }

 private:
  static constexpr std::size_t kept = 32;  // a second

  [[nodiscard]] const arena::Snapshot& at(std::size_t i) const noexcept {
    return ring_[(first_ + i) % kept];
  }
  void blend();

  std::array<arena::Snapshot, kept> ring_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  arena::Snapshot shown_;
  double offset_ = 0;  // our clock less the world's, as snapshots arrive
  double play_ = 0;    // the moment that is shown, in seconds of the world
  double last_now_ = 0;
  double progress_ = 0;
  bool starved_ = false;
  bool jumped_ = false;
  bool begins_ = false;
  std::uint32_t received_ = 0;
  std::uint32_t gaps_ = 0;
  std::uint32_t servers_ = 0;
};

}  // namespace game
