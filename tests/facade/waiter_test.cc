// Waiter: who waits for one thing of a loop, and is called once for it.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"
#include "tests/support/fake_clock.h"

namespace spool {
namespace {

using namespace std::chrono_literals;
using Log = std::vector<std::string>;

struct TestWaiter final : Waiter {
  explicit TestWaiter(std::function<void(Error)> wake) : work(std::move(wake)) {}
  ~TestWaiter() = default;
  void on_wake(Error why) noexcept override {
    ++calls;
    last = why;
    // May destroy this.
    const std::function<void(Error)> running = work;
    running(why);
  }
  std::function<void(Error)> work;
  int calls = 0;
  Error last = Error::none;
};

struct World {
  HangGuard guard;
  testing::FakeClock clock;
  EventLoop loop = EventLoop::create(config()).value();
  Push push = loop.open<Push>().value();
  Pull pull = loop.open<Pull>().value();
  Log log;

  EventLoopConfig config() {
    EventLoopConfig with;
    with.clock = &clock;
    return with;
  }
  World() {
    push.connect(listen_on(pull, "inproc")).value();
    for (int i = 0; i < 20; ++i) loop.poll_once();
  }
  std::unique_ptr<TestWaiter> make(const std::string& name, bool takes = true) {
    return std::make_unique<TestWaiter>([this, name, takes](Error why) {
      std::string text = why == Error::none ? "" : " " + std::string(to_string(why));
      if (why == Error::none && takes) {
        const Result<Message> message = pull.try_recv();
        text = message.ok() ? " " + std::string(message->text()) : " nothing";
      }
      log.push_back(name + text);
    });
  }
};

TEST_CASE("those who wait for a socket take turns, one message each") {
  World world;
  std::vector<std::unique_ptr<TestWaiter>> waiters;
  for (const char* name : {"a", "b", "c"}) {
    waiters.push_back(world.make(name));
    world.pull.wait_readable(*waiters.back(), std::nullopt).value();
    CHECK(waiters.back()->waiting());
  }
  world.loop.poll_once();
  CHECK(world.log.empty());
  world.push.try_send("1").value();
  world.push.try_send("2").value();
  CHECK(world.loop.poll_once().notices == 2);
  CHECK(world.log == Log{"a 1", "b 2"});
  CHECK_FALSE(waiters[0]->waiting());
  world.pull.wait_readable(*waiters[0], std::nullopt).value();
  world.push.try_send("3").value();
  world.loop.poll_once();
  world.push.try_send("4").value();
  world.loop.poll_once();
  CHECK(world.log == Log{"a 1", "b 2", "c 3", "a 4"});
}

TEST_CASE("what is there already is announced in the next turn") {
  World world;
  world.push.try_send("1").value();
  world.loop.poll_once();
  auto waiter = world.make("a");
  world.pull.wait_readable(*waiter, std::nullopt).value();
  CHECK(world.loop.next_deadline() == world.loop.now());
  world.loop.poll_once();
  CHECK(world.log == Log{"a 1"});
}

TEST_CASE("one who does not take leaves it to the next, and is not called again") {
  World world;
  auto lazy = world.make("lazy", false);
  auto keen = world.make("keen");
  world.pull.wait_readable(*lazy, std::nullopt).value();
  world.pull.wait_readable(*keen, std::nullopt).value();
  world.push.try_send("1").value();
  world.loop.poll_once();
  CHECK(world.log == Log{"lazy", "keen 1"});
  for (int i = 0; i < 3; ++i) CHECK_FALSE(world.loop.poll_once().more);
}

TEST_CASE("waiting for room") {
  World world;
  TestWaiter writer([&](Error) { world.log.push_back("room"); });
  while (world.push.try_send("x").ok()) {
  }
  world.push.wait_writable(writer, std::nullopt).value();
  for (int i = 0; i < 5; ++i) world.loop.poll_once();
  CHECK(writer.calls == 0);
  while (world.pull.try_recv().ok()) {
  }
  for (int i = 0; i < 5; ++i) world.loop.poll_once();
  CHECK(writer.calls == 1);
  CHECK(world.push.can_send());
  // There is room now: announced in the next turn.
  world.push.wait_writable(writer, std::nullopt).value();
  world.loop.poll_once();
  CHECK(writer.calls == 2);
}

TEST_CASE("a deadline ends a wait, at that time and not before") {
  World world;
  auto waiter = world.make("a");
  world.pull.wait_readable(*waiter, world.loop.now() + 10ms).value();
  CHECK(world.loop.next_deadline() == world.loop.now() + 10ms);
  world.clock.advance(10ms - 1ns);
  world.loop.poll_once();
  CHECK(world.log.empty());
  world.clock.advance(1ns);
  world.loop.poll_once();
  CHECK(world.log == Log{"a timed_out"});
  world.push.try_send("1").value();
  world.loop.poll_once();
  CHECK(world.log.size() == 1);
  // A message in time takes the deadline away.
  world.pull.wait_readable(*waiter, world.loop.now() + 10ms).value();
  world.loop.poll_once();
  CHECK(world.log.back() == "a 1");
  CHECK_FALSE(world.loop.next_deadline().has_value());
}

TEST_CASE("to wait anew forgets the former wait") {
  World world;
  auto waiter = world.make("a");
  world.pull.wait_readable(*waiter, world.loop.now() + 5ms).value();
  world.loop.wait_until(world.loop.now() + 10ms, *waiter).value();
  world.push.try_send("1").value();
  world.clock.advance(6ms);
  world.loop.poll_once();
  CHECK(world.log.empty());
  world.clock.advance(4ms);
  world.loop.poll_once();
  CHECK(world.log == Log{"a timed_out"});
}

TEST_CASE("closing the socket wakes all, who may be destroyed meanwhile") {
  World world;
  std::vector<std::unique_ptr<TestWaiter>> waiters;
  for (const char* name : {"a", "b", "c"}) {
    waiters.push_back(world.make(name));
    world.pull.wait_readable(*waiters.back(), std::nullopt).value();
  }
  waiters[1].reset();
  world.pull.close();
  CHECK(world.log.empty());
  waiters[0]->work = [&](Error why) {
    world.log.push_back("a " + std::string(to_string(why)));
    waiters[2].reset();
  };
  world.loop.poll_once();
  CHECK(world.log == Log{"a closed"});
  CHECK(world.pull.wait_readable(*waiters[0], std::nullopt).error() == Error::closed);
  CHECK_FALSE(waiters[0]->waiting());
}

TEST_CASE("one who closes the socket while others wait in the same turn") {
  World world;
  auto other = world.make("other");
  TestWaiter closer([&](Error) { world.pull.close(); });
  world.pull.wait_readable(closer, std::nullopt).value();
  world.pull.wait_readable(*other, std::nullopt).value();
  world.push.try_send("1").value();
  world.push.try_send("2").value();
  world.loop.poll_once();
  world.loop.poll_once();
  CHECK(world.log == Log{"other closed"});
}

TEST_CASE("one who is woken and cancelled before its turn is not called") {
  World world;
  auto waiter = world.make("a");
  world.loop.call_soon(*waiter).value();
  CHECK(waiter->waiting());
  waiter->cancel();
  CHECK_FALSE(waiter->waiting());
  world.loop.poll_once();
  CHECK(world.log.empty());
  waiter->cancel();
}

TEST_CASE("who calls itself again is called once per turn") {
  World world;
  TestWaiter* self = nullptr;
  TestWaiter waiter([&](Error) { world.loop.call_soon(*self).value(); });
  self = &waiter;
  world.loop.call_soon(waiter).value();
  for (int turn = 1; turn <= 3; ++turn) {
    CHECK(world.loop.poll_once().more);
    CHECK(waiter.calls == turn);
  }
}

TEST_CASE("many who wait are called within the time for callbacks, the rest in the next turn") {
  World world;
  std::vector<std::unique_ptr<TestWaiter>> waiters;
  const bool soon = GENERATE(true, false);
  for (int i = 0; i < 10; ++i) {
    waiters.push_back(std::make_unique<TestWaiter>([&world](Error) { world.clock.advance(1ms); }));
    if (soon)
      world.loop.call_soon(*waiters.back()).value();
    else
      world.loop.wait_until(world.loop.now(), *waiters.back()).value();
  }
  Budget budget;
  budget.callback_time = 4ms;
  CHECK(world.loop.poll_once(Timeout::none(), budget).notices == 4);
  const PollResult second = world.loop.poll_once(Timeout::none(), budget);
  CHECK(second.notices == 4);
  CHECK(second.more);
  CHECK(world.loop.poll_once(Timeout::none(), budget).notices == 2);
}

TEST_CASE("tasks that use up the time for callbacks leave who waits for a socket a turn") {
  World world;
  auto first = world.make("a");
  auto second = world.make("b");
  world.pull.wait_readable(*first, std::nullopt).value();
  world.pull.wait_readable(*second, std::nullopt).value();
  world.push.try_send("1").value();
  world.push.try_send("2").value();
  Budget budget;
  budget.callback_time = 1ms;
  for (int turn = 1; turn <= 2; ++turn) {
    world.loop.post([&] { world.clock.advance(5ms); }).value();
    CHECK(world.loop.poll_once(Timeout::none(), budget).more == (turn == 1));
    CHECK(world.log.size() == static_cast<std::size_t>(turn));
  }
  CHECK(world.log == Log{"a 1", "b 2"});
}

TEST_CASE("an exchange wakes who waits for it: for its answer, its deadline, its end") {
  World world;
  Req req = world.loop.open<Req>().value();
  Rep rep = world.loop.open<Rep>().value();
  req.connect(listen_on(rep, "inproc")).value();
  for (int i = 0; i < 20; ++i) world.loop.poll_once();
  Exchange exchange = req.open_exchange({.deadline = 1s}).value();
  TestWaiter waiter([](Error) {});
  exchange.request("x").value();
  exchange.wait_readable(waiter, std::nullopt).value();
  SECTION("its answer") {
    REQUIRE(turn_until(world.loop, [&] { return rep.can_recv(); }));
    rep.try_recv_request().value().reply("y").value();
    REQUIRE(turn_until(world.loop, [&] { return waiter.calls == 1; }));
    CHECK(exchange.try_recv().value().text() == "y");
    CHECK(waiter.last == Error::none);
  }
  SECTION("its deadline") {
    world.clock.advance(1s);
    world.loop.poll_once();
    CHECK(waiter.calls == 1);
    CHECK(exchange.try_recv().error() == Error::deadline_passed);
  }
  SECTION("its end") {
    exchange.close();
    world.loop.poll_once();
    CHECK(waiter.calls == 1);
    CHECK(waiter.last == Error::closed);
  }
}

TEST_CASE("the loop may go before those who wait, and they before it") {
  TestWaiter survivor([](Error) {});
  TestWaiter woken([](Error) {});
  TestWaiter sleeper([](Error) {});
  {
    World world;
    TestWaiter gone([](Error) {});
    world.pull.wait_readable(survivor, world.loop.now() + 1h).value();
    world.pull.wait_readable(gone, std::nullopt).value();
    world.loop.wait_until(world.loop.now() + 1h, sleeper).value();
    world.loop.call_soon(woken).value();
  }
  for (const TestWaiter* waiter : {&survivor, &woken, &sleeper}) {
    CHECK(waiter->calls == 0);
    CHECK_FALSE(waiter->waiting());
  }
}

TEST_CASE("a timer calls back once, at its last deadline") {
  World world;
  int calls = 0;
  Timer timer(world.loop, [&] { ++calls; });
  CHECK_FALSE(timer.is_set());
  timer.expire_after(10ms).value();
  world.clock.advance(5ms);
  timer.expire_after(10ms).value();  // replaces the first
  CHECK(timer.is_set());
  world.clock.advance(5ms);
  world.loop.poll_once();
  CHECK(calls == 0);
  world.clock.advance(5ms);
  world.loop.poll_once();
  world.loop.poll_once();
  CHECK(calls == 1);
  CHECK_FALSE(timer.is_set());
  timer.expire_at(world.loop.now()).value();
  timer.cancel();
  world.loop.poll_once();
  CHECK(calls == 1);
}

TEST_CASE("a timer may be set anew and destroyed within its callback") {
  World world;
  int calls = 0;
  Timer* self = nullptr;
  Timer again(world.loop, [&] {
    if (++calls < 3) self->expire_after(1ms).value();
  });
  self = &again;
  again.expire_after(0ms).value();
  std::unique_ptr<Timer> once;
  once = std::make_unique<Timer>(world.loop, [&] { once.reset(); });
  once->expire_after(0ms).value();
  for (int i = 0; i < 5; ++i) {
    world.loop.poll_once();
    world.clock.advance(1ms);
  }
  CHECK(calls == 3);
  CHECK(once == nullptr);
}

}  // namespace
}  // namespace spool
