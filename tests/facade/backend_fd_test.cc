// The loop inside of another one: backend_fd() is readable while poll_once() would do something,
// and silent when not.
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

// A host that sleeps in poll(2) on the loop's descriptor and nothing else.
struct Host {
  HangGuard guard;
  EventLoop loop;
  NativeHandle fd = invalid_handle;

  explicit Host(EventLoopConfig config = {}) : loop(EventLoop::create(std::move(config)).value()) {
    const Result<NativeHandle> result = loop.backend_fd();
    if (result.ok())
      fd = result.value();
    else
      REQUIRE(result.error() == Error::not_supported);
  }
  // The back-end of this build has no such descriptor (poll): nothing to test.
  [[nodiscard]] bool supported() const { return fd != invalid_handle; }
  [[nodiscard]] bool readable(int milliseconds = 0) const {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, milliseconds) == 1;
  }
  // Turns until the descriptor is silent.
  void settle() {
    for (int i = 0; i < 100 && readable(); ++i) loop.poll_once();
    REQUIRE_FALSE(readable());
  }
};

TEST_CASE("an idle loop is silent, and asking twice gives the same descriptor") {
  Host host;
  if (!host.supported()) return;
  CHECK_FALSE(host.readable());
  CHECK(host.loop.backend_fd().value() == host.fd);
  host.loop.poll_once();
  CHECK_FALSE(host.readable());
}

TEST_CASE("waking makes it readable until a turn") {
  Host host;
  if (!host.supported()) return;
  host.loop.wake();
  host.loop.wake();
  CHECK(host.readable());
  CHECK(host.readable());  // level-triggered
  host.loop.poll_once();
  CHECK_FALSE(host.readable());
}

TEST_CASE("a posted task makes it readable, one posted by a task too") {
  Host host;
  if (!host.supported()) return;
  int ran = 0;
  host.loop
      .post([&] {
        ++ran;
        host.loop.post([&] { ++ran; }).value();
      })
      .value();
  CHECK(host.readable());
  host.loop.poll_once();
  CHECK(ran == 1);
  CHECK(host.readable());
  host.loop.poll_once();
  CHECK(ran == 2);
  CHECK_FALSE(host.readable());
}

TEST_CASE("a task posted before the descriptor was asked for is not forgotten") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  loop.post([] {}).value();
  const Result<NativeHandle> fd = loop.backend_fd();
  if (!fd.ok()) return;
  pollfd entry{fd.value(), POLLIN, 0};
  CHECK(::poll(&entry, 1, 0) == 1);
}

TEST_CASE("a timer makes it readable when it is due, and not before") {
  Host host;
  if (!host.supported()) return;
  // Nobody listens there: after the refusal the connector waits for its retry.
  Push push = host.loop.open<Push>({.reconnect_min = 1h, .reconnect_max = 1h}).value();
  push.connect("ipc:///tmp/spool-nobody-here").value();
  host.settle();
  REQUIRE(host.loop.next_deadline().has_value());
  push.close();
  host.settle();
  Push quick = host.loop.open<Push>({.reconnect_min = 30ms, .reconnect_max = 30ms}).value();
  quick.connect("ipc:///tmp/spool-nobody-here").value();
  for (int i = 0; i < 3; ++i) {
    host.settle();
    CHECK(host.readable(10'000));
    const std::uint32_t timers = host.loop.poll_once().timers;
    // The timer of the kernel may be early by less than the grain of the clock: then it is set
    // again, and comes.
    if (timers == 0) --i;
  }
}

TEST_CASE("what inproc sockets do outside of a turn is announced") {
  Host host;
  if (!host.supported()) return;
  Push push = host.loop.open<Push>().value();
  Pull pull = host.loop.open<Pull>().value();
  int told = 0;
  pull.on_readable([&] {
    ++told;
    static_cast<void>(pull.try_recv());
  });
  pull.listen("inproc://nested").value();
  push.connect("inproc://nested").value();
  CHECK(host.readable());  // the two are linked in a turn
  host.settle();
  push.try_send("x").value();
  CHECK(host.readable());
  host.settle();
  CHECK(told == 1);
}

TEST_CASE("sends that were gathered make it readable until they are written") {
  Host host;
  if (!host.supported()) return;
  Push push = host.loop.open<Push>({.immediate_sends = 0}).value();
  Pull pull = host.loop.open<Pull>().value();
  push.connect(listen_on(pull, "tcp")).value();
  REQUIRE(turn_until(host.loop, [&] { return push.can_send(); }));
  host.settle();
  push.try_send("gathered").value();
  CHECK(push.unsent_bytes() != 0);
  CHECK(host.readable());
  const std::optional<Instant> deadline = host.loop.next_deadline();
  REQUIRE(deadline.has_value());
  CHECK(*deadline <= host.loop.now());
  host.loop.poll_once();
  CHECK(push.unsent_bytes() == 0);
  REQUIRE(turn_until(host.loop, [&] { return pull.can_recv(); }));
  host.settle();
}

TEST_CASE("a closed socket is freed, and after that it is silent") {
  Host host;
  if (!host.supported()) return;
  Pull pull = host.loop.open<Pull>().value();
  listen_on(pull, "tcp");
  host.settle();
  pull.close();
  CHECK(host.readable());
  host.settle();
  CHECK(host.loop.stats().sockets == 0);
}

TEST_CASE("what a budget left over keeps it readable") {
  Host host;
  if (!host.supported()) return;
  std::vector<Push> pushers;
  Pull pull = host.loop.open<Pull>().value();
  const std::string address = listen_on(pull, "tcp");
  for (int i = 0; i < 5; ++i) {
    pushers.push_back(host.loop.open<Push>().value());
    pushers.back().connect(address).value();
  }
  REQUIRE(turn_until(host.loop, [&] { return pull.peers() == 5; }));
  for (Push& push : pushers) REQUIRE(turn_until(host.loop, [&] { return push.can_send(); }));
  host.settle();
  for (Push& push : pushers) push.try_send("x").value();
  const Budget one{1, 0, 0, Duration::zero()};
  int received = 0;
  while (received < 5) {
    REQUIRE(host.readable(10'000));
    const PollResult result = host.loop.poll_once(Timeout::none(), one);
    if (result.more) CHECK(host.readable());
    while (pull.try_recv().ok()) ++received;
  }
  host.settle();
}

TEST_CASE("a host that only ever sleeps on it misses no task of another thread") {
  Host host;
  if (!host.supported()) return;
  constexpr int threads = 2;
  constexpr int per_thread = 20'000;
  std::atomic<int> ran{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> producers;
  for (int thread = 0; thread < threads; ++thread) {
    producers.emplace_back([&, thread] {
      for (int i = 0; i < per_thread; ++i) {
        const int before = ran.load();
        // Without a wait the tasks come in bursts; with one, each has to wake the host.
        if (!host.loop.post([&] { ran.fetch_add(1); }).ok()) {
          --i;
          std::this_thread::yield();
        } else if (thread == 0) {
          while (ran.load() == before) std::this_thread::yield();
        }
      }
    });
  }
  while (ran.load() < threads * per_thread && failed == 0) {
    if (host.readable(5'000))
      host.loop.poll_once();
    else
      failed = 1;
  }
  CHECK(failed == 0);
  if (failed != 0)
    while (ran.load() < threads * per_thread) host.loop.poll_once();
  for (std::thread& producer : producers) producer.join();
}

}  // namespace
}  // namespace spool
