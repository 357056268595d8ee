#include "examples/arena/report.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace arena {

namespace {

// One promise: what it is, and whether it was kept.
class Verdict {
 public:
  [[gnu::format(printf, 3, 4)]] void promise(bool kept, const char* format, ...) {
    va_list values;
    va_start(values, format);
    std::fputs(kept ? "  kept    " : "  BROKEN  ", stdout);
    std::vprintf(format, values);
    std::fputs("\n", stdout);
    va_end(values);
    all_kept_ = all_kept_ && kept;
  }
  [[nodiscard]] bool all_kept() const noexcept { return all_kept_; }

 private:
  bool all_kept_ = true;
};

void print_name(const Report& report) {
  char name[16];
  const std::string_view color = name_of(report.player);
  const int size = static_cast<int>(color.size());
  const char* transport = report.over_tcp != 0 ? "tcp" : "ipc";
  switch (report.role) {
    case Role::server:
      std::snprintf(name, sizeof name, "server");
      break;
    case Role::client:
      std::snprintf(name, sizeof name, "%.*s %s", size, color.data(), transport);
      break;
    case Role::spectator:
      std::snprintf(name, sizeof name, "spectator");
      break;
  }
  std::printf("%-10s", name);
}

double kib(std::uint64_t bytes) { return static_cast<double>(bytes) / 1024; }
double us(std::uint32_t nanoseconds) { return nanoseconds / 1e3; }

struct Sums {
  std::size_t saw_all_snapshots = 0;
  std::uint32_t inputs_sent = 0;
  std::uint32_t inputs_received = 0;
  std::uint32_t input_gaps = 0;
  std::uint32_t silent_clients = 0;
  std::uint64_t lost = 0;
  std::uint64_t allocations = 0;
  std::size_t single_threaded = 0;
};

Sums sum_up(const Results& results) {
  Sums sums;
  for (std::size_t i = 0; i < results.report_count; ++i) {
    const Report& report = results.reports[i];
    if (report.snapshots == results.published && report.snapshot_gaps == 0)
      ++sums.saw_all_snapshots;
    for (std::size_t player = 0; player < results.clients; ++player) {
      const std::uint32_t inputs = report.inputs[player];
      (report.role == Role::server ? sums.inputs_received : sums.inputs_sent) += inputs;
      if (report.role == Role::server && inputs == 0) ++sums.silent_clients;
    }
    sums.input_gaps += report.input_gaps;
    sums.lost += report.lost;
    sums.allocations += report.loop_allocations + report.heap_allocations;
    if (report.threads == 1) ++sums.single_threaded;
  }
  return sums;
}

}  // namespace

std::optional<Report> decode_report(std::span<const std::byte> body) noexcept {
  Report report;
  if (body.size() != sizeof report) return std::nullopt;
  std::memcpy(&report, body.data(), sizeof report);
  return report;
}

void count(Report& report, const spool::SocketStats& stats) noexcept {
  report.messages_in += stats.messages_received;
  report.messages_out += stats.messages_sent;
  report.bytes_in += stats.bytes_received;
  report.bytes_out += stats.bytes_sent;
  report.lost += stats.dropped_no_room + stats.dropped_overflow + stats.dropped_unasked +
                 stats.lost_unsent + stats.lost_unread;
}

void print_table(const Results& results) {
  std::printf(
      "\n                        messages          KiB       poll_once, us\n"
      "process   frames late     in    out     in    out   p50   p99    max alloc thr\n");
  for (std::size_t i = 0; i < results.report_count; ++i) {
    const Report& r = results.reports[i];
    print_name(r);
    std::printf("%6u %4u %6llu %6llu %6.0f %6.0f %5.1f %5.0f %6.0f %5llu %3u\n", r.frames, r.late,
                static_cast<unsigned long long>(r.messages_in),
                static_cast<unsigned long long>(r.messages_out), kib(r.bytes_in), kib(r.bytes_out),
                us(r.poll_p50), us(r.poll_p99), us(r.poll_max),
                static_cast<unsigned long long>(r.loop_allocations + r.heap_allocations),
                r.threads);
  }
  std::printf(
      "late: frames not done when the next one was due.  alloc: allocations after the\n"
      "first second, of the library and of the program.  thr: threads of the process.\n\n");
}

bool print_verdict(const Results& results) {
  const Sums sums = sum_up(results);
  const std::size_t processes = results.clients + 2;
  Verdict verdict;
  verdict.promise(results.report_count == processes, "%zu of %zu processes reported",
                  results.report_count, processes);
  verdict.promise(sums.saw_all_snapshots == processes,
                  "%zu of %zu processes saw all of the %u snapshots, in order",
                  sums.saw_all_snapshots, processes, results.published);
  verdict.promise(sums.inputs_received == sums.inputs_sent && sums.input_gaps == 0 &&
                      sums.silent_clients == 0 && sums.inputs_sent != 0,
                  "%u inputs sent, %u received, in order", sums.inputs_sent, sums.inputs_received);
  verdict.promise(sums.lost == 0, "%llu messages lost or dropped",
                  static_cast<unsigned long long>(sums.lost));
  verdict.promise(sums.allocations == 0, "%llu allocations after the first second",
                  static_cast<unsigned long long>(sums.allocations));
  verdict.promise(sums.single_threaded == processes, "%zu of %zu processes have one thread",
                  sums.single_threaded, processes);
  verdict.promise(results.children_failed == 0, "%d of %d children ended well",
                  results.children - results.children_failed, results.children);
  std::printf("\narena: %s\n", verdict.all_kept() ? "all promises kept" : "FAILED");
  return verdict.all_kept();
}

}  // namespace arena
