// A game loop with a fixed step, and the three places where spool comes in: poll_once with a budget
// at the start of a frame, try_recv before the steps, one Batch for all that a frame sends.

#include <spool/spool.h>

#include <chrono>
#include <cstdio>
#include <thread>

namespace {

struct State {
  int unit;
  int tick;
};

}  // namespace

int main() {
  using namespace std::chrono_literals;
  using Clock = std::chrono::steady_clock;
  constexpr auto step = 5ms;  // a real game takes 16 ms
  constexpr int units = 20;
  constexpr int ticks = 40;

  spool::EventLoopConfig config;
  config.budget.time = 300us;  // so much of a frame may the network take
  config.threads = false;
  auto loop = spool::EventLoop::create(std::move(config)).value();
  auto states = loop.open<spool::Push>().value();
  auto world = loop.open<spool::Pull>().value();
  states.connect(world.listen("tcp://127.0.0.1:0").value().address().text()).value();
  while (!states.can_send()) loop.poll_once(1ms);

  int received = 0;
  int tick = 0;
  auto simulated = Clock::now();
  while (received < units * ticks) {
    loop.poll_once();  // never waits; what exceeds the budget comes with the next frame
    while (auto message = world.try_recv()) received += message->size() == sizeof(State);

    for (; tick < ticks && Clock::now() - simulated >= step; simulated += step, ++tick) {
      spool::Batch batch(loop);  // its end writes everything, one system call per connection
      for (int unit = 0; unit < units; ++unit) {
        const State state{unit, tick};
        states.try_send(std::as_bytes(std::span(&state, 1))).value();
      }
    }
    std::this_thread::sleep_until(simulated + step);  // render() instead
  }
  std::printf("%d ticks, %d states sent and received\n", tick, received);
}
