// The server: has no window, knows the truth, and simulates it in fixed steps.

#include <spool/spool.h>

#include <chrono>

#include "examples/arena/need.h"
#include "examples/arena/world.h"
#include "examples/game_window/game.h"

namespace game {

namespace {

using arena::need;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Who falls behind by more than this does not try to catch up.
constexpr auto too_late = 250ms;

spool::EventLoop make_loop() {
  spool::EventLoopConfig config;
  config.threads = false;
  config.budget.time = 2ms;  // of a step's 16: with no picture to draw, there is time
  return spool::EventLoop::create(std::move(config)).value();
}

class Server {
 public:
  explicit Server(const Game& game)
      : loop_(make_loop()),
        snapshots_(need(loop_, "opening PUB", loop_.open<spool::Pub>())),
        inputs_(need(loop_, "opening PULL", loop_.open<spool::Pull>())),
        world_(arena::large_field(), game.players(), 1.0f / steps_per_second) {
    snapshot_.run = static_cast<std::uint32_t>(getpid());
    need(loop_, "listening", snapshots_.listen(game.world()));
    need(loop_, "listening", inputs_.listen(game.inputs()));
  }

  int run() {
    auto due = Clock::now();
    while (!orphan_.is()) {
      // The one place to sleep: until an input comes, or the next step is due.
      loop_.poll_once(due - Clock::now());
      read_inputs();
      const auto now = Clock::now();
      if (now < due) continue;
      due = now > due + too_late ? now : due + step;
      world_.step();
      world_.write(snapshot_);
      if (snapshot_.step % steps_per_snapshot == 0) publish();
    }
    return 0;
  }

 private:
  void read_inputs() {
    while (const auto message = inputs_.try_recv()) {
      const std::optional<arena::Input> input = arena::decode_input(message->body());
      if (!input.has_value() || input->player >= arena::players_max) continue;
      ++snapshot_.inputs;
      world_.steer(*input);
    }
  }

  void publish() {
    ++snapshot_.sequence;
    snapshot_.missed = static_cast<std::uint32_t>(snapshots_.stats().dropped_no_room);
    snapshot_.sent = steady_nanoseconds();
    // Written straight into the message; all subscribers share the one copy.
    spool::Result<spool::Message> message = loop_.message(encoded_size(snapshot_));
    if (!message.ok()) return;  // at the memory limit: the next one tells the same
    encode(snapshot_, message->mutable_body());
    snapshots_.try_send(*message).value();  // never blocks: who is too slow misses some
  }

  Orphan orphan_;
  spool::EventLoop loop_;
  spool::Pub snapshots_;
  spool::Pull inputs_;
  arena::World world_;
  arena::Snapshot snapshot_;
};

}  // namespace

int run_server(const Game& game) { return Server(game).run(); }

}  // namespace game
