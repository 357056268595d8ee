// spool inside a program of libuv's: a timer of libuv's sends, a socket of ours receives, and one
// uv_run serves both.

#include <spool/hosts/uv.h>
#include <spool/spool.h>

#include <cstdio>

int main() {
  uv_loop_t* const main_loop = uv_default_loop();
  auto loop = spool::EventLoop::create({}).value();

  spool::hosts::Uv host;
  if (const auto attached = host.attach(loop, main_loop); !attached.ok()) {
    std::printf("attach: %s\n", to_string(attached.error()));
    return 1;
  }

  auto pull = loop.open<spool::Pull>().value();
  auto push = loop.open<spool::Push>().value();
  push.connect(pull.listen("tcp://127.0.0.1:0").value().address().text()).value();

  uv_timer_t timer;
  uv_timer_init(main_loop, &timer);
  timer.data = &push;
  const auto tick = [](uv_timer_t* self) {
    const auto sent = static_cast<spool::Push*>(self->data)->try_send("tick");
    std::printf("the timer sends: %s\n", to_string(sent.error()));  // would_block: nobody there yet
  };
  uv_timer_start(&timer, tick, 0, 100);

  int received = 0;
  pull.on_readable([&] {
    while (auto message = pull.try_recv()) {
      std::printf("received %d: %.*s\n", ++received, static_cast<int>(message->size()),
                  message->text().data());
    }
    if (received < 5) return;
    host.detach();  // uv_run ends when nothing is left for it to do
    uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
  });

  uv_run(main_loop, UV_RUN_DEFAULT);
  return received == 5 && uv_loop_close(main_loop) == 0 ? 0 : 1;
}
