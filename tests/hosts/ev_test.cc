// A loop inside libev's.
#include <spool/hosts/ev.h>

#include <list>
#include <memory>
#include <utility>

#include <catch2/catch.hpp>

#include "guest_cases.h"

namespace spool::hosts::scenario {
namespace {

class EvHost final : public AdapterHost<Ev> {
 public:
  EvHost() { REQUIRE(host_ != nullptr); }
  ~EvHost() override {
    destroy_adapters();
    ev_loop_destroy(host_);
  }
  [[nodiscard]] struct ev_loop* host() { return host_; }

  Result<void> attach_to(Ev& adapter, EventLoop& loop) override {
    return adapter.attach(loop, host_);
  }
  void after(Duration delay, std::function<void()> call) override {
    timers_.push_back({{}, std::move(call)});
    Timer& timer = timers_.back();
    timer.watch.data = &timer;
    timer.watch.cb = [](struct ev_loop*, ev_timer* watch, int) {
      static_cast<Timer*>(watch->data)->call();
    };
    ev_timer_set(&timer.watch, std::chrono::duration<double>(delay).count(), 0.);
    ev_now_update(host_);
    ev_timer_start(host_, &timer.watch);
  }
  void run() override { ev_run(host_, 0); }
  void quit() override { ev_break(host_, EVBREAK_ONE); }

 private:
  struct Timer {
    ev_timer watch;
    std::function<void()> call;
  };
  struct ev_loop* host_ = ev_loop_new(EVFLAG_AUTO);
  std::list<Timer> timers_;  // called or not, they stay
};

TEST_CASE("a callback that runs libev's loop keeps our loop waiting, and nobody spins") {
  EvHost host;
  EventLoop loop = make_loop();
  host.attach(loop).value();
  for (int i = 0; i < 2; ++i) {
    bool inner_ran = false;
    bool second_ran = false;
    loop.post([&] {
          host.after(100ms, [&] {
            CHECK_FALSE(second_ran);
            inner_ran = true;
          });
          loop.post([&] { second_ran = true; }).value();
          int rounds = 0;
          for (; !inner_ran; ++rounds) ev_run(host.host(), EVRUN_ONCE);
          CHECK(rounds <= 3);
        })
        .value();
    host.sleep(200ms);
    CHECK(inner_ran);
    CHECK(second_ran);
  }
}

TEST_CASE("detached while a callback runs libev's loop, and attached again there, it goes on") {
  EvHost host;
  EventLoop loop = make_loop();
  host.attach(loop).value();
  bool ran = false;
  loop.post([&] {
        loop.wake();
        host.after(20ms, [&] {
          host.detach();
          host.attach(loop).value();
          loop.post([&] { ran = true; }).value();
        });
        host.after(40ms, [&] { host.quit(); });
        host.run();
        CHECK_FALSE(ran);
      })
      .value();
  host.sleep(100ms);
  CHECK(ran);
}

TEST_CASE("no host is an error") {
  EventLoop loop = make_loop();
  Ev adapter;
  CHECK(adapter.attach(loop, nullptr).error() == Error::invalid_argument);
  CHECK_FALSE(adapter.attached());
}

}  // namespace

std::unique_ptr<GuestHost> make_guest_host() { return std::make_unique<EvHost>(); }

}  // namespace spool::hosts::scenario
