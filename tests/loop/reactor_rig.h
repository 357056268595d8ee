// What the tests of the reactor share: one over a fake poller and a fake clock.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "spool/loop/reactor.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_memory.h"
#include "tests/support/recording_poller.h"

namespace spool::loop {

using namespace std::chrono_literals;
using Log = std::vector<std::string>;
inline constexpr Budget unlimited{0, 0, 0, Duration::zero()};

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

}  // namespace spool::loop
