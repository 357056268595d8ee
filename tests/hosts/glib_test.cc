// A loop inside GLib's.
#include <spool/hosts/glib.h>

#include <catch2/catch.hpp>

#include "glib_host.h"
#include "scenario.h"

namespace spool::hosts::scenario {
namespace {

struct GlibHost final : GlibLoop {
  Glib adapter;

  Result<void> attach(EventLoop& loop) override { return adapter.attach(loop, context()); }
  void detach() override { adapter.detach(); }
  void on_turn(Function<void(const PollResult&)> call) override {
    adapter.on_turn(std::move(call));
  }
};

TEST_CASE("the adapter is destroyed within its own callbacks") {
  GlibHost host;
  EventLoop loop = EventLoop::create({}).value();
  for (const bool in_turn : {true, false}) {
    auto adapter = std::make_unique<Glib>();
    adapter->attach(loop, host.context()).value();
    int calls = 0;
    const auto end = [&] {
      ++calls;
      adapter.reset();
    };
    if (in_turn)
      loop.post(end).value();
    else
      adapter->on_turn([&](const PollResult&) { end(); });
    loop.wake();
    host.after(50ms, [&] { host.quit(); });
    host.run();
    CHECK(calls == 1);
    CHECK(adapter == nullptr);
  }
}

TEST_CASE("on_turn may put another function in its place") {
  GlibHost host;
  EventLoop loop = EventLoop::create({}).value();
  host.attach(loop).value();
  int first = 0;
  int second = 0;
  host.on_turn([&](const PollResult&) {
    ++first;
    host.on_turn([&](const PollResult&) {
      ++second;
      host.on_turn(nullptr);
      host.after(50ms, [&] { host.quit(); });
      loop.wake();
    });
    loop.wake();
  });
  loop.wake();
  host.run();
  CHECK(first == 1);
  CHECK(second == 1);
}

TEST_CASE("a callback that runs the context keeps our loop waiting, and nobody spins") {
  GlibHost host;
  EventLoop loop = EventLoop::create({}).value();
  host.attach(loop).value();
  bool inner_ran = false;
  bool second_ran = false;
  loop.post([&] {
        host.after(100ms, [&] {
          CHECK_FALSE(second_ran);
          inner_ran = true;
        });
        loop.post([&] {
              second_ran = true;
              host.quit();
            })
            .value();
        int rounds = 0;
        for (; !inner_ran; ++rounds) g_main_context_iteration(host.context(), TRUE);
        CHECK(rounds <= 3);
      })
      .value();
  host.run();
  CHECK(inner_ran);
  CHECK(second_ran);
}

}  // namespace

std::unique_ptr<Host> make_host() { return std::make_unique<GlibHost>(); }

}  // namespace spool::hosts::scenario
