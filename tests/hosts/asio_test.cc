// A loop inside asio's.
#include <spool/hosts/asio.h>

#include <asio/executor_work_guard.hpp>
#include <asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <utility>

#include <catch2/catch.hpp>

#include "guest_cases.h"

namespace spool::hosts::scenario {
namespace {

class AsioHost final : public AdapterHost<Asio> {
 public:
  ~AsioHost() override { destroy_adapters(); }

  Result<void> attach_to(Asio& adapter, EventLoop& loop) override {
    return adapter.attach(loop, host_);
  }
  void after(Duration delay, std::function<void()> call) override {
    timers_.emplace_back(host_, delay);
    timers_.back().async_wait([call = std::move(call)](const asio::error_code& error) {
      if (!error) call();
    });
  }
  void run() override {
    const auto work = asio::make_work_guard(host_);
    host_.restart();
    host_.run();
  }
  void quit() override { host_.stop(); }

 private:
  asio::io_context host_;
  std::list<asio::steady_timer> timers_;
};

TEST_CASE("run() stays while a loop is attached, and ends when it is detached") {
  asio::io_context host;
  EventLoop loop = make_loop();
  Asio adapter;
  adapter.attach(loop, host).value();
  int turns = 0;
  adapter.on_turn([&](const PollResult&) {
    ++turns;
    loop.wake();
    if (turns == 10) adapter.detach();
  });
  loop.wake();
  host.run();
  CHECK(turns == 10);
}

TEST_CASE("a handler that comes after the adapter, and one that never comes, do no harm") {
  EventLoop loop = make_loop();
  for (const bool comes : {true, false}) {
    asio::io_context host;
    {
      Asio adapter;
      adapter.attach(loop, host).value();
      loop.wake();
      host.poll_one();  // one turn; the next handler is waiting
      loop.wake();
      adapter.detach();
      adapter.attach(loop, host).value();
    }
    if (comes) {
      host.restart();
      host.run();
    }
  }
  CHECK(loop.stats().turns == 2);
}

TEST_CASE("a callback that runs the io_context keeps our loop waiting, and nobody spins") {
  asio::io_context host;
  EventLoop loop = make_loop();
  Asio adapter;
  adapter.attach(loop, host).value();
  asio::steady_timer timer(host, 100ms);
  bool inner_ran = false;
  bool second_ran = false;
  timer.async_wait([&](const asio::error_code&) { inner_ran = true; });
  loop.post([&] {
        loop.post([&] { second_ran = true; }).value();
        int rounds = 0;
        for (; !inner_ran; ++rounds) host.run_one();
        CHECK(rounds <= 3);
        CHECK_FALSE(second_ran);
      })
      .value();
  while (!second_ran) host.run_one();
  CHECK(inner_ran);
}

}  // namespace

std::unique_ptr<GuestHost> make_guest_host() { return std::make_unique<AsioHost>(); }

}  // namespace spool::hosts::scenario
