// Viewer: the receiving end of the snapshots; clients and the spectator have one each.
#pragma once

#include <spool/spool.h>

#include <string>

#include "examples/arena/arena.h"
#include "examples/arena/report.h"

namespace arena {

class Viewer {
 public:
  explicit Viewer(spool::EventLoop& loop);

  void connect(spool::EventLoop& loop, const std::string& world);
  // Takes everything that has arrived; true when there was something new.
  bool read() noexcept;
  // The newest one; its sequence is 0 before the first.
  [[nodiscard]] const Snapshot& snapshot() const noexcept { return newest_; }
  [[nodiscard]] std::uint32_t received() const noexcept { return received_; }
  void write(Report& report) const noexcept;

 private:
  spool::Sub snapshots_;
  Snapshot newest_;
  std::uint32_t received_ = 0;
  std::uint32_t gaps_ = 0;
};

}  // namespace arena
