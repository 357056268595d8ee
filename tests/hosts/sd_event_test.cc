// A loop inside sd-event's.
#include <spool/hosts/sd_event.h>
#include <time.h>

#include <list>
#include <memory>
#include <utility>

#include <catch2/catch.hpp>

#include "guest_cases.h"

namespace spool::hosts::scenario {
namespace {

class SdEventHost final : public AdapterHost<SdEvent> {
 public:
  SdEventHost() { REQUIRE(sd_event_new(&host_) == 0); }
  ~SdEventHost() override {
    destroy_adapters();
    for (Timer& timer : timers_) sd_event_source_unref(timer.source);
    sd_event_unref(host_);
  }
  [[nodiscard]] sd_event* host() { return host_; }

  Result<void> attach_to(SdEvent& adapter, EventLoop& loop) override {
    return adapter.attach(loop, host_);
  }
  void after(Duration delay, std::function<void()> call) override {
    timers_.push_back({nullptr, std::move(call)});
    Timer& timer = timers_.back();
    const auto fire = [](sd_event_source*, std::uint64_t, void* self) {
      static_cast<Timer*>(self)->call();
      return 0;
    };
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const Duration due = std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec) + delay;
    const auto time = std::chrono::ceil<std::chrono::microseconds>(due).count();
    REQUIRE(sd_event_add_time(host_, &timer.source, CLOCK_MONOTONIC,
                              static_cast<std::uint64_t>(time), 1, fire, &timer) >= 0);
  }
  // sd_event_loop runs only once in the life of an sd_event; this is what it does.
  void run() override {
    runs_ = true;
    while (runs_) REQUIRE(sd_event_run(host_, UINT64_MAX) >= 0);
  }
  void quit() override { runs_ = false; }

 private:
  struct Timer {
    sd_event_source* source;
    std::function<void()> call;
  };
  sd_event* host_ = nullptr;
  std::list<Timer> timers_;  // called or not, they stay
  bool runs_ = false;
};

TEST_CASE("sd_event_loop ends by sd_event_exit, from a callback of ours too") {
  SdEventHost host;
  EventLoop loop = make_loop();
  SdEvent adapter;
  adapter.attach(loop, host.host()).value();
  loop.post([&] { sd_event_exit(host.host(), 7); }).value();
  CHECK(sd_event_loop(host.host()) == 7);
}

TEST_CASE(
    "a loop that sd-event watches already, and no host, are errors that leave nothing behind") {
  SdEventHost host;
  EventLoop loop = make_loop();
  SdEvent one;
  SdEvent other;
  one.attach(loop, host.host()).value();
  CHECK(other.attach(loop, host.host()).error() == Error::invalid_argument);
  CHECK_FALSE(other.attached());
  one.detach();
  CHECK(other.attach(loop, nullptr).error() == Error::invalid_argument);
  CHECK(other.attach(loop, host.host()).ok());
}

}  // namespace

std::unique_ptr<GuestHost> make_guest_host() { return std::make_unique<SdEventHost>(); }

}  // namespace spool::hosts::scenario
