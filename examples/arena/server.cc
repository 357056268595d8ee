// The server: one frame is poll_once, the inputs, one step of the world, one snapshot to everybody.
//
//  phase    | all players and the spectator are here | last snapshot sent | all said bye
//  ---------+----------------------------------------+--------------------+--------------
//  lobby    | → play                                 | –                  | –
//  play     | –                                      | → farewell         | –
//  farewell | –                                      | –                  | → reports, ends

#include <array>
#include <string>

#include "examples/arena/arena.h"
#include "examples/arena/frames.h"
#include "examples/arena/match.h"
#include "examples/arena/report.h"
#include "examples/arena/world.h"

namespace arena {

namespace {

class Server {
 public:
  explicit Server(const Match& match)
      : match_(match),
        frames_(match.fps, match.seconds),
        loop_(make_loop()),
        snapshots_(need(loop_, "opening PUB", loop_.open<spool::Pub>())),
        inputs_(need(loop_, "opening PULL", loop_.open<spool::Pull>())),
        reports_(need(loop_, "opening PUSH", loop_.open<spool::Push>())),
        world_(small_field(), clients(), 1.0f / static_cast<float>(match.fps)) {}

  int run() {
    announce();
    while (!frames_.overdue()) {
      frames_.poll(loop_);
      read_inputs();
      switch (phase_) {
        case Phase::lobby:
          if (hellos_ == clients() && snapshots_.peers() == clients() + 1) phase_ = Phase::play;
          break;
        case Phase::play:
          play_frame();
          break;
        case Phase::farewell:
          if (byes_ == clients()) return finish();
          break;
      }
      frames_.wait();
    }
    give_up(phase_ == Phase::lobby ? "waiting for the players" : "the match",
            spool::Error::timed_out, "");
  }

 private:
  enum class Phase { lobby, play, farewell };

  [[nodiscard]] std::size_t clients() const { return static_cast<std::size_t>(match_.clients); }

  // Listens on both transports and tells the parent where.
  void announce() {
    const spool::Endpoint world = need(loop_, "listening", snapshots_.listen("tcp://127.0.0.1:0"));
    const spool::Endpoint inputs = need(loop_, "listening", inputs_.listen("tcp://127.0.0.1:0"));
    need(loop_, "listening", snapshots_.listen(match_.world()));
    need(loop_, "listening", inputs_.listen(match_.inputs()));
    need(loop_, "connecting", reports_.connect(match_.reports()));
    const std::string ready =
        std::string(world.address().text()) + " " + std::string(inputs.address().text());
    if (!deliver(loop_, reports_, ready)) give_up("announcing", spool::Error::timed_out, "");
  }

  void read_inputs() {
    while (const auto message = inputs_.try_recv()) {
      const std::optional<Input> input = decode_input(message->body());
      if (!input.has_value() || input->player >= clients()) continue;
      switch (input->kind) {
        case InputKind::hello:
          ++hellos_;
          break;
        case InputKind::bye:
          ++byes_;
          break;
        case InputKind::play:
          if (input->sequence != ++report_.inputs[input->player]) ++report_.input_gaps;
          ++snapshot_.inputs;
          world_.steer(*input);
          break;
      }
    }
  }

  void play_frame() {
    world_.step();
    world_.write(snapshot_);
    ++snapshot_.sequence;
    snapshot_.over = snapshot_.sequence == last_sequence() ? 1 : 0;
    // Never blocks; what a full subscriber misses is counted, and fails the match.
    spool::Message message =
        need(loop_, "making a message", loop_.message(encoded_size(snapshot_)));
    encode(snapshot_, message.mutable_body());
    snapshots_.try_send(message).value();
    if (snapshot_.sequence == static_cast<std::uint32_t>(match_.fps)) frames_.end_warm_up(loop_);
    if (snapshot_.over == 0) return;
    frames_.end_match(loop_);
    phase_ = Phase::farewell;
  }

  int finish() {
    report_.role = Role::server;
    report_.snapshots = snapshot_.sequence;
    count(report_, snapshots_.stats());
    count(report_, inputs_.stats());
    frames_.write(report_);
    return deliver(loop_, reports_, text_of(report_)) ? 0 : 1;
  }

  [[nodiscard]] std::uint32_t last_sequence() const {
    return static_cast<std::uint32_t>(match_.fps * match_.seconds);
  }

  const Match& match_;
  Frames frames_;
  spool::EventLoop loop_;
  spool::Pub snapshots_;
  spool::Pull inputs_;
  spool::Push reports_;
  World world_;
  Snapshot snapshot_;
  Report report_;
  Phase phase_ = Phase::lobby;
  std::size_t hellos_ = 0;
  std::size_t byes_ = 0;
};

}  // namespace

int run_server(const Match& match) { return Server(match).run(); }

}  // namespace arena
