// spool inside a program of libevent's: a timer of libevent's publishes, a subscriber of ours
// listens, and one event_base_dispatch serves both.

#include <spool/hosts/event.h>
#include <spool/spool.h>

#include <cstdio>

int main() {
  event_base* const base = event_base_new();
  auto loop = spool::EventLoop::create({}).value();

  spool::hosts::LibEvent host;
  if (const auto attached = host.attach(loop, base); !attached.ok()) {
    std::printf("attach: %s\n", to_string(attached.error()));
    return 1;
  }

  auto pub = loop.open<spool::Pub>().value();
  auto sub = loop.open<spool::Sub>().value();
  sub.subscribe("weather.").value();
  sub.connect(pub.listen("tcp://127.0.0.1:0").value().address().text()).value();

  const auto publish = [](evutil_socket_t, short, void* self) {
    static_cast<spool::Pub*>(self)->try_send("weather.north: rain").value();
    static_cast<spool::Pub*>(self)->try_send("sport.chess: draw").value();
  };
  event* const timer = event_new(base, -1, EV_PERSIST, publish, &pub);
  const timeval interval{0, 100'000};
  event_add(timer, &interval);

  int lines = 0;
  sub.on_readable([&] {
    while (auto line = sub.try_recv()) {
      std::printf("%d: %.*s\n", ++lines, static_cast<int>(line->size()), line->text().data());
    }
    if (lines < 5) return;
    host.detach();  // event_base_dispatch ends when nothing is left for it to do
    event_del(timer);
  });

  event_base_dispatch(base);
  event_free(timer);
  event_base_free(base);
  return lines == 5 ? 0 : 1;
}
