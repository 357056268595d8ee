// The parent: starts server and clients, looks on as a spectator (drawing, or a line per second),
// and gathers what everybody has to report.
//
//  stage     | server has told where it listens | last snapshot seen | all reported and gone
//  ----------+----------------------------------+--------------------+-----------------------
//  starting  | starts clients → match           | –                  | –
//  match     | –                                | → gathering        | –
//  gathering | –                                | –                  | → done, after the curtain

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "examples/arena/children.h"
#include "examples/arena/directory.h"
#include "examples/arena/frames.h"
#include "examples/arena/match.h"
#include "examples/arena/picture.h"
#include "examples/arena/report.h"
#include "examples/arena/screen.h"
#include "examples/arena/viewer.h"

namespace arena {

namespace {

volatile sig_atomic_t interrupted = 0;

void on_signal(int number) { interrupted = number; }

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaction(number, &action, nullptr);
}

bool in_table_order(const Report& a, const Report& b) {
  return a.role != b.role ? a.role < b.role : a.player < b.player;
}

class Parent {
 public:
  Parent(const Match& match, bool plain)
      : match_(match),
        children_(match.directory + "/errors"),
        frames_(match.fps, match.seconds),
        loop_(make_loop()),
        viewer_(loop_),
        reports_(need(loop_, "opening PULL", loop_.open<spool::Pull>())) {
    need(loop_, "listening", reports_.listen(match.reports()));
    results_.fps = match.fps;
    results_.clients = static_cast<std::size_t>(match.clients);
    results_.published = static_cast<std::uint32_t>(match.fps * match.seconds);
    if (plain)
      std::printf("arena: 1 server and %d clients for %d s\n", match.clients, match.seconds);
    else
      screen_ = std::make_unique<Screen>();
  }

  int run() {
    const bool started = start_server();
    while (started && stage_ != Stage::done && interrupted == 0 && !frames_.overdue() &&
           children_.failed() == 0) {
      frames_.poll(loop_);
      read_reports();
      watch_match();
      children_.look();
      if (stage_ == Stage::gathering && everything_is_here()) stage_ = Stage::done;
      show();
      frames_.wait();
    }
    return finish();
  }

 private:
  enum class Stage { starting, match, gathering, done };

  bool start_server() {
    return children_.start({"server", match_.directory, std::to_string(match_.seconds),
                            std::to_string(match_.clients), std::to_string(match_.fps)});
  }

  // Every other one comes over tcp.
  void start_clients(std::string_view tcp_world, std::string_view tcp_inputs) {
    viewer_.connect(loop_, match_.world());
    for (int i = 0; i < match_.clients; ++i) {
      const bool tcp = i % 2 == 0;
      const bool started =
          children_.start({"client", match_.directory, std::to_string(match_.seconds),
                           std::to_string(match_.clients), std::to_string(match_.fps),
                           std::to_string(i), tcp ? std::string(tcp_world) : match_.world(),
                           tcp ? std::string(tcp_inputs) : match_.inputs()});
      if (!started) return;
    }
    stage_ = Stage::match;
  }

  // The server's first message says where it listens; all others are reports.
  void read_reports() {
    while (const auto message = reports_.try_recv()) {
      const std::optional<Report> report = decode_report(message->body());
      if (report.has_value()) {
        if (results_.report_count < results_.clients + 1)
          results_.reports[results_.report_count++] = *report;
      } else if (const auto space = message->text().find(' '); space != std::string_view::npos) {
        start_clients(message->text().substr(0, space), message->text().substr(space + 1));
      }
    }
  }

  void watch_match() {
    if (!viewer_.read()) return;
    const Snapshot& snapshot = viewer_.snapshot();
    picture_.follow(snapshot);
    if (snapshot.sequence % static_cast<std::uint32_t>(match_.fps) == 0) {
      frames_.end_warm_up(loop_);
      tell(snapshot);
    }
    if (snapshot.over == 0 || stage_ != Stage::match) return;
    frames_.end_match(loop_);
    stage_ = Stage::gathering;
    curtain_ = screen_ != nullptr ? match_.fps : 0;
  }

  // The curtain: the last picture stays for a second.
  [[nodiscard]] bool everything_is_here() {
    return children_.running() == 0 && results_.report_count == results_.clients + 1 &&
           --curtain_ < 0;
  }

  // About once a second.
  void tell(const Snapshot& snapshot) {
    vitals_.snapshots = viewer_.received() - received_before_;
    vitals_.inputs = snapshot.inputs - inputs_before_;
    received_before_ = viewer_.received();
    inputs_before_ = snapshot.inputs;
    if (screen_ != nullptr) return;
    std::printf("%3u s: %u snapshots, %u inputs; kills:",
                snapshot.sequence / static_cast<std::uint32_t>(match_.fps), vitals_.snapshots,
                vitals_.inputs);
    for (std::size_t i = 0; i < snapshot.player_count; ++i)
      std::printf(" %.*s %u", static_cast<int>(name_of(i).size()), name_of(i).data(),
                  static_cast<unsigned>(snapshot.players[i].kills));
    std::printf("\n");
    std::fflush(stdout);
  }

  // Some thirty times a second.
  void show() {
    const int every = match_.fps > 45 ? match_.fps / 30 : 1;
    if (screen_ == nullptr || ++frame_ % every != 0) return;
    vitals_.frames_per_second = match_.fps;
    vitals_.processes = children_.started() + 1;
    vitals_.poll_microseconds = frames_.last_poll_microseconds();
    picture_.draw(*screen_, vitals_);
  }

  int finish() {
    const bool was_done = stage_ == Stage::done;
    children_.kill_all();
    screen_.reset();
    Report report;
    report.role = Role::spectator;
    viewer_.write(report);
    count(report, reports_.stats());
    frames_.write(report);
    results_.reports[results_.report_count++] = report;
    std::sort(results_.reports.begin(), results_.reports.begin() + results_.report_count,
              in_table_order);
    results_.children = children_.started();
    results_.children_failed = children_.failed();
    print_complaints();
    if (interrupted != 0) {
      std::printf("arena: interrupted\n");
      return 128 + interrupted;
    }
    if (!was_done) std::printf("arena: the match was not finished\n");
    print_table(results_);
    return print_verdict(results_) && was_done ? 0 : 1;
  }

  // What children have written to stderr.
  void print_complaints() const {
    std::ifstream file(match_.directory + "/errors");
    for (std::string line; std::getline(file, line);) std::fprintf(stderr, "%s\n", line.c_str());
  }

  const Match& match_;
  Children children_;
  Frames frames_;
  spool::EventLoop loop_;
  Viewer viewer_;
  spool::Pull reports_;
  std::unique_ptr<Screen> screen_;  // null: plain
  Picture picture_;
  Vitals vitals_;
  Results results_;
  Stage stage_ = Stage::starting;
  int curtain_ = 0;
  int frame_ = 0;
  std::uint32_t received_before_ = 0;
  std::uint32_t inputs_before_ = 0;
};

}  // namespace

int run_parent(Match match, bool plain) {
  const Directory directory("spool-arena");
  match.directory = directory.path();
  watch_signals();
  const auto parent = std::make_unique<Parent>(match, plain || !Screen::available());
  return parent->run();
}

}  // namespace arena
