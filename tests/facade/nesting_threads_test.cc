// Other threads wake a host that sleeps on backend_fd(), at every moment there is.
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"
#include "spool/loop/box.h"
#include "spool/loop/poller_epoll.h"
#include "spool/loop/poller_kqueue.h"
#include "tests/support/nested_poller.h"
#include "tests/support/sim_random.h"

namespace spool {
namespace {

using testing::is_readable;

TEMPLATE_TEST_CASE("no task and no wake-up of two threads is slept through", "", loop::EpollPoller,
                   loop::KqueuePoller) {
  HangGuard guard(120);
  const bool has_sockets = GENERATE(false, true);
  constexpr int per_thread = 10'000;
  SystemMemory memory;
  const loop::Box<Poller> poller = TestType::create(memory).value();
  EventLoopConfig config;
  config.poller = poller.get();
  config.post_queue = 8;  // full at times
  EventLoop loop = EventLoop::create(std::move(config)).value();
  const NativeHandle fd = loop.backend_fd().value();
  std::vector<Pull> sockets;
  if (has_sockets) {
    sockets.push_back(loop.open<Pull>().value());
    listen_on(sockets.back(), "tcp");
  }
  std::array<std::atomic<int>, 2> ran{};
  std::atomic<int> wakes{0};
  std::atomic<int> left{2};
  std::vector<std::thread> producers;
  for (std::size_t which = 0; which < 2; ++which) {
    producers.emplace_back([&, which] {
      sim::Random random(which + 1);
      for (int posted = 0; posted < per_thread;) {
        if (random.chance(30)) {
          loop.wake();
          ++wakes;
        }
        posted += loop.post([&, which] { ++ran[which]; }).ok() ? 1 : 0;
        // Now and then nothing else happens until it has run: the host has to wake for this one.
        if (random.chance(30))
          while (ran[which] < posted) std::this_thread::yield();
      }
      if (--left == 0) loop.wake();  // the host looks at `left`
    });
  }
  bool slept_through = false;
  while (left != 0 || ran[0] + ran[1] < 2 * per_thread) {
    slept_through = slept_through || !is_readable(fd, 10'000);
    loop.poll_once();
  }
  for (std::thread& producer : producers) producer.join();
  CHECK_FALSE(slept_through);
  CHECK(ran[0] == per_thread);
  CHECK(ran[1] == per_thread);
  CHECK(wakes > 1000);
  // What is over leaves nothing behind: a wake-up that was taken before its signal was written.
  for (int turns = 0; turns < 3 && is_readable(fd); ++turns) loop.poll_once();
  CHECK_FALSE(is_readable(fd));
}

}  // namespace
}  // namespace spool
