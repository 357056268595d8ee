// A loop inside glfwWaitEvents.
#include <spool/hosts/glfw.h>

#include <catch2/catch.hpp>
#include <map>

#include "scenario.h"

namespace spool::hosts::scenario {
namespace {

struct GlfwHost final : Host {
  Glfw adapter;
  GLFWwindow* window = nullptr;
  std::multimap<double, std::function<void()>> timers;  // GLFW has none: by glfwGetTime
  bool running = false;
  int wakes = 0;

  GlfwHost() {
    REQUIRE(glfwInit() == GLFW_TRUE);
    glfwWindowHint(GLFW_CLIENT_API, GLFW_NO_API);
    window = glfwCreateWindow(64, 64, "spool", nullptr, nullptr);
    REQUIRE(window != nullptr);
  }
  ~GlfwHost() override {
    adapter.detach();
    glfwTerminate();
  }

  Result<void> attach(EventLoop& loop) override { return adapter.attach(loop); }
  void detach() override { adapter.detach(); }
  void on_turn(Function<void(const PollResult&)> call) override {
    adapter.on_turn(std::move(call));
  }
  void after(Duration delay, std::function<void()> call) override {
    timers.emplace(glfwGetTime() + std::chrono::duration<double>(delay).count(), std::move(call));
  }
  void step() {
    if (timers.empty())
      glfwWaitEvents();
    else
      glfwWaitEventsTimeout(std::max(0.0005, timers.begin()->first - glfwGetTime()));
    ++wakes;
    adapter.turn();
    while (!timers.empty() && timers.begin()->first <= glfwGetTime()) {
      const std::function<void()> call = std::move(timers.begin()->second);
      timers.erase(timers.begin());
      call();
    }
  }
  void run() override {
    for (running = true; running;) step();
  }
  void quit() override { running = false; }
};

// As a program that draws frame after frame: one poll_once in each, and no adapter.
TEST_CASE("in a frame loop, poll_once per frame is all it takes") {
  GlfwHost host;
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  Push push = loop.open<Push>().value();
  push.connect(pull.listen("tcp://127.0.0.1:0").value().address().text()).value();
  int received = 0;
  int sent = 0;
  for (int frame = 0; received < 100 && frame < 10'000; ++frame) {
    glfwPollEvents();
    loop.poll_once();
    while (pull.try_recv()) ++received;
    if (sent < 100 && push.try_send("input").ok()) ++sent;
    std::this_thread::sleep_for(1ms);
  }
  CHECK(received == 100);
}

TEST_CASE("a turn that nothing was announced for does nothing") {
  World world;
  auto& host = static_cast<GlfwHost&>(*world.host);
  CHECK_FALSE(host.adapter.turn());
  world.attach();
  Couple couple(world);
  world.sleep(50ms);
  const std::uint64_t turns = world.loop.stats().turns;
  for (int i = 0; i < 10; ++i) CHECK_FALSE(host.adapter.turn());
  CHECK(world.loop.stats().turns == turns);
}

TEST_CASE("idle, it does not wake up the program either") {
  World world;
  auto& host = static_cast<GlfwHost&>(*world.host);
  world.attach();
  Couple couple(world);
  world.sleep(200ms);
  const int wakes = host.wakes;
  world.sleep(1s);
  CHECK(host.wakes - wakes <= 10);
}

TEST_CASE("the adapter is destroyed within its own callbacks") {
  GlfwHost host;
  EventLoop loop = EventLoop::create({}).value();
  for (const bool in_turn : {true, false}) {
    auto adapter = std::make_unique<Glfw>();
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
    while (adapter != nullptr) {
      glfwWaitEvents();
      adapter->turn();
    }
    ::alarm(0);
    CHECK(calls == 1);
  }
}

}  // namespace

std::unique_ptr<Host> make_host() { return std::make_unique<GlfwHost>(); }

}  // namespace spool::hosts::scenario
