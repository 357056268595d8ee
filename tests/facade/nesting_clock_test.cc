// A host's own clock and a sleep on backend_fd(), whose timer is the system's and knows real time.
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "facade_rig.h"
#include "spool/loop/box.h"
#include "spool/loop/poller_epoll.h"
#include "spool/loop/poller_kqueue.h"
#include "tests/support/fake_clock.h"
#include "tests/support/nested_poller.h"

namespace spool {
namespace {

using namespace std::chrono_literals;
using testing::is_readable;

// A request that nobody answers.
template <typename P>
struct Rig {
  HangGuard guard;
  testing::FakeClock clock;
  SystemMemory memory;
  loop::Box<Poller> poller = P::create(memory).value();
  EventLoop loop = make_loop();
  NativeHandle fd = loop.backend_fd().value();
  Req req = loop.open<Req>().value();
  std::optional<Exchange> exchange;

  EventLoop make_loop() {
    EventLoopConfig config;
    config.poller = poller.get();
    config.clock = &clock;
    return EventLoop::create(std::move(config)).value();
  }
  void ask(Duration deadline) {
    exchange.emplace(req.request("?", {.deadline = deadline}).value());
    loop.poll_once();
    REQUIRE_FALSE(is_readable(fd));
  }
  [[nodiscard]] Error answer() { return exchange->try_recv().error(); }
};

TEMPLATE_TEST_CASE("a clock that was set forward wakes a sleeping host once it is announced", "",
                   loop::EpollPoller, loop::KqueuePoller) {
  Rig<TestType> rig;
  rig.ask(1h);
  rig.clock.advance(1h - Duration(1));
  rig.loop.clock_jumped();
  CHECK(rig.loop.poll_once().timers == 0);
  CHECK(rig.answer() == Error::would_block);
  rig.clock.advance(Duration(1));
  rig.loop.clock_jumped();
  CHECK(is_readable(rig.fd));
  CHECK(rig.loop.poll_once().timers == 1);
  CHECK(rig.answer() == Error::deadline_passed);
  CHECK_FALSE(is_readable(rig.fd));
}

TEMPLATE_TEST_CASE("while the loop is suspended no deadline wakes its host", "", loop::EpollPoller,
                   loop::KqueuePoller) {
  Rig<TestType> rig;
  rig.ask(1ms);
  rig.loop.suspend();
  rig.clock.advance(1h);
  CHECK_FALSE(is_readable(rig.fd, 20));
  CHECK_FALSE(rig.loop.next_deadline().has_value());
  rig.loop.resume();
  CHECK(rig.answer() == Error::would_block);
  rig.clock.advance(1ms);
  rig.loop.clock_jumped();
  CHECK(is_readable(rig.fd));
  CHECK(rig.loop.poll_once().timers == 1);
  CHECK(rig.answer() == Error::deadline_passed);
}

TEMPLATE_TEST_CASE("a clock slower than real time does not make the host spin", "",
                   loop::EpollPoller, loop::KqueuePoller) {
  Rig<TestType> rig;
  rig.ask(400ms);
  for (int i = 0; i < 2; ++i) {  // the clock stands still: woken in vain, but not all the time
    REQUIRE(is_readable(rig.fd, 10'000));
    CHECK(rig.loop.poll_once().timers == 0);
    CHECK_FALSE(is_readable(rig.fd));
  }
  CHECK(rig.answer() == Error::would_block);
}

}  // namespace
}  // namespace spool
