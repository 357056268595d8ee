// Timers under a flood: due is due, however busy the descriptors are. The clock is the test's.
#include <functional>

#include "tests/acceptance/flooder.h"
#include "tests/acceptance/world.h"
#include "tests/support/fake_clock.h"

using namespace spool;
using namespace std::chrono_literals;

namespace {

// A flood that no turn gets to the end of.
struct Flood {
  Flood() {
    const std::string address = listen_on(pull, "ipc");
    for (int i = 0; i < 4; ++i) {
      peers.push_back(world.join(pull, address, push_id));
      flooders.emplace_back(*peers.back(), 64);
    }
    world.settle();
  }
  PollResult turn(const Budget& budget) {
    for (Flooder& flooder : flooders) flooder.fill();
    const PollResult result = world.loop.poll_once(Timeout::none(), budget);
    CHECK(result.messages > 0);
    while (pull.try_recv().ok()) {
    }
    return result;
  }
  // A deadline, as a user knows timers: a request that nobody answers.
  Exchange timer(Duration length) { return req.request("?", {.deadline = length}).value(); }

  testing::FakeClock clock;
  World world{&clock};
  Pull pull = world.loop.open<Pull>().value();
  Req req = world.loop.open<Req>().value();
  std::vector<World::Peer> peers;
  std::vector<Flooder> flooders;
};

Budget one_event() { return {1, 0, 0, Duration::zero(), Duration::zero()}; }

// Used up by the first read.
Budget one_microsecond() { return {0, 0, 0, 1us, Duration::zero()}; }

}  // namespace

TEST_CASE("a timer fires in the turn in which it is due, under a flood, and not before") {
  const bool by_time = GENERATE(false, true);
  const Budget budget = by_time ? one_microsecond() : one_event();
  Flood flood;
  // A look at the clock takes as long as the whole budget.
  if (by_time) flood.clock.step = 1us;
  for (int round = 0; round < 100; ++round) {
    Exchange exchange = flood.timer(10ms);
    flood.clock.advance(10ms - 1us - 20 * flood.clock.step);
    CHECK(flood.turn(budget).timers == 0);
    CHECK(exchange.try_recv().error() == Error::would_block);
    flood.clock.advance(1us + 20 * flood.clock.step);
    CHECK(flood.turn(budget).timers == 1);
    CHECK(exchange.try_recv().error() == Error::deadline_passed);
  }
}

TEST_CASE("a hundred timers that are due at once fire in that turn") {
  Flood flood;
  std::vector<Exchange> exchanges;
  for (int i = 0; i < 100; ++i) exchanges.push_back(flood.timer(10ms));
  flood.clock.advance(10ms);
  CHECK(flood.turn(one_event()).timers == 100);
}

TEST_CASE(
    "when the time is over the timers still get a share, and the rest comes with the next turns") {
  Flood flood;
  std::vector<Exchange> exchanges;
  for (int i = 0; i < 100; ++i) exchanges.push_back(flood.timer(10ms));
  flood.clock.advance(10ms);
  flood.clock.step = 1us;
  std::uint32_t fired = 0;
  int turns = 0;
  for (; fired < 100 && turns < 100; ++turns) {
    const PollResult result = flood.turn(one_microsecond());
    CHECK(result.timers > 0);
    CHECK(result.more);
    fired += result.timers;
  }
  CHECK(turns > 1);
  CHECK(turns <= 4);
  for (Exchange& exchange : exchanges) CHECK(exchange.try_recv().error() == Error::deadline_passed);
}

TEST_CASE("a timer that is made in the callback of another does not keep the flood out") {
  Flood flood;
  std::vector<Exchange> exchanges;
  exchanges.push_back(flood.timer(1ms));
  int ticks = 0;
  std::function<void()> again = [&] {
    ++ticks;
    exchanges.push_back(flood.timer(1ms));
    exchanges.back().on_readable([&] { again(); });
  };
  exchanges.back().on_readable([&] { again(); });
  for (int i = 1; i <= 50; ++i) {
    flood.clock.advance(1ms);
    flood.turn(one_event());
    CHECK(ticks == i);
  }
}
