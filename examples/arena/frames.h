// Frames: the heartbeat of a process, and the measurements that go with it.
#pragma once

#include <spool/spool.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "examples/arena/report.h"

namespace arena {

// Owned by whoever has the main loop. Its pattern is
//
//   while (playing) {
//     frames.poll(loop);   // all of the network
//     ... one frame ...
//     frames.wait();       // until the next is due
//   }
class Frames {
 public:
  Frames(int fps, int seconds);

  // poll_once, with a stop-watch around it.
  void poll(spool::EventLoop& loop) noexcept;
  // Sleeps until the next frame is due; not at all if it is due already.
  void wait() noexcept;

  // From here to end_match, nothing should allocate.
  void end_warm_up(const spool::EventLoop& loop) noexcept;
  void end_match(const spool::EventLoop& loop) noexcept;

  // Has the process been at it for longer than any match takes?
  [[nodiscard]] bool overdue() const noexcept;
  [[nodiscard]] double last_poll_microseconds() const noexcept {
    return polls_.empty() ? 0 : polls_.back() / 1e3;
  }
  void write(Report& report) noexcept;

 private:
  using Clock = std::chrono::steady_clock;

  Clock::duration period_;
  Clock::time_point due_;
  Clock::time_point deadline_;
  std::uint32_t frames_ = 0;
  std::uint32_t late_ = 0;
  std::vector<std::uint32_t> polls_;  // nanoseconds each; of fixed capacity
  bool warm_ = false;
  std::uint64_t loop_before_ = 0;  // allocations when the warm-up was over
  std::uint64_t heap_before_ = 0;
  std::uint64_t loop_allocations_ = 0;  // between warm-up and end
  std::uint64_t heap_allocations_ = 0;
};

}  // namespace arena
