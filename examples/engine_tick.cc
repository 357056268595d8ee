// A game engine's main loop without the engine: a fixed step for the simulation, frames as the
// screen wants them, and the places where spool comes in. Two players, each with a loop of its own,
// as if they were two machines.
//
//   engine_tick [FRAMES PER SECOND] [SECONDS]
//
// On the way one frame is slow (a level is loaded), and one player pauses for a while. At the end
// it prints what a frame took, and checks that the network kept its promises.

#include <spool/spool.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto step = std::chrono::nanoseconds(1'000'000'000 / 60);  // of the simulation
constexpr int steps_per_frame_max = 5;  // after a slow frame, time is lost rather than made up for
constexpr int units = 16;               // of each player

struct State {  // what goes over the wire
  int unit;
  int step;
  float x;
};

struct Figures {
  std::vector<double> values;
  void print(const char* name, const char* unit) {
    std::sort(values.begin(), values.end());
    const auto at = [&](double share) {
      return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
    };
    std::printf("  %-22s p50 %8.2f  p99 %8.2f  max %8.2f %s\n", name, at(0.5), at(0.99),
                values.back(), unit);
  }
};

class Player {
 public:
  Player(const char* name, Clock::duration frame) : name_(name) {
    spool::EventLoopConfig config;
    // A twentieth of a frame: 833 us at 60 frames per second, 347 at 144.
    config.budget.time = frame / 20;
    config.reserve_messages = 256;  // memory before the first frame, not in it
    config.threads = false;
    budget = config.budget.time;
    loop = std::make_unique<spool::EventLoop>(spool::EventLoop::create(std::move(config)).value());
    socket = std::make_unique<spool::Pair>(loop->open<spool::Pair>().value());
  }

  // Everything of one frame; `elapsed` since the last one.
  void frame(Clock::duration elapsed) {
    const auto start = Clock::now();

    // 1. The network first: one call, which never waits and keeps to its budget.
    network();

    // 2. The simulation, in steps of its own.
    if (!paused) {
      behind += elapsed;
      int steps = 0;
      for (; behind >= step && steps < steps_per_frame_max; behind -= step, ++steps) simulate();
      if (behind >= step) behind %= step;  // the rest of a slow frame is nobody's
      // 3. The latest state goes out, once per frame and not once per step: a slow frame makes no
      //    burst. The batch makes it one system call, however many units there are.
      if (steps != 0) send();
    }

    // 4. The picture: between the last two steps, by how much of the next one is over.
    render(std::chrono::duration<float>(behind) / std::chrono::duration<float>(step));
    frame_time.values.push_back(micros(Clock::now() - start) / 1000);
  }

  // What the call of this frame has left can wait for the next one; if there is time until then,
  // now is better. Not in a loop at the start of the frame: that would give it to whoever sends
  // most.
  void use_rest_of_frame(Clock::time_point until) {
    while (more && Clock::now() + 2 * budget < until) network();
  }

  // The loop's time stands still: no request of ours and no reconnect times out because the player
  // is at lunch. Frames go on, and with them the network.
  void pause() {
    paused = true;
    loop->suspend();
    paused_at = loop->now();
  }
  void go_on() {
    time_stood_still = loop->now() == paused_at;
    loop->resume();
    paused = false;
  }

  void print() {
    std::printf("%s: %d steps, %d states sent, %d received, %d calls left something\n", name_,
                steps_done, sent, received, cut_short);
    frame_time.print("frame without screen", "ms");
    network_time.print("poll_once", "us");
    std::printf("  %-22s %12.0f us\n", "its budget", micros(budget));
  }

  std::unique_ptr<spool::EventLoop> loop;
  std::unique_ptr<spool::Pair> socket;
  spool::Duration budget{};
  Clock::duration behind{};
  spool::Instant paused_at{};
  bool more = false;  // the last call left something
  bool paused = false;
  bool time_stood_still = false;
  bool in_order = true;
  int steps_done = 0;
  int sent = 0;
  int most_in_a_frame = 0;
  int received = 0;
  int cut_short = 0;
  Figures frame_time;
  Figures network_time;

 private:
  void network() {
    const spool::PollResult result = loop->poll_once();
    network_time.values.push_back(micros(result.library_time));
    more = result.more;
    cut_short += more;
    // A queue that is not taken from fills up, and holds the peer back: take it all.
    while (auto message = socket->try_recv()) apply(*message);
  }
  static double micros(std::chrono::nanoseconds length) {
    return static_cast<double>(length.count()) / 1000;
  }
  void apply(const spool::Message& message) {
    State state;
    if (message.size() != sizeof state) return;
    std::memcpy(&state, message.body().data(), sizeof state);
    if (state.unit < 0 || state.unit >= units) return;  // from the network: believe nothing
    State& known = theirs_[static_cast<std::size_t>(state.unit)];
    in_order = in_order && state.step > known.step;
    known = state;
    ++received;
  }
  void simulate() {
    ++steps_done;
    before_ = ours_;
    for (std::size_t i = 0; i < units; ++i)
      ours_[i] = {static_cast<int>(i), steps_done,
                  std::sin(0.05f * static_cast<float>(steps_done) + static_cast<float>(i))};
  }
  void send() {
    const int before = sent;
    spool::Batch batch(*loop);
    for (const State& state : ours_)
      // A peer that takes nothing, or is not there: this state is old in a moment, drop it.
      sent += socket->try_send(std::as_bytes(std::span(&state, 1))).ok();
    most_in_a_frame = std::max(most_in_a_frame, sent - before);
  }
  void render(float part) {
    for (std::size_t i = 0; i < units; ++i)
      screen_[i] = before_[i].x + (ours_[i].x - before_[i].x) * part;
  }

  const char* name_;
  std::array<State, units> before_{};
  std::array<State, units> ours_{};
  std::array<State, units> theirs_{};
  std::array<float, units> screen_{};
};

bool promise(bool kept, const char* what) {
  if (!kept) std::printf("broken: %s\n", what);
  return kept;
}

}  // namespace

int main(int argc, char** argv) {
  const int fps = argc > 1 ? std::atoi(argv[1]) : 60;
  const int seconds = argc > 2 ? std::atoi(argv[2]) : 2;
  if (fps < 20 || fps > 1000 || seconds < 1 || seconds > 600) {
    std::fprintf(
        stderr,
        "engine_tick: '%s' frames per second, '%s' seconds: expected 20 to 1000, 1 to 600\n",
        argc > 1 ? argv[1] : "60", argc > 2 ? argv[2] : "2");
    return 2;
  }
  const Clock::duration frame = 1'000'000'000ns / fps;
  Player red("red", frame);
  Player blue("blue", frame);
  blue.socket->connect(red.socket->listen("tcp://127.0.0.1:0").value().address().text()).value();
  while (!red.socket->can_send() || !blue.socket->can_send()) {
    red.loop->poll_once(1ms);
    blue.loop->poll_once(1ms);
  }

  const int frames = fps * seconds;
  auto shown = Clock::now();  // the last frame
  auto next = shown;          // when the screen wants one
  for (int i = 0; i < frames; ++i) {
    if (i == frames / 4) std::this_thread::sleep_for(150ms);  // a level is loaded
    if (i == frames / 2) blue.pause();
    if (i == frames * 3 / 4) blue.go_on();
    const auto now = Clock::now();
    red.frame(now - shown);
    blue.frame(now - shown);
    shown = now;
    next = std::max(next + frame, now);  // late is late: no row of frames to catch up
    red.use_rest_of_frame(next);
    blue.use_rest_of_frame(next);
    std::this_thread::sleep_until(next);
  }
  // Both are through: what is on its way arrives.
  for (int i = 0; i < 1000 && (red.received < blue.sent || blue.received < red.sent); ++i) {
    red.frame(0ms);
    blue.frame(0ms);
    std::this_thread::sleep_for(1ms);
  }

  std::printf("%d frames, %d per second; the simulation does 60 steps per second\n", frames, fps);
  red.print();
  blue.print();
  bool kept =
      promise(red.received == blue.sent && blue.received == red.sent, "all that is sent arrives");
  kept = promise(red.in_order && blue.in_order, "states arrive in their order") && kept;
  kept = promise(std::max(red.most_in_a_frame, blue.most_in_a_frame) == units,
                 "no frame sends a burst") &&
         kept;
  kept = promise(blue.time_stood_still, "the loop's time stands still in a pause") && kept;
  kept = promise(blue.steps_done < red.steps_done && blue.steps_done > 0,
                 "who pauses does fewer steps") &&
         kept;
  if (kept) std::printf("all promises kept\n");
  return kept ? 0 : 1;
}
