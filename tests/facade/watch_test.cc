// Watch: descriptors of the host's in the loop, beside its sockets.
#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

struct HostsPipe {
  int read_end = -1;
  int write_end = -1;
  HostsPipe() {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0);
    read_end = fds[0];
    write_end = fds[1];
  }
  ~HostsPipe() {
    ::close(read_end);
    ::close(write_end);
  }
  void put(std::string_view text) {
    REQUIRE(::write(write_end, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  std::string take() {
    char bytes[100];
    const ssize_t size = ::read(read_end, bytes, sizeof bytes);
    return size < 0 ? "nothing" : std::string(bytes, static_cast<std::size_t>(size));
  }
};

struct TestWaiter final : Waiter {
  void on_wake(Error why) noexcept override {
    ++calls;
    last = why;
  }
  int calls = 0;
  Error last = Error::none;
};

struct World {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  HostsPipe pipe;
};

TEST_CASE("a descriptor of the host's is heard of while it is ready, once per turn") {
  World world;
  std::vector<std::string> heard;
  bool reads = false;
  Watch watch = world.loop
                    .watch(world.pipe.read_end, Interest::read,
                           [&](Readiness ready) {
                             CHECK(ready.readable);
                             CHECK_FALSE(ready.writable);
                             heard.push_back(reads ? world.pipe.take() : "later");
                           })
                    .value();
  CHECK(watch.is_open());
  world.loop.poll_once();
  CHECK(heard.empty());
  world.pipe.put("hello");
  CHECK(world.loop.poll_once().notices == 1);
  CHECK(world.loop.poll_once(Timeout::infinite()).notices == 1);
  reads = true;
  world.loop.poll_once();
  world.loop.poll_once();
  CHECK(heard == std::vector<std::string>{"later", "later", "hello"});
}

TEST_CASE("reading, writing or both, as was asked for last") {
  World world;
  int calls = 0;
  Watch watch = world.loop
                    .watch(world.pipe.write_end, Interest::none,
                           [&](Readiness ready) {
                             CHECK(ready.writable);
                             ++calls;
                           })
                    .value();
  world.loop.poll_once(1ms);
  CHECK(calls == 0);
  watch.set_interest(Interest::write).value();
  world.loop.poll_once();
  CHECK(calls == 1);
  watch.set_interest(Interest::read).value();
  world.loop.poll_once(1ms);
  CHECK(calls == 1);
}

TEST_CASE("what is not asked for any more by the time of the notice is not told") {
  World world;
  int calls = 0;
  std::optional<Watch> watch;
  watch.emplace(
      world.loop.watch(world.pipe.read_end, Interest::read, [&](Readiness) { ++calls; }).value());
  world.pipe.put("x");
  SECTION("no interest") {
    world.loop.post([&] { watch->set_interest(Interest::none).value(); }).value();
  }
  SECTION("closed") {
    world.loop.post([&] { watch.reset(); }).value();
  }
  world.loop.poll_once();
  world.loop.poll_once(1ms);
  CHECK(calls == 0);
}

TEST_CASE("a watch may be closed within its callback, and its descriptor at once after it") {
  World world;
  HostsPipe next;
  auto own = std::make_unique<HostsPipe>();
  std::optional<Watch> watch;
  int calls = 0;
  watch.emplace(world.loop
                    .watch(own->read_end, Interest::read,
                           [&](Readiness) {
                             ++calls;
                             watch.reset();
                             own.reset();
                           })
                    .value());
  own->put("x");
  for (int i = 0; i < 3; ++i) world.loop.poll_once();
  CHECK(calls == 1);
  // Another may be watched in its place.
  watch.emplace(
      world.loop.watch(next.read_end, Interest::read, [&](Readiness) { ++calls; }).value());
  next.put("y");
  world.loop.poll_once();
  CHECK(calls == 2);
}

TEST_CASE("who waits for a descriptor keeps nobody else awake") {
  World world;
  Watch watch = world.loop.watch(world.pipe.read_end, Interest::read).value();
  world.pipe.put("x");
  CHECK(world.loop.poll_once(1ms).events == 0);  // nobody wants to hear of it
  TestWaiter one;
  TestWaiter two;
  watch.wait_ready(one, std::nullopt).value();
  watch.wait_ready(two, std::nullopt).value();
  CHECK(world.loop.poll_once(Timeout::infinite()).notices == 2);
  CHECK(one.calls == 1);
  CHECK(two.last == Error::none);
  CHECK(world.loop.poll_once(1ms).events == 0);
  watch.wait_ready(one, world.loop.now() + 1h).value();
  watch.close();
  world.loop.poll_once();
  CHECK(one.last == Error::closed);
  CHECK(watch.wait_ready(one, std::nullopt).error() == Error::closed);
  CHECK(watch.set_interest(Interest::read).error() == Error::closed);
}

TEST_CASE("a deadline ends the wait for a descriptor") {
  World world;
  Watch watch = world.loop.watch(world.pipe.read_end, Interest::read).value();
  TestWaiter waiter;
  watch.wait_ready(waiter, world.loop.now() + 1ms).value();
  REQUIRE(turn_until(world.loop, [&] { return waiter.calls != 0; }));
  CHECK(waiter.last == Error::timed_out);
}

TEST_CASE("wrong descriptors are refused") {
  World world;
  CHECK(world.loop.watch(-1, Interest::read).error() == Error::invalid_argument);
  CHECK(world.loop.watch(9'999, Interest::read).error() == Error::invalid_argument);
  Watch watch = world.loop.watch(world.pipe.read_end, Interest::read).value();
  CHECK(world.loop.watch(world.pipe.read_end, Interest::read).error() == Error::invalid_argument);
}

TEST_CASE("handles move, and outlive their loop") {
  HostsPipe pipe;
  TestWaiter waiter;
  std::optional<Watch> watch;
  {
    HostsPipe other;
    EventLoop loop = EventLoop::create({}).value();
    Watch first = loop.watch(pipe.read_end, Interest::read, [](Readiness) {}).value();
    watch.emplace(std::move(first));
    CHECK_FALSE(first.is_open());
    CHECK(first.set_interest(Interest::none).error() == Error::closed);
    Watch second = loop.watch(other.read_end, Interest::read).value();
    second = std::move(*watch);
    CHECK(second.is_open());
    *watch = std::move(second);
    watch->wait_ready(waiter, std::nullopt).value();
  }
  CHECK_FALSE(watch->is_open());
  CHECK_FALSE(waiter.waiting());
  CHECK(waiter.calls == 0);
}

}  // namespace
}  // namespace spool
