// libuv as a host of the scenario, but for the adapter.
#pragma once

#include <uv.h>

#include <functional>
#include <utility>

#include "scenario.h"

namespace spool::hosts::scenario {

class UvLoop : public Host {
 public:
  UvLoop() { REQUIRE(uv_loop_init(&loop_) == 0); }
  // Of the adapter there is nothing left but what libuv is about to close.
  ~UvLoop() override {
    uv_walk(
        &loop_,
        [](uv_handle_t* handle, void*) {
          if (uv_is_closing(handle) == 0) uv_close(handle, free_timer);
        },
        nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop_) == 0);
  }
  [[nodiscard]] uv_loop_t* loop() { return &loop_; }

  void after(Duration delay, std::function<void()> call) override {
    Timer* const timer = new Timer;
    timer->call = std::move(call);
    uv_timer_init(&loop_, &timer->handle);
    timer->handle.data = timer;
    const auto length = std::chrono::ceil<std::chrono::milliseconds>(delay);
    uv_update_time(&loop_);
    uv_timer_start(&timer->handle, fire, static_cast<std::uint64_t>(length.count()), 0);
  }
  void run() override { uv_run(&loop_, UV_RUN_DEFAULT); }
  void quit() override { uv_stop(&loop_); }

 private:
  struct Timer {
    uv_timer_t handle;
    std::function<void()> call;
  };

  static void fire(uv_timer_t* handle) {
    Timer* const timer = static_cast<Timer*>(handle->data);
    timer->call();
    uv_close(reinterpret_cast<uv_handle_t*>(handle), free_timer);
  }
  static void free_timer(uv_handle_t* handle) { delete static_cast<Timer*>(handle->data); }

  uv_loop_t loop_;
};

}  // namespace spool::hosts::scenario
