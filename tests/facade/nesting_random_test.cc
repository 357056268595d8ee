// Random calls against the promise to a host that sleeps on backend_fd(): readable exactly when
// poll_once would do something. A failure prints its seed.
#include <type_traits>

#include <catch2/catch.hpp>

#include "nesting_world.h"
#include "spool/loop/poller_epoll.h"
#include "spool/loop/poller_kqueue.h"
#include "spool/loop/poller_poll.h"

namespace spool {
namespace {

TEMPLATE_TEST_CASE("whatever two loops are told to do, their host hears of all of it, and rests",
                   "", loop::EpollPoller, loop::PollPoller, loop::KqueuePoller) {
  HangGuard guard(120);
  const MakePoller make = [](Memory& memory) { return TestType::create(memory).value(); };
  std::size_t received = 0;
  std::size_t too_late = 0;
  std::size_t tasks = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    NestingWorld world(make, seed, true);
    CHECK(world.guests[0]->nests() == !std::is_same_v<TestType, loop::PollPoller>);
    for (int step = 0; step < 3000; ++step) {
      switch (world.random.below(8)) {
        case 0:
        case 1:
        case 2:
          world.turn();
          break;
        case 3:  // what follows is alone, and nothing hides what it forgets
          world.settle();
          break;
        default:
          world.act();
      }
      INFO("seed " << seed << ", step " << step);
      if (!world.verdict.failure.empty()) FAIL(world.verdict.failure);
    }
    received += world.received;
    too_late += world.too_late;
    tasks += world.tasks;
  }
  CAPTURE(received, too_late, tasks);
  CHECK(received > 500);
  CHECK(too_late > 50);
  CHECK(tasks > 100);
}

}  // namespace
}  // namespace spool
