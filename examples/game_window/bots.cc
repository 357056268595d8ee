// Bots: several players in one process. Each snapshot is answered by an input of every one of them.

#include <spool/spool.h>

#include <chrono>
#include <vector>

#include "examples/arena/bot.h"
#include "examples/arena/need.h"
#include "examples/game_window/game.h"

namespace game {

namespace {

using arena::need;
using namespace std::chrono_literals;

class Bots {
 public:
  Bots(const Game& game, std::size_t first, std::size_t count)
      : loop_(spool::EventLoop::create({}).value()),
        snapshots_(need(loop_, "opening SUB", loop_.open<spool::Sub>(patience()))),
        inputs_(need(loop_, "opening PUSH", loop_.open<spool::Push>(patience()))) {
    for (std::size_t i = first; i < first + count; ++i) {
      bots_.emplace_back(arena::large_field(), i,
                         static_cast<float>(steps_per_snapshot) / steps_per_second);
      input_of_.emplace_back().player = static_cast<std::uint8_t>(i);
    }
    snapshots_.subscribe(arena::topic).value();
    need(loop_, "connecting", snapshots_.connect(game.world()));
    need(loop_, "connecting", inputs_.connect(game.inputs()));
  }

  int run() {
    while (!orphan_.is()) {
      loop_.poll_once(200ms);
      if (!read_snapshots()) continue;
      spool::Batch batch(loop_);  // all inputs of this process leave in one system call
      for (std::size_t i = 0; i < bots_.size(); ++i) {
        bots_[i].decide(world_, input_of_[i]);
        ++input_of_[i].sequence;
        // would_block while the server is away: the next input says all there is to say.
        static_cast<void>(inputs_.try_send(arena::text_of(input_of_[i])));
      }
    }
    return 0;
  }

 private:
  // A server that comes back is found soon.
  static spool::SocketOptions patience() {
    spool::SocketOptions options;
    options.reconnect_min = 50ms;
    options.reconnect_max = 200ms;
    return options;
  }

  // Only the newest one matters; false when there was none.
  bool read_snapshots() {
    bool news = false;
    while (const auto message = snapshots_.try_recv()) {
      const std::optional<arena::Snapshot> snapshot = arena::decode_snapshot(message->body());
      if (!snapshot.has_value()) continue;
      world_ = *snapshot;
      news = true;
    }
    return news;
  }

  Orphan orphan_;
  spool::EventLoop loop_;
  spool::Sub snapshots_;
  spool::Push inputs_;
  std::vector<arena::Bot> bots_;
  std::vector<arena::Input> input_of_;
  arena::Snapshot world_;
};

}  // namespace

int run_bots(const Game& game, std::size_t first, std::size_t count) {
  return Bots(game, first, count).run();
}

}  // namespace game
