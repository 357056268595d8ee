// spool inside a program of asio's: a timer of asio's asks, a socket of ours answers, and one
// io_context::run serves both.

#include <spool/hosts/asio.h>
#include <spool/spool.h>

#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdio>

// Asks again and again.
struct Questioner {
  asio::steady_timer timer;
  spool::Req& req;

  void ask() {
    req.try_send("what time is it?").value();
    timer.expires_after(std::chrono::milliseconds(100));
    timer.async_wait([this](const asio::error_code& error) {
      if (!error) ask();
    });
  }
};

int main() {
  asio::io_context context;
  auto loop = spool::EventLoop::create({}).value();

  spool::hosts::Asio host;
  if (const auto attached = host.attach(loop, context); !attached.ok()) {
    std::printf("attach: %s\n", to_string(attached.error()));
    return 1;
  }

  auto rep = loop.open<spool::Rep>().value();
  auto req = loop.open<spool::Req>().value();
  req.connect(rep.listen("tcp://127.0.0.1:0").value().address().text()).value();

  Questioner questioner{asio::steady_timer(context), req};
  rep.on_readable([&rep] {
    while (auto question = rep.try_recv()) rep.try_send("noon").value();
  });
  int answers = 0;
  req.on_readable([&] {
    while (auto answer = req.try_recv()) {
      std::printf("answer %d: %.*s\n", ++answers, static_cast<int>(answer->size()),
                  answer->text().data());
    }
    if (answers < 5) return;
    host.detach();  // run() returns when nothing is left for it to do
    questioner.timer.cancel();
  });

  questioner.ask();
  context.run();
  return answers == 5 ? 0 : 1;
}
