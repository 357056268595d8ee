// One loop, and the eyes of a host that sleeps on its descriptor: what is checked with every turn.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "facade_rig.h"
#include "spool/loop/box.h"
#include "tests/support/fake_clock.h"
#include "tests/support/nested_poller.h"

namespace spool {

using MakePoller = std::function<loop::Box<Poller>(Memory&)>;

// The first thing that went wrong; noted, because callbacks cannot stop the test.
struct Verdict {
  std::string failure;
  void expect(bool ok, const char* what) {
    if (!ok && failure.empty()) failure = what;
  }
};

class Guest {
  // Outlive the loop.
  loop::Box<Poller> inner_;
  std::optional<testing::NestedPoller> poller_;

 public:
  // Without a clock it is the system's, and less can be said: time goes on while we look. What is
  // passed outlives it.
  Guest(loop::Box<Poller> inner, testing::FakeClock* clock, Verdict& verdict)
      : inner_(std::move(inner)), verdict_(verdict) {
    if (clock != nullptr) poller_.emplace(*inner_, *clock);
    EventLoopConfig config;
    config.poller = clock != nullptr ? &*poller_ : inner_.get();
    config.clock = clock;
    config.seed = 1;
    config.post_queue = 16;
    config.event_queue = 8;
    config.on_event = [this](const Event& event) {
      seen[static_cast<std::size_t>(event.kind)] += 1;
    };
    loop.emplace(EventLoop::create(std::move(config)).value());
    const Result<NativeHandle> result = loop->backend_fd();
    if (result.ok())
      fd = result.value();
    else
      REQUIRE(result.error() == Error::not_supported);
  }

  // The back-end has a descriptor, and that says nothing.
  [[nodiscard]] bool is_silent() const { return nests() && !testing::is_readable(fd); }
  [[nodiscard]] bool nests() const { return fd != invalid_handle; }
  // By its deadline.
  [[nodiscard]] bool is_due() {
    const std::optional<Instant> deadline = loop->next_deadline();
    return deadline.has_value() && *deadline <= loop->now();
  }
  // What a sleeping host goes by.
  [[nodiscard]] bool is_at_rest() { return nests() ? is_silent() : !is_due(); }
  void follow_clock() {
    if (poller_.has_value()) poller_->follow_clock();
  }
  void stop_or_go_on() {
    is_suspended = !is_suspended;
    if (is_suspended)
      loop->suspend();
    else
      loop->resume();
  }

  // False alarms are counted as long as nothing else happens.
  void forgive() { false_alarms_ = 0; }
  // Outside of a turn.
  void check() {
    verdict_.expect(!poller_.has_value() || !is_due() || !is_silent(), "due, and silent");
  }
  // With the promises that a turn makes.
  PollResult turn(const Budget& budget) {
    const bool was_silent = is_silent();
    const bool was_due = is_due();
    if (poller_.has_value()) poller_->forget();
    const PollResult result = loop->poll_once(Timeout::none(), budget);
    const bool did =
        result.events + result.messages + result.timers + result.posted + result.notices != 0 ||
        result.more;
    verdict_.expect(result.error == Error::none, "poll_once failed");
    verdict_.expect(!result.more || !is_silent(), "more, and silence");
    verdict_.expect(!result.more || is_due(), "more, and a later deadline");
    if (!poller_.has_value()) return result;
    verdict_.expect(poller_->silent == 0, "the kernel reported what the descriptor did not");
    // What the kernel reported may have arrived since we looked, and may have caused the rest.
    if (poller_->reported == 0) {
      verdict_.expect(!did || !was_silent, "it did something, and was silent before");
      verdict_.expect(!did || was_due, "it did something, and its deadline was later");
    }
    const bool is_false_alarm = nests() && !was_silent && !did && !is_silent();
    false_alarms_ = is_false_alarm ? false_alarms_ + 1 : 0;
    verdict_.expect(false_alarms_ < 2, "false alarms, one after the other");
    return result;
  }

  std::optional<EventLoop> loop;
  NativeHandle fd = invalid_handle;
  bool is_suspended = false;
  std::size_t seen[64] = {};  // events by kind

 private:
  Verdict& verdict_;
  int false_alarms_ = 0;
};

}  // namespace spool
