// Report: what each process has to say at the end, the table of all of them, and the verdict.
#pragma once

#include <spool/spool.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "examples/arena/arena.h"

namespace arena {

enum class Role : std::uint8_t { server, client, spectator };

// Sent to the parent, by PUSH, as it lies in memory.
struct Report {
  Role role{};
  std::uint8_t player = 0;
  std::uint8_t over_tcp = 0;

  std::uint32_t frames = 0;
  std::uint32_t late = 0;  // frames whose work was not done when the next one was due
  std::uint32_t threads = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t lost = 0;  // dropped or lost on any way that SocketStats knows

  // Of poll_once, in nanoseconds.
  std::uint32_t poll_p50 = 0;
  std::uint32_t poll_p99 = 0;
  std::uint32_t poll_max = 0;

  // After the warm-up, until the end of the match.
  std::uint64_t loop_allocations = 0;  // LoopStats::allocations
  std::uint64_t heap_allocations = 0;  // operator new

  std::uint32_t snapshots = 0;      // server: published; others: received
  std::uint32_t snapshot_gaps = 0;  // sequence numbers that did not follow the one before
  std::array<std::uint32_t, colors_max> inputs{};  // server: received of each; client: sent
  std::uint32_t input_gaps = 0;
};

[[nodiscard]] std::optional<Report> decode_report(std::span<const std::byte> body) noexcept;

// Adds what a socket did.
void count(Report& report, const spool::SocketStats& stats) noexcept;

// What the parent has gathered in the end.
struct Results {
  int fps = 0;
  std::uint32_t published = 0;  // snapshots that were promised
  std::size_t clients = 0;
  std::array<Report, colors_max + 2> reports{};
  std::size_t report_count = 0;
  int children = 0;
  int children_failed = 0;  // did not exit with 0 by themselves
};

void print_table(const Results& results);
// Prints each promise and whether it was kept; true when all were.
[[nodiscard]] bool print_verdict(const Results& results);

}  // namespace arena
