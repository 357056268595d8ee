// Runs a spool loop inside GLib's main loop, which watches each of our descriptors by itself. Where
// there is an EventLoop::backend_fd, glib.h is simpler.
//
//   spool::hosts::GlibPoller host;
//   auto loop = spool::EventLoop::create({.poller = &host}).value();
//   host.attach(loop).value();
//   g_main_loop_run(main_loop);
#pragma once

#include <glib.h>

#include <chrono>
#include <optional>
#include <utility>

#include "spool/hosts/foreign_poller.h"

namespace spool::hosts {

// See ForeignPoller for who owns what. One GSource with a child per descriptor. May be detached and
// attached again in any callback.
class GlibPoller final : public ForeignPoller {
 public:
  explicit GlibPoller(Memory* memory = nullptr) noexcept : ForeignPoller(memory) {}
  ~GlibPoller() override { detach(); }

  // As Glib::attach, for the loop whose poller this is. invalid_argument: attached already, or the
  // loop has another one.
  [[nodiscard]] Result<void> attach(EventLoop& loop, GMainContext* context = nullptr,
                                    int priority = G_PRIORITY_DEFAULT) noexcept {
    if (attached()) return Error::invalid_argument;
    source_ = g_source_new(&functions_, sizeof(Source));
    reinterpret_cast<Source*>(source_)->owner = this;
    g_source_set_name(source_, "spool");
    g_source_set_priority(source_, priority);
    g_source_attach(source_, context);
    const Result<void> started = start(loop);
    if (!started.ok()) end_source();
    return started;
  }
  // Also twice; the context has nothing of ours then. The poller goes on to work without it.
  void detach() noexcept {
    if (stop()) end_source();
  }

 private:
  struct Source {
    GSource base;
    GlibPoller* owner;
  };

  [[nodiscard]] static GIOCondition condition(Interest interest) noexcept {
    const auto bits = static_cast<unsigned>((wants_read(interest) ? G_IO_IN : 0) |
                                            (wants_write(interest) ? G_IO_OUT : 0));
    return static_cast<GIOCondition>(bits);
  }

  [[nodiscard]] void* watch(NativeHandle fd, Interest interest) noexcept override {
    return g_source_add_unix_fd(source_, fd, condition(interest));
  }
  [[nodiscard]] bool change(void* watch, Interest interest) noexcept override {
    g_source_modify_unix_fd(source_, watch, condition(interest));
    return true;
  }
  void unwatch(void* watch) noexcept override { g_source_remove_unix_fd(source_, watch); }
  void set_timer(std::optional<Duration> delay) noexcept override {
    gint64 time = -1;
    if (delay.has_value()) {
      constexpr std::chrono::microseconds longest = std::chrono::hours(24 * 365);
      const auto length = std::chrono::ceil<std::chrono::microseconds>(*delay);
      time = length.count() == 0 ? 0 : g_get_monotonic_time() + std::min(length, longest).count();
    }
    g_source_set_ready_time(source_, time);
  }

  // GLib has found a descriptor ready, or the time come; it does not call this within itself.
  static gboolean dispatch(GSource* source, GSourceFunc, gpointer) noexcept {
    GlibPoller* const self = reinterpret_cast<Source*>(source)->owner;
    const gint64 time = g_source_get_ready_time(source);
    const bool is_timer_over = time >= 0 && time <= g_source_get_time(source);
    if (self->turn(is_timer_over) == After::failed) self->detach();
    return G_SOURCE_CONTINUE;
  }

  void end_source() noexcept {
    GSource* const source = std::exchange(source_, nullptr);
    g_source_destroy(source);
    g_source_unref(source);
  }

  inline static GSourceFuncs functions_{nullptr, nullptr, dispatch, nullptr, nullptr, nullptr};
  GSource* source_ = nullptr;  // while attached
};

}  // namespace spool::hosts
