// GLib as a host of the scenario, but for the adapter. A context of its own, not the default one.
#pragma once

#include <glib.h>

#include <functional>
#include <utility>

#include "scenario.h"

namespace spool::hosts::scenario {

class GlibLoop : public Host {
 public:
  ~GlibLoop() override {
    g_main_loop_unref(main_loop_);
    g_main_context_unref(context_);
  }
  [[nodiscard]] GMainContext* context() const { return context_; }

  void after(Duration delay, std::function<void()> call) override {
    const auto length = std::chrono::ceil<std::chrono::milliseconds>(delay);
    GSource* const source = g_timeout_source_new(static_cast<guint>(length.count()));
    const GSourceFunc fire = [](gpointer self) -> gboolean {
      (*static_cast<std::function<void()>*>(self))();
      return G_SOURCE_REMOVE;
    };
    g_source_set_callback(source, fire, new std::function<void()>(std::move(call)),
                          [](gpointer self) { delete static_cast<std::function<void()>*>(self); });
    g_source_attach(source, context_);
    g_source_unref(source);
  }
  void run() override { g_main_loop_run(main_loop_); }
  void quit() override { g_main_loop_quit(main_loop_); }

 private:
  GMainContext* context_ = g_main_context_new();
  GMainLoop* main_loop_ = g_main_loop_new(context_, FALSE);
};

}  // namespace spool::hosts::scenario
