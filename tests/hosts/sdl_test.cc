// A loop inside SDL's event queue. Needs a display: without a window SDL polls instead of sleeping.
#include <spool/hosts/sdl.h>

#include <SDL.h>

#include <catch2/catch.hpp>

#include "scenario.h"

namespace spool::hosts::scenario {
namespace {

struct SdlHost final : Host {
  struct Timer {
    SdlHost* host;
    std::function<void()> call;
  };

  Sdl adapter;
  SDL_Window* window = nullptr;
  Uint32 timer_type = 0;
  int others = 0;  // events that are neither ours nor the timer's
  bool running = false;
  std::atomic<int> timers{0};  // that SDL's timer thread has not called yet

  SdlHost() {
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    REQUIRE(SDL_Init(SDL_INIT_VIDEO | SDL_INIT_TIMER) == 0);
    SDL_EventState(SDL_JOYDEVICEADDED, SDL_DISABLE);
    window = SDL_CreateWindow("spool", 0, 0, 64, 64, SDL_WINDOW_SHOWN);
    REQUIRE(window != nullptr);
    timer_type = SDL_RegisterEvents(1);
  }
  ~SdlHost() override {
    adapter.detach();
    // SDL's timer thread has `this`.
    while (timers.load() > 0) SDL_Delay(1);
    SDL_DestroyWindow(window);
    SDL_Quit();
  }

  Result<void> attach(EventLoop& loop) override { return adapter.attach(loop); }
  void detach() override { adapter.detach(); }
  void on_turn(Function<void(const PollResult&)> call) override {
    adapter.on_turn(std::move(call));
  }
  void after(Duration delay, std::function<void()> call) override {
    // SDL calls timers in a thread of its own, so they push an event.
    timers.fetch_add(1);
    const auto length = std::chrono::ceil<std::chrono::milliseconds>(delay).count();
    const SDL_TimerID started = SDL_AddTimer(
        static_cast<Uint32>(length),
        [](Uint32, void* pointer) -> Uint32 {
          Timer* const timer = static_cast<Timer*>(pointer);
          SdlHost* const host = timer->host;
          SDL_Event event{};
          event.type = host->timer_type;
          event.user.data1 = timer;
          SDL_PushEvent(&event);
          host->timers.fetch_sub(1);
          return 0;
        },
        new Timer{this, std::move(call)});
    REQUIRE(started != 0);
  }
  void dispatch(const SDL_Event& event) {
    if (adapter.handle(event)) return;
    if (event.type != timer_type) {
      ++others;
      return;
    }
    const std::unique_ptr<Timer> timer(static_cast<Timer*>(event.user.data1));
    timer->call();
  }
  void run() override {
    running = true;
    for (SDL_Event event; running && SDL_WaitEvent(&event) != 0;) dispatch(event);
  }
  void quit() override { running = false; }
};

// As a program that draws frame after frame: one poll_once in each, and no adapter.
TEST_CASE("in a frame loop, poll_once per frame is all it takes") {
  SdlHost host;
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  Push push = loop.open<Push>().value();
  push.connect(pull.listen("tcp://127.0.0.1:0").value().address().text()).value();
  int received = 0;
  int sent = 0;
  for (int frame = 0; received < 100 && frame < 10'000; ++frame) {
    loop.poll_once();
    while (pull.try_recv()) ++received;
    for (SDL_Event event; SDL_PollEvent(&event) != 0;) CHECK_FALSE(host.adapter.handle(event));
    if (sent < 100 && push.try_send("input").ok()) ++sent;
    SDL_Delay(1);
  }
  CHECK(received == 100);
}

TEST_CASE("a full queue of SDL's loses no wake-up") {
  World world;
  world.attach();
  Couple couple(world);
  int received = 0;
  couple.one.on_readable([&] {
    while (couple.one.try_recv()) ++received;
  });
  SDL_Event filler{};
  filler.type = SDL_RegisterEvents(1);
  int pushed = 0;
  while (SDL_PushEvent(&filler) == 1) ++pushed;
  REQUIRE(pushed > 1000);
  couple.other.try_send("comes late").value();
  SDL_Delay(50);  // the watcher tries, and cannot
  CHECK(received == 0);
  world.until("the message behind a full queue", [&] { return received == 1; });
}

TEST_CASE("events that the program throws away are announced again") {
  World world;
  world.attach();
  Couple couple(world);
  couple.other.try_send("thrown away").value();
  for (int i = 0; i < 10; ++i) {
    SDL_Delay(20);
    SDL_FlushEvents(SDL_FIRSTEVENT, SDL_LASTEVENT);
  }
  world.until("the message", [&] { return couple.one.can_recv(); });
}

TEST_CASE("an event that is still in the queue after detach does nothing") {
  SdlHost host;
  EventLoop loop = EventLoop::create({}).value();
  host.attach(loop).value();
  loop.wake();
  SDL_Event event{};
  while (!(SDL_WaitEventTimeout(&event, 10'000) != 0 && event.type >= SDL_USEREVENT)) continue;
  const std::uint64_t turns = loop.stats().turns;
  host.detach();
  CHECK(host.adapter.handle(event));
  CHECK(loop.stats().turns == turns);
}

TEST_CASE("the adapter is destroyed within its own callbacks") {
  SdlHost host;
  EventLoop loop = EventLoop::create({}).value();
  for (const bool in_turn : {true, false}) {
    auto adapter = std::make_unique<Sdl>();
    adapter->attach(loop).value();
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
    ::alarm(30);
    for (SDL_Event event; adapter != nullptr && SDL_WaitEvent(&event) != 0;) adapter->handle(event);
    ::alarm(0);
    CHECK(calls == 1);
  }
}

TEST_CASE("a callback that waits for events itself keeps our loop waiting, and nobody spins") {
  World world;
  auto& host = static_cast<SdlHost&>(*world.host);
  world.attach();
  Pull pull = world.loop.open<Pull>().value();
  EventLoop far = EventLoop::create({}).value();
  Push push = far.open<Push>().value();
  push.connect(pull.listen("tcp://127.0.0.1:0").value().address().text()).value();
  world.until("a connection", [&] {
    far.poll_once();
    return push.peers() == 1;
  });
  int rounds = 0;
  world.loop
      .post([&] {
        bool over = false;
        host.after(1500ms, [&] { over = true; });  // longer than the watcher's patience
        push.send("makes the descriptor readable").value();
        far.drain_for(1s).value();
        for (SDL_Event event; !over && SDL_WaitEvent(&event) != 0; ++rounds) host.dispatch(event);
        CHECK_FALSE(pull.can_recv());
      })
      .value();
  world.until("the message", [&] { return pull.can_recv(); });
  CHECK(rounds < 50);
}

}  // namespace

std::unique_ptr<Host> make_host() { return std::make_unique<SdlHost>(); }

}  // namespace spool::hosts::scenario
