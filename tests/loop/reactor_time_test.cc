// What a turn may take: its budget, whose time it is, and how a loop stands still or sleeps
// elsewhere.
#include <algorithm>
#include <vector>

#include "reactor_rig.h"

namespace spool::loop {
namespace {

// --- Budgets ------------------------------------------------------------------------------------

TEST_CASE("each axis of the budget ends the turn, and the next one goes on where it ended") {
  Rig rig;
  for (int i = 0; i < 5; ++i) {
    const std::size_t source = rig.add_ready();
    rig.sources[source].work = [&rig, i](Readiness) {
      rig.reactor.count(10, 1000);
      rig.clock.advance(1ms);
      rig.poller.ready.erase(1000 + i);
    };
  }
  Budget budget = unlimited;
  SECTION("events") { budget.events = 2; }
  SECTION("messages") { budget.messages = 11; }
  SECTION("bytes") { budget.bytes = 2000; }
  SECTION("time") { budget.time = 2ms; }
  const PollResult first = rig.turn(budget);
  CHECK(first.events == 2);
  CHECK(first.messages == 20);
  CHECK(first.bytes == 2000);
  CHECK(first.more);
  CHECK(rig.reactor.next_deadline() == rig.clock.time());
  CHECK(rig.turn(budget, Timeout::infinite()).more);
  CHECK(rig.poller.waits.size() == 1);
  const PollResult last = rig.turn(budget);
  CHECK(last.events == 1);
  CHECK_FALSE(last.more);
  CHECK(rig.calls() == std::vector<int>{1, 1, 1, 1, 1});
  CHECK(rig.poller.waits.size() == 2);  // what came meanwhile is not left for another turn
}

TEST_CASE("a budget that is just enough leaves nothing") {
  Rig rig;
  for (int i = 0; i < 3; ++i) rig.add_ready();
  CHECK_FALSE(rig.turn(Budget{3, 0, 0, Duration::zero()}).more);
  CHECK(rig.calls() == std::vector<int>{1, 1, 1});
}

TEST_CASE("under a flood nobody starves") {
  Rig rig;
  for (int i = 0; i < 50; ++i) rig.add_ready();
  const std::uint32_t share = GENERATE(1u, 3u, 7u, 49u);
  for (std::uint32_t served = 0; served < 500; served += share)
    rig.turn(Budget{share, 0, 0, Duration::zero()});
  const std::vector<int> calls = rig.calls();
  CHECK(*std::max_element(calls.begin(), calls.end()) -
            *std::min_element(calls.begin(), calls.end()) <=
        1);
}

TEST_CASE("more than fit into one wait are served in the same turn") {
  Rig rig;
  for (int i = 0; i < 65; ++i) {
    const std::size_t source = rig.add_ready();
    rig.sources[source].work = [&rig, i](Readiness) { rig.poller.ready.erase(1000 + i); };
  }
  const PollResult result = rig.turn();
  CHECK(result.events == 65);
  CHECK_FALSE(result.more);
  CHECK(rig.poller.waits.size() == 2);
}

TEST_CASE("a source that left something is served again in the same turn, after the others") {
  Rig rig;
  Log log;
  for (const char* name : {"big ", "small "}) {
    const std::size_t source = rig.add_ready();
    const NativeHandle fd = 1000 + static_cast<NativeHandle>(source);
    rig.sources[source].work = [&, name, fd](Readiness) {
      log.push_back(name);
      if (*name == 'b' && log.size() < 5)
        rig.reactor.note_more();
      else
        rig.poller.ready.erase(fd);
    };
  }
  CHECK_FALSE(rig.turn(Budget{}).more);
  CHECK(log == Log{"big ", "small ", "big ", "big ", "big "});
}

TEST_CASE("the budget ends the rounds of a turn, and without one their number does") {
  Rig rig;
  const std::size_t source = rig.add_ready();
  rig.sources[source].work = [&](Readiness) {
    rig.reactor.count(1, 100);
    rig.clock.advance(1ms);
    rig.reactor.note_more();
  };
  for (const Budget& budget : {Budget{5, 0, 0, Duration::zero()}, Budget{0, 5, 0, Duration::zero()},
                               Budget{0, 0, 500, Duration::zero()}, Budget{0, 0, 0, 5ms}}) {
    const PollResult result = rig.turn(budget);
    CHECK(result.events == 5);
    CHECK(result.more);
  }
  const PollResult endless = rig.turn();
  CHECK(endless.events < 100);
  CHECK(endless.more);
}

TEST_CASE("tasks beyond the time for callbacks wait for the next turn") {
  Rig rig(true);
  std::function<void()> slow = [&] { rig.clock.advance(1ms); };
  for (int i = 0; i < 5; ++i) REQUIRE(rig.post(&slow) == Error::none);
  Budget budget = unlimited;
  budget.callback_time = 2ms;
  const PollResult first = rig.turn(budget);
  CHECK(first.posted == 2);
  CHECK(first.more);
  CHECK(rig.turn().posted == 3);
}

TEST_CASE("the time of tasks is theirs, and costs the library nothing of its own") {
  Rig rig(true);
  std::function<void()> slow = [&] { rig.clock.advance(10ms); };
  for (int i = 0; i < 3; ++i) REQUIRE(rig.post(&slow) == Error::none);
  rig.add_timer(0ms).work = [&] { rig.clock.advance(100us); };
  const std::size_t source = rig.add_ready();
  rig.sources[source].work = [&](Readiness) { rig.clock.advance(200us); };
  FakeOutput output;
  output.work = [&] { rig.clock.advance(50us); };
  rig.reactor.request_flush(output);
  rig.poller.on_wait = [&] { rig.clock.advance(5s); };
  const PollResult result = rig.turn(Budget{});
  CHECK(result.posted == 3);
  CHECK(result.library_time == 350us);
  CHECK(result.callback_time == 30ms);
  CHECK_FALSE(result.more);
}

TEST_CASE("a flood that used up the library's time leaves the tasks a share") {
  Rig rig(true);
  const std::size_t source = rig.add_ready();
  rig.sources[source].work = [&](Readiness) { rig.clock.advance(10ms); };
  std::function<void()> quick = [] {};
  for (int i = 0; i < 16; ++i) REQUIRE(rig.post(&quick) == Error::none);
  CHECK(rig.turn(Budget{0, 0, 0, 1ms}).posted == 16);
}

// --- Suspending ---------------------------------------------------------------------------------

TEST_CASE("while the loop is suspended its time stands still, and no timer comes nearer") {
  Rig rig;
  rig.add_ready();
  rig.poller.ready.clear();
  FakeTimer& timer = rig.add_timer(10ms);
  rig.clock.advance(4ms);
  const Instant before = rig.reactor.now();
  rig.reactor.suspend();
  rig.reactor.suspend();
  rig.clock.advance(1h);
  CHECK(rig.reactor.now() == before);
  CHECK(rig.reactor.host_now() == before + 1h);
  CHECK_FALSE(rig.reactor.next_deadline().has_value());
  CHECK(rig.turn(unlimited, 5ms).timers == 0);
  CHECK(rig.poller.waits.back() == Duration(5ms));
  rig.turn(unlimited, Timeout::infinite());
  CHECK_FALSE(rig.poller.waits.back().has_value());
  rig.reactor.resume();
  rig.reactor.resume();
  CHECK(rig.reactor.now() == before);
  CHECK(rig.reactor.next_deadline() == before + 6ms);
  rig.clock.advance(5ms);
  CHECK(rig.turn().timers == 0);
  rig.clock.advance(1ms);
  CHECK(rig.turn().timers == 1);
  CHECK(timer.fired == 1);
  // A second pause adds to the first.
  rig.reactor.suspend();
  rig.clock.advance(1h);
  rig.reactor.resume();
  CHECK(rig.reactor.now() == before + 6ms);
}

TEST_CASE("a suspended loop serves descriptors, and fires what was due before") {
  Rig rig;
  const std::size_t source = rig.add_ready();
  rig.add_timer(1ms);
  FakeTimer& late = rig.add_timer(2ms);
  rig.clock.advance(1ms);
  rig.reactor.suspend();
  rig.clock.advance(1h);
  const PollResult result = rig.turn(Budget{0, 0, 0, 1ms});
  CHECK(result.events == 1);
  CHECK(result.timers == 1);
  CHECK(late.fired == 0);
  // The budget is the host's: its frames go on.
  rig.sources[source].work = [&](Readiness) { rig.clock.advance(3ms); };
  CHECK(rig.turn(Budget{0, 0, 0, 1ms}).library_time == 3ms);
}

TEST_CASE("suspended and resumed within a turn") {
  Rig rig;
  const std::size_t source = rig.add_ready();
  FakeTimer& timer = rig.add_timer(1ms);
  rig.sources[source].work = [&](Readiness) { rig.reactor.suspend(); };
  rig.turn();
  rig.clock.advance(1h);
  CHECK(rig.turn().timers == 0);
  rig.sources[source].work = [&](Readiness) { rig.reactor.resume(); };
  rig.turn();
  CHECK(timer.fired == 0);
  rig.clock.advance(1ms);
  CHECK(rig.turn().timers == 1);
}

// --- A host that sleeps elsewhere
// -----------------------------------------------------------------

TEST_CASE("a poller that wants the deadline hears of it when it changes, and never within a turn") {
  Rig rig(false, true);
  using Deadlines = std::vector<std::optional<Instant>>;
  Deadlines& told = rig.poller.deadlines;
  CHECK(told.empty());
  const Instant start = rig.clock.time();
  FakeTimer& timer = rig.add_timer(5ms);  // at once: the host may be asleep
  CHECK(told == Deadlines{start + 5ms});
  rig.add_timer(9ms);  // not the next one
  CHECK(told.size() == 1);
  const std::size_t source = rig.add_ready();
  rig.sources[source].work = [&](Readiness) {
    rig.reactor.schedule_after(timer.timer, 1ms);
    rig.reactor.schedule_after(timer.timer, 2ms);
    CHECK(told.size() == 1);
  };
  rig.turn();
  CHECK(told == Deadlines{start + 5ms, start + 2ms});
  rig.poller.ready.clear();
  rig.turn();
  CHECK(told.size() == 2);
  rig.reactor.note_local_work();
  CHECK(told.back() == start);
  rig.turn();
  CHECK(told.back() == start + 2ms);
  rig.reactor.suspend();
  CHECK_FALSE(told.back().has_value());
  rig.reactor.resume();
  CHECK(told.back() == start + 2ms);
  const std::size_t count = told.size();
  rig.clock.advance(2ms);
  rig.reactor.clock_jumped();
  CHECK(told.size() == count + 1);
}

TEST_CASE("what a budget left behind wakes a host that sleeps elsewhere, at once") {
  Rig rig(false, true);
  const std::size_t source = rig.add_ready();
  rig.sources[source].work = [&](Readiness) { rig.reactor.note_more(); };
  CHECK(rig.turn(Budget{1, 0, 0, Duration::zero()}).more);
  REQUIRE(rig.poller.deadlines.size() == 1);
  CHECK(rig.poller.deadlines.back() == rig.clock.time());
  rig.poller.ready.clear();
  CHECK_FALSE(rig.turn().more);
  CHECK_FALSE(rig.poller.deadlines.back().has_value());
}

}  // namespace
}  // namespace spool::loop
