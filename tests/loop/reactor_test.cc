// The turn, step by step. What needs sockets is in tests/core and tests/facade.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "reactor_rig.h"

namespace spool::loop {
namespace {

// --- The order of a turn ------------------------------------------------------------------------

TEST_CASE("a turn flushes, waits, reads the clock, serves descriptors, timers and tasks") {
  Rig rig(true);
  Log log;
  FakeOutput output;
  output.work = [&] { log.push_back("flush"); };
  rig.poller.on_wait = [&] { log.push_back("wait, clock " + std::to_string(rig.clock.looks)); };
  const std::size_t source = rig.add_ready();
  const auto note = [&](const char* what) {
    return [&, what] { log.push_back(what + (" " + std::to_string(rig.clock.looks))); };
  };
  rig.sources[source].work = [&](Readiness) { note("descriptor, clock")(); };
  rig.add_timer(0ms).work = note("timer, clock");
  std::function<void()> task = note("task, clock");
  REQUIRE(rig.post(&task) == Error::none);
  rig.reactor.request_flush(output);
  rig.clock.looks = 0;
  const PollResult result = rig.turn();
  // Two looks are for the time of the flush, one for that of the task.
  CHECK(log ==
        Log{"flush", "wait, clock 2", "descriptor, clock 3", "timer, clock 3", "task, clock 4"});
  CHECK(result.events == 1);
  CHECK(result.timers == 1);
  CHECK(result.posted == 1);
  CHECK_FALSE(result.more);
}

TEST_CASE("within a turn the time stands still") {
  Rig rig;
  rig.clock.step = 1ms;
  Instant first{};
  Instant second{};
  const std::size_t source = rig.add_ready();
  rig.sources[source].work = [&](Readiness) { first = rig.reactor.now(); };
  rig.add_timer(0ms).work = [&] { second = rig.reactor.now(); };
  rig.turn();
  CHECK(first != Instant{});
  CHECK(first == second);
  CHECK(rig.reactor.now() > second);
}

TEST_CASE("output is gathered within a turn and within a batch, and written at its end") {
  Rig rig;
  int written = 0;
  FakeOutput output;
  output.work = [&] { ++written; };
  CHECK_FALSE(rig.reactor.gathering());
  rig.reactor.begin_batch();
  rig.reactor.begin_batch();
  CHECK(rig.reactor.gathering());
  rig.reactor.request_flush(output);
  rig.reactor.request_flush(output);  // once is enough
  rig.reactor.end_batch();
  CHECK(written == 0);
  rig.reactor.end_batch();
  CHECK(written == 1);
  const std::size_t source = rig.add_ready();
  bool inside = false;
  rig.sources[source].work = [&](Readiness) { inside = rig.reactor.gathering(); };
  rig.turn();
  CHECK(inside);
}

// --- How long it waits --------------------------------------------------------------------------

TEST_CASE("with nothing registered and no time to wait there is no system call") {
  Rig rig;
  rig.turn();
  CHECK(rig.poller.waits.empty());
  Rig with_waker(true);
  with_waker.turn();
  CHECK(with_waker.poller.waits.empty());
}

TEST_CASE("idle, a turn is one wait") {
  Rig rig;
  rig.add_ready();
  rig.poller.ready.clear();
  CHECK_FALSE(rig.turn().more);
  CHECK(rig.poller.waits.size() == 1);
}

TEST_CASE("it waits as long as asked, but not beyond the next timer") {
  Rig rig;
  rig.turn(unlimited, 5ms);
  rig.turn(unlimited, Timeout::infinite());
  rig.add_timer(2ms);
  rig.turn(unlimited, 5ms);
  rig.turn(unlimited, 1ms);
  rig.turn(unlimited, Timeout::infinite());
  rig.clock.advance(3ms);
  rig.poller.ready[1] = {true, false};
  rig.turn(unlimited, Timeout::infinite());  // the timer is due: no wait
  using Waits = std::vector<std::optional<Duration>>;
  CHECK(rig.poller.waits == Waits{5ms, std::nullopt, 2ms, 1ms, 2ms});
  CHECK(rig.timers[0].fired == 1);
}

TEST_CASE("it does not wait while local work is left") {
  Rig rig(true);
  rig.add_ready();
  rig.poller.ready.clear();
  SECTION("noted") { rig.reactor.note_local_work(); }
  SECTION("posted") {
    static std::function<void()> nothing = [] {};
    REQUIRE(rig.post(&nothing) == Error::none);
  }
  SECTION("woken") { rig.reactor.wake(); }
  rig.turn(unlimited, Timeout::infinite());
  CHECK(rig.poller.waits == std::vector<std::optional<Duration>>{Duration::zero()});
  rig.turn(unlimited, Timeout::infinite());
  CHECK(rig.poller.waits.back() == std::nullopt);
}

TEST_CASE("an error of the poller is returned and the rest of the turn is done") {
  Rig rig;
  rig.add_ready();
  rig.poller.wait_error = Error::system;
  FakeTimer& timer = rig.add_timer(0ms);
  CHECK(rig.turn().error == Error::system);
  CHECK(timer.fired == 1);
  rig.poller.wait_error = Error::none;
  CHECK(rig.turn().events == 1);
}

// --- Events and registrations -------------------------------------------------------------------

TEST_CASE("a descriptor that was removed in the same batch is not served") {
  Rig rig;
  for (int i = 0; i < 3; ++i) rig.add_ready();
  rig.sources[0].work = [&](Readiness) { rig.remove(1); };
  CHECK(rig.turn().events == 2);
  CHECK(rig.calls() == std::vector<int>{1, 0, 1});
}

TEST_CASE("a late event does not reach the next user of its slot") {
  Rig rig;
  for (int i = 0; i < 32; ++i) rig.add_ready();  // a chunk of slots: the next one is reused
  FakeSource next;
  Token removed = rig.tokens[20];
  Token reused;
  rig.sources[0].work = [&](Readiness) {
    rig.remove(20);
    reused = rig.reactor.add(2000, Interest::read, next).value();
  };
  CHECK(rig.turn().events == 31);
  CHECK(reused.index == removed.index);
  CHECK(next.calls == 0);
  rig.sources[0].work = [](Readiness) {};
  rig.poller.ready[2000] = {true, false};
  rig.turn();
  CHECK(next.calls == 1);
  rig.reactor.remove(reused);
}

TEST_CASE("a descriptor is not served for what is no longer asked for") {
  Rig rig;
  for (int i = 0; i < 3; ++i) rig.add_ready();
  rig.sources[0].work = [&](Readiness) {
    rig.reactor.set_interest(rig.tokens[1], Interest::none);
    rig.reactor.set_interest(rig.tokens[2], Interest::write);
  };
  CHECK(rig.turn().events == 1);
  CHECK(rig.calls() == std::vector<int>{1, 0, 0});
}

TEST_CASE("an unchanged interest is not told to the kernel") {
  Rig rig;
  rig.add_ready();
  rig.reactor.set_interest(rig.tokens[0], Interest::read);
  CHECK(rig.poller.modifications == 0);
  rig.reactor.set_interest(rig.tokens[0], Interest::read_write);
  CHECK(rig.poller.modifications == 1);
}

TEST_CASE("what the poller or the memory refuses is not registered") {
  Rig rig;
  FakeSource source;
  rig.poller.add_error = Error::limit_reached;
  CHECK(rig.reactor.add(7, Interest::read, source).error() == Error::limit_reached);
  rig.poller.add_error = Error::none;
  for (int i = 0; i < 32; ++i) rig.add_ready();
  rig.memory.fail_at = 1;
  CHECK(rig.reactor.add(7, Interest::read, source).error() == Error::no_memory);
  CHECK(rig.poller.registered.size() == 32);
}

TEST_CASE("a reactor that cannot get memory does not open, and leaves nothing behind") {
  for (std::uint64_t fail_at = 1;; ++fail_at) {
    testing::FakeMemory memory;
    testing::FakeClock clock;
    memory.fail_at = fail_at;
    {
      Reactor reactor(memory, clock);
      const Error error = reactor.open({nullptr, 16, true});
      CHECK(error == (memory.refused == 0 ? Error::none : Error::no_memory));
    }
    CHECK(memory.blocks() == 0);
    if (memory.refused == 0) break;
  }
}

// --- Timers -------------------------------------------------------------------------------------

TEST_CASE("timers fire in every turn, however busy the descriptors are") {
  Rig rig;
  for (int i = 0; i < 50; ++i) rig.add_ready();
  FakeTimer& timer = rig.add_timer(1ms);
  timer.work = [&] { rig.reactor.schedule_after(timer.timer, 1ms); };
  for (int turn = 1; turn <= 10; ++turn) {
    rig.clock.advance(1ms);
    CHECK(rig.turn(Budget{1, 0, 0, 1us}).timers == 1);
    CHECK(timer.fired == turn);
  }
}

TEST_CASE("a flood of due timers is bounded by the time, and goes on in the next turn") {
  Rig rig;
  for (int i = 0; i < 100; ++i) rig.add_timer(0ms).work = [&] { rig.clock.advance(1ms); };
  const PollResult first = rig.turn(Budget{0, 0, 0, 10ms});
  CHECK(first.timers >= 10);
  CHECK(first.timers < 100);
  CHECK(first.more);
  const PollResult rest = rig.turn();
  CHECK(first.timers + rest.timers == 100);
  CHECK_FALSE(rest.more);
}

TEST_CASE("a timer that is set again for now fires once per turn") {
  Rig rig;
  FakeTimer& timer = rig.add_timer(0ms);
  timer.work = [&] { rig.reactor.schedule_after(timer.timer, 0ms); };
  CHECK(rig.turn().timers == 1);
  CHECK(rig.turn().timers == 1);
}

TEST_CASE("a cancelled timer does not fire, cancelled by another one of the same turn either") {
  Rig rig;
  FakeTimer& first = rig.add_timer(1ms);
  FakeTimer& second = rig.add_timer(1ms);
  first.work = [&] { rig.reactor.cancel(second.timer); };
  rig.clock.advance(1ms);
  CHECK(rig.turn().timers == 1);
  CHECK(second.fired == 0);
}

// --- Posted tasks -------------------------------------------------------------------------------

TEST_CASE("what tasks post waits for the next turn") {
  Rig rig(true);
  int runs = 0;
  std::function<void()> again = [&] {
    ++runs;
    REQUIRE(rig.post(&again) == Error::none);
  };
  REQUIRE(rig.post(&again) == Error::none);
  const PollResult first = rig.turn();
  CHECK(first.posted == 1);
  CHECK(first.more);
  CHECK(rig.turn().posted == 1);
  CHECK(runs == 2);
}

TEST_CASE("posting is bounded, and tells when it is full") {
  Rig rig(true);
  int runs = 0;
  std::function<void()> count = [&] { ++runs; };
  for (int i = 0; i < 16; ++i) REQUIRE(rig.post(&count) == Error::none);
  CHECK(rig.post(&count) == Error::would_block);
  CHECK(rig.turn().posted == 16);
  CHECK(runs == 16);
  CHECK(rig.post(&count) == Error::none);
}

TEST_CASE("without threads there is nothing to post to, and waking does nothing") {
  Rig rig;
  std::function<void()> never = [] {};
  CHECK(rig.post(&never) == Error::not_supported);
  rig.reactor.wake();
  CHECK_FALSE(rig.reactor.next_deadline().has_value());
}

// --- next_deadline, and wrong calls -------------------------------------------------------------

TEST_CASE("the next deadline is nothing when idle, the timer's, or now while work is left") {
  Rig rig(true);
  CHECK_FALSE(rig.reactor.next_deadline().has_value());
  const FakeTimer& timer = rig.add_timer(7ms);
  CHECK(rig.reactor.next_deadline() == timer.timer.deadline());
  const Instant now = rig.clock.time();
  FakeOutput output;
  SECTION("noted") { rig.reactor.note_local_work(); }
  SECTION("gathered") { rig.reactor.request_flush(output); }
  SECTION("woken") { rig.reactor.wake(); }
  SECTION("posted") {
    static std::function<void()> nothing = [] {};
    REQUIRE(rig.post(&nothing) == Error::none);
  }
  CHECK(rig.reactor.next_deadline() == now);
  rig.turn();
  CHECK(rig.reactor.next_deadline() == timer.timer.deadline());
}

TEST_CASE("a turn within a turn is refused and does no harm") {
  Rig rig;
  Error inner = Error::none;
  const std::size_t source = rig.add_ready();
  rig.sources[source].work = [&](Readiness) { inner = rig.turn().error; };
  CHECK(rig.turn().error == Error::none);
  CHECK(inner == Error::reentrant);
  CHECK(rig.turn().events == 1);
}

TEST_CASE("a turn on another thread is refused") {
  Rig rig;
  CHECK(rig.turn().error == Error::none);
  Error other = Error::none;
  std::thread([&] { other = rig.turn().error; }).join();
  CHECK(other == Error::wrong_thread);
  CHECK(rig.turn().error == Error::none);
}

}  // namespace
}  // namespace spool::loop
