#include "examples/arena/viewer.h"

#include "examples/arena/match.h"

namespace arena {

Viewer::Viewer(spool::EventLoop& loop)
    : snapshots_(need(loop, "opening SUB", loop.open<spool::Sub>())) {}

void Viewer::connect(spool::EventLoop& loop, const std::string& world) {
  snapshots_.subscribe(topic).value();
  need(loop, "connecting", snapshots_.connect(world));
}

bool Viewer::read() noexcept {
  bool news = false;
  while (const auto message = snapshots_.try_recv()) {
    const std::optional<Snapshot> snapshot = decode_snapshot(message->body());
    if (!snapshot.has_value()) continue;
    if (snapshot->sequence != newest_.sequence + 1) ++gaps_;
    newest_ = *snapshot;
    ++received_;
    news = true;
  }
  return news;
}

void Viewer::write(Report& report) const noexcept {
  report.snapshots = received_;
  report.snapshot_gaps = gaps_;
  count(report, snapshots_.stats());
}

}  // namespace arena
