// A loop inside libuv's.
#include <spool/hosts/uv.h>

#include <memory>
#include <utility>

#include <catch2/catch.hpp>

#include "guest_cases.h"

namespace spool::hosts::scenario {
namespace {

class UvHost final : public AdapterHost<Uv> {
 public:
  UvHost() { REQUIRE(uv_loop_init(&host_) == 0); }
  ~UvHost() override {
    destroy_adapters();
    uv_walk(
        &host_,
        [](uv_handle_t* handle, void*) {
          if (uv_is_closing(handle) == 0) close(handle);
        },
        nullptr);
    // What the adapters have closed ends by itself.
    CHECK(uv_run(&host_, UV_RUN_DEFAULT) == 0);
    CHECK(uv_loop_close(&host_) == 0);
  }
  [[nodiscard]] uv_loop_t* host() { return &host_; }

  Result<void> attach_to(Uv& adapter, EventLoop& loop) override {
    return adapter.attach(loop, &host_);
  }
  void after(Duration delay, std::function<void()> call) override {
    Timer* const timer = new Timer{{}, std::move(call)};
    uv_timer_init(&host_, &timer->handle);
    timer->handle.data = timer;
    const auto length = std::chrono::ceil<std::chrono::milliseconds>(delay).count();
    const auto fire = [](uv_timer_t* handle) {
      static_cast<Timer*>(handle->data)->call();
      close(reinterpret_cast<uv_handle_t*>(handle));
    };
    uv_update_time(&host_);
    uv_timer_start(&timer->handle, fire, static_cast<std::uint64_t>(length), 0);
  }
  void run() override { uv_run(&host_, UV_RUN_DEFAULT); }
  void quit() override { uv_stop(&host_); }

 private:
  struct Timer {
    uv_timer_t handle;
    std::function<void()> call;
  };
  static void close(uv_handle_t* handle) {
    uv_close(handle, [](uv_handle_t* closed) { delete static_cast<Timer*>(closed->data); });
  }

  uv_loop_t host_;
};

TEST_CASE("uv_run stays while a loop is attached, and ends when it is detached") {
  UvHost host;
  EventLoop loop = make_loop();
  Uv adapter;
  adapter.attach(loop, host.host()).value();
  CHECK(uv_loop_alive(host.host()) != 0);
  int turns = 0;
  adapter.on_turn([&](const PollResult&) {
    ++turns;
    loop.wake();
    if (turns == 10) adapter.detach();
  });
  loop.wake();
  CHECK(uv_run(host.host(), UV_RUN_DEFAULT) == 0);
  CHECK(turns == 10);
}

TEST_CASE("detached outside of uv_run, one more turn of libuv is enough to close its loop") {
  uv_loop_t host;
  uv_loop_init(&host);
  EventLoop loop = make_loop();
  {
    Uv adapter;
    adapter.attach(loop, &host).value();
  }
  CHECK(uv_loop_close(&host) == UV_EBUSY);
  CHECK(uv_run(&host, UV_RUN_NOWAIT) == 0);
  CHECK(uv_loop_close(&host) == 0);
}

TEST_CASE("a loop that libuv watches already, and no host, are errors that leave nothing behind") {
  UvHost host;
  EventLoop loop = make_loop();
  Uv one;
  Uv other;
  one.attach(loop, host.host()).value();
  CHECK(other.attach(loop, host.host()).error() == Error::invalid_argument);
  CHECK_FALSE(other.attached());
  one.detach();
  CHECK(other.attach(loop, nullptr).error() == Error::invalid_argument);
  CHECK(other.attach(loop, host.host()).ok());
}

}  // namespace

std::unique_ptr<GuestHost> make_guest_host() { return std::make_unique<UvHost>(); }

}  // namespace spool::hosts::scenario
