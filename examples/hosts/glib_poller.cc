// spool inside GLib's main loop, which watches each of the sockets by itself: the way for systems
// and builds without EventLoop::backend_fd. The poller is made first, and the loop is told of it;
// the rest is as in glib.cc.

#include <glib.h>
#include <spool/hosts/glib_poller.h>
#include <spool/spool.h>

#include <cstdio>

int main() {
  spool::hosts::GlibPoller host;
  auto loop = spool::EventLoop::create({.poller = &host}).value();
  auto worker = loop.open<spool::Rep>().value();
  auto client = loop.open<spool::Req>().value();
  client.connect(worker.listen("tcp://127.0.0.1:0").value().address().text()).value();

  worker.on_readable([&] {
    while (auto question = worker.try_recv_request()) question->reply("42").value();
  });

  GMainLoop* const main_loop = g_main_loop_new(nullptr, FALSE);
  int answers = 0;
  client.on_readable([&] {
    while (auto answer = client.try_recv()) {
      std::printf("answered: %.*s\n", static_cast<int>(answer->size()), answer->text().data());
      if (++answers == 3) g_main_loop_quit(main_loop);
    }
  });

  // GLib calls poll_once whenever the loop has something to do, and sleeps otherwise.
  if (const auto attached = host.attach(loop); !attached.ok()) {
    std::fprintf(stderr, "cannot attach: %s\n", to_string(attached.error()));
    return 1;
  }

  const GSourceFunc ask = [](gpointer socket) -> gboolean {
    static_cast<spool::Req*>(socket)->try_send("how much?").value();
    return G_SOURCE_CONTINUE;
  };
  const guint timer = g_timeout_add(100, ask, &client);
  g_main_loop_run(main_loop);
  g_source_remove(timer);
  g_main_loop_unref(main_loop);
  std::printf("%d answers\n", answers);
  return answers == 3 ? 0 : 1;
}
