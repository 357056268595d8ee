// spool inside a program of libev's: a timer of libev's asks, a socket of ours answers, and one
// ev_run serves both.

#include <spool/hosts/ev.h>
#include <spool/spool.h>

#include <cstdio>

int main() {
  struct ev_loop* const main_loop = ev_loop_new(EVFLAG_AUTO);
  auto loop = spool::EventLoop::create({}).value();

  spool::hosts::Ev host;
  if (const auto attached = host.attach(loop, main_loop); !attached.ok()) {
    std::printf("attach: %s\n", to_string(attached.error()));
    return 1;
  }

  auto rep = loop.open<spool::Rep>().value();
  auto req = loop.open<spool::Req>().value();
  req.connect(rep.listen("tcp://127.0.0.1:0").value().address().text()).value();

  ev_timer timer;
  ev_timer_init(
      &timer,
      [](struct ev_loop*, ev_timer* self, int) {
        static_cast<spool::Req*>(self->data)->try_send("what time is it?").value();
        std::printf("the timer asks\n");
      },
      0., 0.1);
  timer.data = &req;
  ev_timer_start(main_loop, &timer);

  rep.on_readable([&rep, main_loop] {
    while (auto question = rep.try_recv()) {
      char answer[32];
      std::snprintf(answer, sizeof answer, "%.3f", ev_now(main_loop));
      rep.try_send(answer).value();
    }
  });
  int answers = 0;
  req.on_readable([&] {
    while (auto answer = req.try_recv()) {
      std::printf("answer %d: %.*s\n", ++answers, static_cast<int>(answer->size()),
                  answer->text().data());
    }
    if (answers == 5) ev_break(main_loop, EVBREAK_ALL);
  });

  ev_run(main_loop, 0);
  host.detach();
  ev_loop_destroy(main_loop);
  return answers == 5 ? 0 : 1;
}
