// The turn, step by step, and its budget. What needs sockets is in tests/core and tests/facade.
#include "spool/loop/reactor.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_memory.h"
#include "tests/support/recording_poller.h"

namespace spool::loop {
namespace {

using namespace std::chrono_literals;
using Log = std::vector<std::string>;
constexpr Budget unlimited{0, 0, 0, Duration::zero()};

struct FakeSource final : Source {
  std::function<void(Readiness)> work = [](Readiness) {};
  int calls = 0;
  void on_ready(Readiness ready) noexcept override {
    ++calls;
    work(ready);
  }
};
struct FakeOutput final : Flushable {
  std::function<void()> work = [] {};
  void flush() noexcept override { work(); }
};
struct FakeTimer {
  std::function<void()> work = [] {};
  int fired = 0;
  void fire() noexcept {
    ++fired;
    work();
  }
  Timer timer{Timer::call<&FakeTimer::fire, FakeTimer>, this};
};

// A reactor over a fake poller and a fake clock; descriptors are just numbers.
struct Rig {
  explicit Rig(bool threads = false, bool wants_deadline = false) {
    poller.wants = wants_deadline;
    REQUIRE(reactor.open({&poller, 16, threads}) == Error::none);
    poller.waits.clear();
  }
  ~Rig() {
    for (const Token token : tokens)
      if (token.valid()) reactor.remove(token);
    for (FakeTimer& timer : timers) reactor.cancel(timer.timer);
  }
  PollResult turn(const Budget& budget = unlimited, Timeout timeout = Timeout::none()) {
    PollResult result;
    result.error = reactor.begin_turn(timeout, budget, result);
    if (result.error != Error::reentrant && result.error != Error::wrong_thread)
      reactor.end_turn(result, false);
    return result;
  }
  // Registered, and readable from now on.
  std::size_t add_ready() {
    const int fd = 1000 + static_cast<int>(sources.size());
    sources.emplace_back();
    tokens.push_back(reactor.add(fd, Interest::read, sources.back()).value());
    poller.ready[fd] = {true, false};
    return sources.size() - 1;
  }
  void remove(std::size_t index) {
    reactor.remove(tokens[index]);
    tokens[index] = {};
  }
  FakeTimer& add_timer(Duration after) {
    timers.emplace_back();
    reactor.schedule_after(timers.back().timer, after);
    return timers.back();
  }
  std::vector<int> calls() const {
    std::vector<int> result;
    for (const FakeSource& source : sources) result.push_back(source.calls);
    return result;
  }
  Error post(std::function<void()>* work) {
    Task task([work] { (*work)(); });
    return reactor.post(task);
  }

  testing::FakeMemory memory;
  testing::FakeClock clock;
  testing::RecordingPoller poller;
  Reactor reactor{memory, clock};
  std::deque<FakeSource> sources;
  std::vector<Token> tokens;
  std::deque<FakeTimer> timers;
};

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

// --- Budgets ------------------------------------------------------------------------------------

TEST_CASE("each axis of the budget ends the turn, and what is left comes next without a wait") {
  Rig rig;
  for (int i = 0; i < 5; ++i) {
    const std::size_t source = rig.add_ready();
    rig.sources[source].work = [&](Readiness) {
      rig.reactor.count(10, 1000);
      rig.clock.advance(1ms);
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
  const PollResult last = rig.turn(budget);
  CHECK(last.events == 1);
  CHECK_FALSE(last.more);
  CHECK(rig.calls() == std::vector<int>{1, 1, 1, 1, 1});
  CHECK(rig.poller.waits.size() == 1);
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

TEST_CASE("more than fit into one wait leave more to do") {
  Rig rig;
  for (int i = 0; i < 65; ++i) rig.add_ready();
  const PollResult result = rig.turn();
  CHECK(result.events == 64);
  CHECK(result.more);
}

TEST_CASE("a source that left something makes more") {
  Rig rig;
  const std::size_t source = rig.add_ready();
  rig.sources[source].work = [&](Readiness) { rig.reactor.note_more(); };
  CHECK(rig.turn().more);
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
