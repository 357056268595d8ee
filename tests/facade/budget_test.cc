// What one poll_once may take, and what it says of it.
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"
#include "tests/support/fake_clock.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

struct World {
  testing::FakeClock clock;
  EventLoop loop = make_loop(clock);

  static EventLoop make_loop(Clock& clock) {
    EventLoopConfig config;
    config.clock = &clock;
    return EventLoop::create(std::move(config)).value();
  }
};

// `count` pairs over inproc, each with a message to read and a callback that takes `length`.
struct Callbacks : World {
  std::vector<Pull> pulls;
  std::vector<Push> pushes;
  std::vector<int> order;  // who was called

  Callbacks(int count, Duration length) {
    for (int i = 0; i < count; ++i) {
      pulls.push_back(loop.open<Pull>().value());
      pushes.push_back(loop.open<Push>().value());
      pushes.back().connect(listen_on(pulls.back(), "inproc")).value();
    }
    for (int i = 0; i < 20; ++i) loop.poll_once();
    for (int i = 0; i < count; ++i)
      pulls[static_cast<std::size_t>(i)].on_readable([this, i, length] {
        order.push_back(i);
        clock.advance(length);
      });
    for (Push& push : pushes) push.try_send("x").value();
  }
};

TEST_CASE("the time in callbacks is told apart from the library's") {
  Callbacks world(3, 5ms);
  const PollResult result = world.loop.poll_once();
  CHECK(result.notices == 3);
  CHECK(result.callback_time == 15ms);
  CHECK(result.library_time == 0ms);
  CHECK_FALSE(result.more);
  const LoopStats stats = world.loop.stats();
  CHECK(stats.callback_time == 15ms);
  CHECK(stats.library_time == 0ms);
}

TEST_CASE("callbacks beyond their time wait for the next call, and each has its turn") {
  Callbacks world(10, 1ms);
  Budget budget;
  budget.callback_time = 3ms;
  for (int turn = 0; turn < 3; ++turn) {
    const PollResult result = world.loop.poll_once(Timeout::none(), budget);
    CHECK(result.notices == 3);
    CHECK(result.more);
    CHECK(world.loop.next_deadline() == world.loop.now());
  }
  CHECK(world.loop.stats().turns_cut_short == 3);
  CHECK_FALSE(world.loop.poll_once(Timeout::none(), budget).more);
  CHECK(world.order == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("a callback that is longer than the time for all is called, alone") {
  Callbacks world(3, 1h);
  Budget budget;
  budget.callback_time = 1ns;
  for (int turn = 0; turn < 3; ++turn)
    CHECK(world.loop.poll_once(Timeout::none(), budget).notices == 1);
}

TEST_CASE("news of a socket whose callback waits is not lost when it closes meanwhile") {
  Callbacks world(5, 1ms);
  Budget budget;
  budget.callback_time = 1ms;
  CHECK(world.loop.poll_once(Timeout::none(), budget).notices == 1);
  world.pulls[2].close();
  while (world.loop.poll_once(Timeout::none(), budget).more) {
  }
  CHECK(world.order == std::vector<int>{0, 1, 3, 4});
}

TEST_CASE("events and log lines count as the host's time") {
  testing::FakeClock clock;
  EventLoopConfig config;
  config.clock = &clock;
  config.on_event = [&](const Event&) { clock.advance(2ms); };
  config.log_level = LogLevel::debug;
  config.log = [&](LogLevel, std::string_view) { clock.advance(1ms); };
  EventLoop loop = EventLoop::create(std::move(config)).value();
  Pull pull = loop.open<Pull>().value();
  listen_on(pull, "inproc");
  const PollResult result = loop.poll_once();
  CHECK(result.notices > 0);
  CHECK(result.callback_time == 3ms * result.notices);
  CHECK(result.library_time == 0ms);
}

TEST_CASE("what a device forwards is the library's time, not the host's") {
  testing::FakeClock clock;
  EventLoop loop = World::make_loop(clock);
  RawSocket front = loop.open_raw(SocketType::pull).value();
  RawSocket back = loop.open_raw(SocketType::push).value();
  const std::string in = listen_on(front, "inproc");
  Push push = loop.open<Push>().value();
  Pull pull = loop.open<Pull>().value();
  back.connect(listen_on(pull, "inproc")).value();
  push.connect(in).value();
  Device device = Device::join(front, back).value();
  for (int i = 0; i < 20; ++i) loop.poll_once();
  for (int i = 0; i < 100; ++i) push.try_send("x").value();
  clock.step = 1us;  // with every look
  const PollResult result = loop.poll_once();
  clock.step = {};
  CHECK(device.stats().forwarded == 100);
  CHECK(result.notices == 1);
  // Of the looks around the notice only those outside of the forwarding count as the host's.
  CHECK(result.callback_time <= 2us);
  CHECK(result.library_time >= 1us);
}

TEST_CASE("a loop that is suspended for an hour times nothing out") {
  World world;
  Req req = world.loop.open<Req>().value();
  Exchange exchange = req.open_exchange({.deadline = 1s}).value();
  exchange.request("anybody?").value();
  const Instant before = world.loop.now();
  world.loop.suspend();
  world.clock.advance(1h);
  for (int i = 0; i < 3; ++i) CHECK(world.loop.poll_once().timers == 0);
  CHECK(world.loop.now() == before);
  CHECK(exchange.try_recv().error() == Error::would_block);
  world.loop.resume();
  world.clock.advance(1s - 1ns);
  world.loop.poll_once();
  CHECK(exchange.try_recv().error() == Error::would_block);
  world.clock.advance(1ns);
  world.loop.poll_once();
  CHECK(exchange.try_recv().error() == Error::deadline_passed);
}

TEST_CASE("a call that waits gives up after real time, suspended or not") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  loop.suspend();
  CHECK(pull.recv_for(10ms).error() == Error::timed_out);
  CHECK(loop.drain_for(10ms).value());
  loop.poll_once(5ms);
}

}  // namespace
}  // namespace spool
