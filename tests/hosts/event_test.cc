// A loop inside libevent's.
#include <spool/hosts/event.h>

#include <list>
#include <memory>
#include <utility>

#include <catch2/catch.hpp>

#include "guest_cases.h"

namespace spool::hosts::scenario {
namespace {

class LibEventHost final : public AdapterHost<LibEvent> {
 public:
  LibEventHost() { REQUIRE(base_ != nullptr); }
  ~LibEventHost() override {
    destroy_adapters();
    for (Timer& timer : timers_) event_free(timer.watch);
    event_base_free(base_);
  }
  [[nodiscard]] event_base* base() { return base_; }

  Result<void> attach_to(LibEvent& adapter, EventLoop& loop) override {
    return adapter.attach(loop, base_);
  }
  void after(Duration delay, std::function<void()> call) override {
    timers_.push_back({nullptr, std::move(call)});
    Timer& timer = timers_.back();
    const auto fire = [](evutil_socket_t, short, void* self) { static_cast<Timer*>(self)->call(); };
    timer.watch = event_new(base_, -1, 0, fire, &timer);
    const auto length = std::chrono::ceil<std::chrono::microseconds>(delay).count();
    const timeval time{length / 1'000'000, length % 1'000'000};
    event_base_update_cache_time(base_);
    event_add(timer.watch, &time);
  }
  void run() override { event_base_loop(base_, EVLOOP_NO_EXIT_ON_EMPTY); }
  void quit() override { event_base_loopbreak(base_); }

 private:
  struct Timer {
    ::event* watch;
    std::function<void()> call;
  };
  event_base* base_ = event_base_new();
  std::list<Timer> timers_;  // called or not, they stay
};

TEST_CASE("event_base_dispatch stays while a loop is attached, and ends when it is detached") {
  LibEventHost host;
  EventLoop loop = make_loop();
  LibEvent adapter;
  adapter.attach(loop, host.base()).value();
  int turns = 0;
  adapter.on_turn([&](const PollResult&) {
    ++turns;
    loop.wake();
    if (turns == 10) adapter.detach();
  });
  loop.wake();
  CHECK(event_base_dispatch(host.base()) == 1);  // no events left
  CHECK(turns == 10);
}

TEST_CASE("no host is an error") {
  EventLoop loop = make_loop();
  LibEvent adapter;
  CHECK(adapter.attach(loop, nullptr).error() == Error::invalid_argument);
  CHECK_FALSE(adapter.attached());
}

}  // namespace

std::unique_ptr<GuestHost> make_guest_host() { return std::make_unique<LibEventHost>(); }

}  // namespace spool::hosts::scenario
