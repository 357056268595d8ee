// Runs a spool loop inside GLib's main loop, and so inside GTK.
//
//   auto loop = spool::EventLoop::create({}).value();
//   spool::hosts::Glib host;
//   host.attach(loop).value();
//   g_main_loop_run(main_loop);
#pragma once

#include <glib-unix.h>
#include <spool/event_loop.h>
#include <spool/hosts/guest.h>

#include <utility>

namespace spool::hosts {

// Owned by the program; borrows the loop, which outlives the attachment, and keeps the context. All
// calls come from the thread that runs the context. May be detached, attached again and destroyed
// in any callback, its own included.
//
// A callback of the loop's that runs the context itself (a dialog) keeps our loop waiting until it
// returns, while all others go on.
class Glib : public Guest {
 public:
  Glib() noexcept = default;  // not attached
  ~Glib() { detach(); }

  // From now on the context calls loop.poll_once() whenever it would do something. Null is the
  // default context. Under a flood of messages, what has a lower priority than ours has to wait:
  // GTK draws at GDK_PRIORITY_REDRAW, which is behind the default one. invalid_argument when
  // attached already; not_supported where the loop has no backend_fd(); no_descriptors. Then
  // nothing is attached.
  [[nodiscard]] Result<void> attach(EventLoop& loop, GMainContext* context = nullptr,
                                    int priority = G_PRIORITY_DEFAULT) noexcept {
    const Result<NativeHandle> descriptor = descriptor_of(loop);
    if (!descriptor.ok()) return descriptor.error();
    source_ = g_unix_fd_source_new(descriptor.value(), G_IO_IN);
    g_source_set_name(source_, "spool");
    g_source_set_priority(source_, priority);
    g_source_set_callback(source_, G_SOURCE_FUNC(ready), this, nullptr);
    g_source_attach(source_, context);
    begin(loop);
    return {};
  }

  // Also twice; the context has nothing of ours then.
  void detach() noexcept {
    if (!end()) return;
    GSource* const source = std::exchange(source_, nullptr);
    g_source_destroy(source);
    g_source_unref(source);
  }

 private:
  // A source that was destroyed meanwhile stays so, whatever this returns. GLib does not call it
  // within itself.
  static gboolean ready(gint, GIOCondition, gpointer pointer) noexcept {
    Glib* const self = static_cast<Glib*>(pointer);
    if (self->serve() == After::failed) self->detach();
    return G_SOURCE_CONTINUE;
  }

  GSource* source_ = nullptr;  // while attached
};

}  // namespace spool::hosts
