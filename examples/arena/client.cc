// A client: one frame is poll_once, the newest snapshot, one input to the server. A bot plays.

#include <string>

#include "examples/arena/arena.h"
#include "examples/arena/bot.h"
#include "examples/arena/frames.h"
#include "examples/arena/match.h"
#include "examples/arena/report.h"
#include "examples/arena/viewer.h"

namespace arena {

namespace {

class Client {
 public:
  Client(const Match& match, std::size_t player)
      : match_(match),
        player_(player),
        frames_(match.fps, match.seconds),
        loop_(make_loop()),
        viewer_(loop_),
        inputs_(need(loop_, "opening PUSH", loop_.open<spool::Push>())),
        reports_(need(loop_, "opening PUSH", loop_.open<spool::Push>())),
        bot_(small_field(), player, 1.0f / static_cast<float>(match.fps)) {
    input_.player = static_cast<std::uint8_t>(player);
  }

  int run(const std::string& world, const std::string& inputs) {
    viewer_.connect(loop_, world);
    need(loop_, "connecting", inputs_.connect(inputs));
    need(loop_, "connecting", reports_.connect(match_.reports()));
    while (!frames_.overdue()) {
      frames_.poll(loop_);
      viewer_.read();
      if (viewer_.snapshot().over != 0) return finish(world);
      if (viewer_.snapshot().sequence != 0)
        play_frame();
      else if (!greeted_)
        greeted_ = send(InputKind::hello);
      frames_.wait();
    }
    give_up("the match", spool::Error::timed_out, "");
  }

 private:
  void play_frame() {
    if (viewer_.snapshot().sequence >= static_cast<std::uint32_t>(match_.fps))
      frames_.end_warm_up(loop_);
    bot_.decide(viewer_.snapshot(), input_);
    ++input_.sequence;
    // A server that is too busy to take it gets the next one.
    if (!send(InputKind::play)) --input_.sequence;
  }

  bool send(InputKind kind) {
    input_.kind = kind;
    return inputs_.try_send(text_of(input_)).ok();
  }

  int finish(const std::string& world) {
    frames_.end_match(loop_);
    input_.kind = InputKind::bye;
    if (!deliver(loop_, inputs_, text_of(input_)))
      give_up("saying bye", spool::Error::timed_out, "");
    Report report;
    report.role = Role::client;
    report.player = input_.player;
    report.over_tcp = world.starts_with("tcp://") ? 1 : 0;
    report.inputs[player_] = input_.sequence;
    viewer_.write(report);
    count(report, inputs_.stats());
    frames_.write(report);
    return deliver(loop_, reports_, text_of(report)) ? 0 : 1;
  }

  const Match& match_;
  std::size_t player_;
  Frames frames_;
  spool::EventLoop loop_;
  Viewer viewer_;
  spool::Push inputs_;
  spool::Push reports_;
  Bot bot_;
  Input input_;
  bool greeted_ = false;
};

}  // namespace

int run_client(const Match& match, std::size_t player, const std::string& world,
               const std::string& inputs) {
  return Client(match, player).run(world, inputs);
}

}  // namespace arena
