// A child of fork() starts its poller anew; its parent's never notices.
#include <sys/wait.h>

#include "spool/loop/clock.h"
#include "tests/loop/poller_rig.h"

namespace spool::loop {
namespace {

constexpr Token first{0, 1};
constexpr Token second{1, 1};

TEMPLATE_TEST_CASE("after a fork the child has nothing registered, and the parent has everything",
                   "", SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  Pair before;
  Pair after;
  rig.add(before.near, Interest::read, first);
  const Result<NativeHandle> fd = rig.poller.backend_fd();
  const Instant now = MonotonicClock().now();
  if (fd.ok()) rig.poller.set_deadline(now, now);
  before.make_readable();
  const pid_t child = ::fork();
  if (child == 0) {
    // Which of these is not so, as the exit code.
    PollEvent events[4];
    int step = 1;
    const auto must = [&step](bool is_so) {
      if (!is_so) ::_exit(step);
      ++step;
    };
    must(rig.poller.after_fork_child() == Error::none);
    must(rig.poller.wait(events, Duration::zero()).value() == 0);
    must(rig.poller.backend_fd().ok() == fd.ok());
    must(rig.poller.add(after.near.get(), Interest::read, second) == Error::none);
    after.make_readable();
    must(rig.poller.wait(events, std::nullopt).value() == 1);
    must(events[0].token == second && events[0].ready.readable);
    // What the parent has registered may be registered here too, and taken away.
    must(rig.poller.add(before.near.get(), Interest::read, first) == Error::none);
    rig.poller.remove(before.near.get(), first);
    rig.poller.remove(after.near.get(), second);
    ::_exit(0);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(rig.ready_now(first) == readable);
  CHECK(rig.ready_now(second) == nothing);
  rig.remove(before.near, first);
}

}  // namespace
}  // namespace spool::loop
