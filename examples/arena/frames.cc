#include "examples/arena/frames.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include "examples/arena/heap.h"

namespace arena {

namespace {

using namespace std::chrono_literals;

// How much longer than its match a process may take: for starting, for ending, and for a machine
// that has other things to do.
constexpr int patience_seconds = 25;

// Who falls behind by more than this does not try to catch up.
constexpr auto too_late = 250ms;

std::uint32_t count_threads() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("Threads:", 0) == 0)
      return static_cast<std::uint32_t>(std::stoul(line.substr(8)));
  return 0;
}

}  // namespace

Frames::Frames(int fps, int seconds)
    : period_(std::chrono::nanoseconds(1s) / fps),
      due_(Clock::now()),
      deadline_(due_ + std::chrono::seconds(seconds + patience_seconds)) {
  polls_.reserve(static_cast<std::size_t>((seconds + patience_seconds) * fps));
}

void Frames::poll(spool::EventLoop& loop) noexcept {
  const auto start = Clock::now();
  loop.poll_once();
  const std::chrono::nanoseconds length = Clock::now() - start;
  if (polls_.size() < polls_.capacity())
    polls_.push_back(static_cast<std::uint32_t>(length.count()));
}

void Frames::wait() noexcept {
  ++frames_;
  due_ += period_;
  const auto now = Clock::now();
  if (now > due_) {
    ++late_;
    if (now > due_ + too_late) due_ = now;
    return;
  }
  std::this_thread::sleep_until(due_);
}

void Frames::end_warm_up(const spool::EventLoop& loop) noexcept {
  if (warm_) return;
  warm_ = true;
  loop_before_ = loop.stats().allocations;
  heap_before_ = arena::heap_allocations();
}

void Frames::end_match(const spool::EventLoop& loop) noexcept {
  loop_allocations_ = loop.stats().allocations - loop_before_;
  heap_allocations_ = arena::heap_allocations() - heap_before_;
}

bool Frames::overdue() const noexcept { return Clock::now() > deadline_; }

void Frames::write(Report& report) noexcept {
  report.frames = frames_;
  report.late = late_;
  report.threads = count_threads();
  report.loop_allocations = loop_allocations_;
  report.heap_allocations = heap_allocations_;
  if (polls_.empty()) return;
  std::sort(polls_.begin(), polls_.end());
  report.poll_p50 = polls_[polls_.size() / 2];
  report.poll_p99 = polls_[polls_.size() * 99 / 100];
  report.poll_max = polls_.back();
}

}  // namespace arena
