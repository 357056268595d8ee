// What every host has to do for a loop that lives inside it. A host's test includes this file once,
// implements Host and make_host(), and has all the tests below.
#pragma once

#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <catch2/catch.hpp>

#include "spool/spool.h"

namespace spool::hosts::scenario {

using namespace std::chrono_literals;

// The main loop of somebody else, with an adapter. Its callbacks may call anything here but run().
class Host {
 public:
  virtual ~Host() = default;

  // Of the loop that will be attached; it is gone when the host is destroyed.
  virtual EventLoopConfig config() { return {}; }
  // The adapter's.
  [[nodiscard]] virtual Result<void> attach(EventLoop& loop) = 0;
  virtual void detach() = 0;
  virtual void on_turn(Function<void(const PollResult&)> call) = 0;

  // One shot of the host's own timer; several at a time.
  virtual void after(Duration delay, std::function<void()> call) = 0;
  // The host's own loop: sleeps and serves until quit(), which only its callbacks call.
  virtual void run() = 0;
  virtual void quit() = 0;
};

// The host that the test file is about, ready to run.
std::unique_ptr<Host> make_host();

// What a test waits for; said when it never comes.
inline const char* awaited = "";

struct World {
  std::unique_ptr<Host> host = make_host();
  EventLoop loop;
  int turns = 0;
  std::uint64_t messages = 0;

  explicit World(Budget budget = {}) : loop(make_loop(budget)) {
    ::signal(SIGALRM, [](int) {
      for (const char* text : {"never came: ", awaited, "\n"})
        static_cast<void>(!::write(2, text, std::strlen(text)));
      ::_exit(1);
    });
    host->on_turn([this](const PollResult& result) {
      ++turns;
      messages += result.messages;
      check();
    });
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() { host->detach(); }

  // Runs the host until done() is true, which is looked at after each turn and each timer.
  void until(const char* what, std::function<bool()> done) {
    if (done()) return;
    awaited = what;
    done_ = std::move(done);
    is_done_ = false;
    ::alarm(30);
    host->run();
    ::alarm(0);
    done_ = nullptr;
    INFO(what);
    REQUIRE(is_done_);
  }
  void after(Duration delay, std::function<void()> call) {
    host->after(delay, [this, call = std::move(call)] {
      call();
      check();
    });
  }
  // Runs it for that long, whatever happens meanwhile.
  void sleep(Duration length) {
    bool over = false;
    after(length, [&] { over = true; });
    until("a timer of the host", [&] { return over; });
  }
  // Runs it until done() is true, which is looked at from time to time: for what happens while
  // nothing is attached.
  void until_seen(const char* what, const std::function<bool()>& done) {
    for (int i = 0; i < 1000 && !done(); ++i) sleep(10ms);
    INFO(what);
    REQUIRE(done());
  }
  // Until nothing happens any more; gives up after a while on a host that spins.
  void settle() {
    std::uint64_t before = ~std::uint64_t{0};
    for (int i = 0; i < 20 && before != loop.stats().turns; ++i) {
      before = loop.stats().turns;
      sleep(100ms);
    }
  }
  void attach() { host->attach(loop).value(); }

 private:
  EventLoop make_loop(const Budget& budget) {
    EventLoopConfig config = host->config();
    config.budget = budget;
    return EventLoop::create(std::move(config)).value();
  }
  void check() {
    if (!done_ || is_done_ || !done_()) return;
    is_done_ = true;
    host->quit();
  }

  std::function<bool()> done_;
  bool is_done_ = false;
};

// Two sockets that talk to each other.
struct Couple {
  Pair one;
  Pair other;
  std::string address;

  explicit Couple(World& world, const SocketOptions& options = {},
                  std::string_view where = "tcp://127.0.0.1:0")
      : one(world.loop.open<Pair>(options).value()), other(world.loop.open<Pair>(options).value()) {
    address = std::string(one.listen(where).value().address().text());
    other.connect(address).value();
    world.until("a connection", [this] { return one.peers() == 1 && other.peers() == 1; });
  }
};

inline Duration processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

TEST_CASE("messages go both ways over tcp") {
  World world;
  world.attach();
  Couple couple(world);
  int there = 0;
  int back = 0;
  couple.one.on_readable([&] {
    while (Result<Message> message = couple.one.try_recv()) {
      ++there;
      couple.one.try_send(*message).value();
    }
  });
  couple.other.on_readable([&] {
    while (couple.other.try_recv()) ++back;
    if (back < 100) couple.other.try_send("and again").value();
  });
  couple.other.try_send("first").value();
  world.until("a hundred answers", [&] { return back == 100; });
  CHECK(there == 100);
  // What on_turn was told adds up.
  CHECK(world.messages == 200);
  CHECK(static_cast<std::uint64_t>(world.turns) == world.loop.stats().turns);
}

TEST_CASE("deadlines of the library and timers of the host come, set in either's callbacks") {
  World world;
  world.attach();
  Req req = world.loop.open<Req>().value();
  req.listen("tcp://127.0.0.1:0").value();  // and nobody comes
  int rounds = 0;
  int ticks = 0;
  std::optional<Exchange> exchange;
  std::function<void()> ask = [&] {
    exchange = req.request("is anybody there?", {.deadline = 20ms}).value();
    exchange->on_readable([&] {
      CHECK(exchange->try_recv().error() == Error::deadline_passed);
      // Alternately within the loop's turn, and within a callback of a host that then sleeps.
      if (++rounds % 2 == 1)
        ask();
      else
        world.after(10ms, ask);
    });
  };
  world.after(10ms, ask);
  world.after(15ms, [&] { ++ticks; });
  world.after(45ms, [&] { ++ticks; });
  world.until("deadlines and timers", [&] { return rounds == 6 && ticks == 2; });
}

TEST_CASE("a post from a thread wakes the host") {
  World world;
  world.attach();
  constexpr int posts = 30;
  std::atomic<int> ran{0};
  std::thread thread([&] {
    for (int i = 0; i < posts; ++i) {
      while (ran.load() < i) std::this_thread::yield();
      // Some at once, some when the host is asleep.
      std::this_thread::sleep_for(std::chrono::milliseconds(i % 3 * 5));
      world.loop.post([&] { ran.fetch_add(1); }).value();
    }
  });
  world.until("posts", [&] { return ran.load() == posts; });
  thread.join();
}

TEST_CASE("wake() from a thread brings a turn") {
  World world;
  world.attach();
  world.sleep(20ms);
  const int before = world.turns;
  std::thread thread([&] {
    std::this_thread::sleep_for(20ms);
    world.loop.wake();
  });
  world.until("a turn", [&] { return world.turns > before; });
  thread.join();
}

TEST_CASE("sockets are closed in callbacks of both loops") {
  World world;
  world.attach();
  Couple couple(world);
  Couple further(world);
  couple.one.on_readable([&] {
    static_cast<void>(couple.one.try_recv());
    couple.one.close();
  });
  couple.other.try_send("close yourself").value();
  world.after(10ms, [&] { further.one.close(); });
  world.until("both to be alone",
              [&] { return couple.other.peers() == 0 && further.other.peers() == 0; });
  CHECK_FALSE(couple.one.is_open());
  couple.other.close();
  further.other.close();
  world.until("all to be freed", [&] { return world.loop.stats().sockets == 0; });
}

TEST_CASE("a peer that goes away and comes back is found again") {
  World world;
  world.attach();
  Couple couple(world, {.reconnect_min = 20ms, .reconnect_max = 20ms});
  for (int i = 0; i < 3; ++i) {
    couple.one.close();
    world.until("a parting", [&] { return couple.other.peers() == 0; });
    world.sleep(30ms);
    couple.one = world.loop.open<Pair>().value();
    couple.one.listen(couple.address).value();
    world.until("a reunion", [&] { return couple.other.peers() == 1; });
    couple.other.try_send("welcome").value();
    world.until("a message", [&] { return couple.one.can_recv(); });
  }
}

TEST_CASE("idle, it sleeps: no turns and no processor time") {
  World world;
  world.attach();
  Couple couple(world);
  Req req = world.loop.open<Req>().value();
  req.listen("tcp://127.0.0.1:0").value();
  const Exchange exchange = req.request("wait", {.deadline = 1h}).value();
  Couple within(world, {}, "inproc://idle");  // work without a descriptor
  within.one.try_send("x").value();
  world.settle();
  const std::uint64_t turns = world.loop.stats().turns;
  const Duration time = processor_time();
  world.sleep(2s);
  CHECK(world.loop.stats().turns - turns <= 5);
  CHECK(processor_time() - time < 200ms);
  // And wakes up as before.
  couple.other.try_send("good morning").value();
  world.until("a message after the sleep", [&] { return couple.one.can_recv(); });
}

TEST_CASE("detached in a callback of the loop, the host calls it no more, until attached again") {
  World world;
  world.attach();
  Couple couple(world);
  int received = 0;
  couple.one.on_readable([&] {
    while (couple.one.try_recv()) ++received;
    world.host->detach();
    world.host->detach();
  });
  for (int i = 1; i <= 3; ++i) {
    world.after(20ms, [&] { couple.other.try_send("detach").value(); });
    world.until_seen("the message that detaches", [&] { return received == i; });
    const std::uint64_t turns = world.loop.stats().turns;
    couple.other.try_send("nobody looks at this yet").value();
    world.loop.wake();
    world.sleep(50ms);
    CHECK(received == i);
    CHECK(world.loop.stats().turns == turns);
    // Whatever is waiting comes after this; the callback detaches again.
    while (couple.one.try_recv()) continue;
    world.loop.poll_once();
    while (couple.one.try_recv()) continue;
    received = i;
    world.attach();
  }
}

TEST_CASE("detached in a callback of the host and in on_turn") {
  World world;
  world.attach();
  Couple couple(world);
  world.after(10ms, [&] { world.host->detach(); });
  world.sleep(30ms);
  world.attach();
  int calls = 0;
  world.host->on_turn([&](const PollResult&) {
    ++calls;
    world.host->detach();
  });
  couple.other.try_send("x").value();
  world.until_seen("a turn", [&] { return calls == 1; });
  world.loop.wake();
  world.sleep(50ms);
  CHECK(calls == 1);
}

TEST_CASE("attached twice is an error that changes nothing") {
  World world;
  world.attach();
  CHECK(world.host->attach(world.loop).error() == Error::invalid_argument);
  Couple couple(world);
  world.host->detach();
  world.attach();
  couple.other.try_send("x").value();
  world.until("a message", [&] { return couple.one.can_recv(); });
}

TEST_CASE("what a budget leaves is done without another wake-up") {
  World world(Budget{1, 1, 0, Duration::zero()});
  Couple couple = [&] {
    world.attach();
    return Couple(world);
  }();
  int received = 0;
  couple.one.on_readable([&] {
    if (couple.one.try_recv()) ++received;  // one per notice
  });
  for (int i = 0; i < 50; ++i) couple.other.try_send("x").value();
  world.until("all of them", [&] { return received == 50; });
}

// Over tcp there is always a descriptor ready, over inproc always work left.
TEST_CASE("a flood does not keep the host from its own work") {
  for (const char* where : {"tcp://127.0.0.1:0", "inproc://flood"}) {
    INFO(where);
    World world;
    world.attach();
    Couple couple(world, {}, where);
    std::uint64_t passed = 0;
    const auto return_to = [&passed](Pair& socket) {
      return [&passed, &socket] {
        while (Result<Message> message = socket.try_recv()) {
          ++passed;
          static_cast<void>(socket.try_send(*message));
        }
      };
    };
    couple.one.on_readable(return_to(couple.one));
    couple.other.on_readable(return_to(couple.other));
    for (int i = 0; i < 32; ++i) couple.other.try_send("for ever").value();
    int ticks = 0;
    std::function<void()> tick = [&] {
      if (++ticks < 20) world.after(2ms, tick);
    };
    world.after(2ms, tick);
    world.until("timers under a flood", [&] { return ticks == 20; });
    CHECK(passed > 100);
  }
}

TEST_CASE(
    "sends that wait for the next turn are written, and a call may wait, in the host's callbacks") {
  World world;
  world.attach();
  Couple couple(world, {.immediate_sends = 0});
  std::string received;
  world.after(10ms, [&] {
    couple.other.try_send("gathered").value();
    received = couple.one.recv_for(10s).value().text();
  });
  world.until("a call that waits", [&] { return !received.empty(); });
  CHECK(received == "gathered");
  world.after(10ms, [&] { couple.other.try_send("again").value(); });
  world.until("a send from outside of a turn", [&] { return couple.one.can_recv(); });
}

TEST_CASE("the host ends, and runs again, with work left and without") {
  World world;
  for (int i = 0; i < 3; ++i) {
    world.attach();
    Couple couple(world);
    couple.other.try_send("left over").value();
    world.sleep(5ms);
    couple.other.try_send("left over").value();
    world.host->detach();
  }
  world.sleep(20ms);
  // The program goes on without the host.
  CHECK(world.loop.poll_once().error == Error::none);
}

}  // namespace spool::hosts::scenario
