// Runs a spool loop inside libuv's, which watches each of our descriptors by itself. Where there is
// an EventLoop::backend_fd, uv.h is simpler.
//
//   spool::hosts::UvPoller host;
//   auto loop = spool::EventLoop::create({.poller = &host}).value();
//   host.attach(loop, uv_default_loop()).value();
//   uv_run(uv_default_loop(), UV_RUN_DEFAULT);
#pragma once

#include <uv.h>

#include <chrono>
#include <cstdint>
#include <new>
#include <optional>
#include <utility>

#include "spool/hosts/foreign_poller.h"

namespace spool::hosts {

// See ForeignPoller for who owns what. May be detached and attached again in any callback.
class UvPoller final : public ForeignPoller {
 public:
  explicit UvPoller(Memory* memory = nullptr) noexcept : ForeignPoller(memory) {}
  ~UvPoller() override { detach(); }

  // As Uv::attach, for the loop whose poller this is. invalid_argument: attached already, no host,
  // or the loop has another poller.
  [[nodiscard]] Result<void> attach(EventLoop& loop, uv_loop_t* host) noexcept {
    if (attached() || host == nullptr) return Error::invalid_argument;
    handles_ = new (std::nothrow) Handles;
    if (handles_ == nullptr) return Error::no_memory;
    handles_->owner = this;
    is_announced_ = false;
    uv_check_init(host, &handles_->check);
    uv_idle_init(host, &handles_->idle);
    uv_timer_init(host, &handles_->timer);
    handles_->check.data = handles_->idle.data = handles_->timer.data = handles_;
    uv_check_start(&handles_->check, on_check);
    const Result<void> started = start(loop);
    if (!started.ok()) close_handles();
    return started;
  }
  // Also twice. libuv calls nothing of ours from now on; as with Uv, a turn of its own has to come
  // before uv_loop_close. The poller goes on to work without it.
  void detach() noexcept {
    if (stop()) close_handles();
  }

 private:
  // libuv closes in two steps, so what it has handles of is on the heap, and ends with the second.
  struct Handles {
    uv_check_t check;  // after libuv's own wait: one turn for all that is ready
    uv_idle_t idle;    // while there is work left: libuv does not sleep
    uv_timer_t timer;
    UvPoller* owner;
    int open = 3;
  };
  struct Watch {
    uv_poll_t poll;
    UvPoller* owner;
    int events;
  };

  [[nodiscard]] static int events(Interest interest) noexcept {
    return (wants_read(interest) ? UV_READABLE : 0) | (wants_write(interest) ? UV_WRITABLE : 0);
  }

  [[nodiscard]] void* watch(NativeHandle fd, Interest interest) noexcept override {
    Watch* const watch = new (std::nothrow) Watch;
    if (watch == nullptr) return nullptr;
    if (uv_poll_init(handles_->check.loop, &watch->poll, fd) != 0) {
      delete watch;
      return nullptr;
    }
    watch->poll.data = watch;
    watch->owner = this;
    if (change(watch, interest)) return watch;
    unwatch(watch);
    return nullptr;
  }
  [[nodiscard]] bool change(void* pointer, Interest interest) noexcept override {
    Watch* const watch = static_cast<Watch*>(pointer);
    watch->events = events(interest);
    return uv_poll_start(&watch->poll, watch->events, on_readiness) == 0;
  }
  // uv_poll_stop takes the descriptor out of the kernel's set at once: it may be closed, and its
  // number used again, before libuv is through with the handle.
  void unwatch(void* pointer) noexcept override {
    Watch* const watch = static_cast<Watch*>(pointer);
    uv_poll_stop(&watch->poll);
    uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll),
             [](uv_handle_t* handle) { delete static_cast<Watch*>(handle->data); });
  }
  // A timer of zero length that sets itself anew would keep libuv 1.44 from all other work; so what
  // is due at once comes after libuv's next look at the kernel.
  void set_timer(std::optional<Duration> delay) noexcept override {
    uv_idle_stop(&handles_->idle);
    uv_timer_stop(&handles_->timer);
    if (!delay.has_value()) return;
    if (*delay == Duration::zero()) {
      uv_idle_start(&handles_->idle, [](uv_idle_t*) {});
      return;
    }
    // libuv counts whole milliseconds, from the last one it has seen.
    const auto length = std::chrono::ceil<std::chrono::milliseconds>(*delay);
    uv_update_time(handles_->check.loop);
    uv_timer_start(&handles_->timer, on_timer, static_cast<std::uint64_t>(length.count()) + 1, 0);
  }

  // libuv stops a handle whose descriptor has an error; the turn that follows may not come to it.
  static void on_readiness(uv_poll_t* poll, int status, int) {
    Watch* const watch = static_cast<Watch*>(poll->data);
    watch->owner->is_announced_ = true;
    if (status < 0) uv_poll_start(poll, watch->events, on_readiness);
  }
  static void on_check(uv_check_t* check) {
    UvPoller* const self = static_cast<Handles*>(check->data)->owner;
    const bool is_due = uv_is_active(reinterpret_cast<uv_handle_t*>(&self->handles_->idle)) != 0;
    if (is_due || self->is_announced_) self->run(is_due);
  }
  static void on_timer(uv_timer_t* timer) { static_cast<Handles*>(timer->data)->owner->run(true); }

  void run(bool is_timer_over) noexcept {
    is_announced_ = false;
    if (turn(is_timer_over) == After::failed) detach();
  }

  void close_handles() noexcept {
    Handles* const handles = std::exchange(handles_, nullptr);
    const uv_close_cb closed = [](uv_handle_t* handle) {
      Handles* const all = static_cast<Handles*>(handle->data);
      if (--all->open == 0) delete all;
    };
    uv_close(reinterpret_cast<uv_handle_t*>(&handles->check), closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&handles->idle), closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&handles->timer), closed);
  }

  Handles* handles_ = nullptr;  // while attached; libuv's from close_handles() on
  bool is_announced_ = false;
};

}  // namespace spool::hosts
