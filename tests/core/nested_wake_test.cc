// A wake-up that comes while a turn is serving descriptors: the moment in which one could be lost.
#include <poll.h>
#include <unistd.h>

#include <functional>

#include <catch2/catch.hpp>

#include "spool/loop/clock.h"
#include "spool/loop/memory.h"
#include "spool/loop/owned_fd.h"
#include "spool/loop/reactor.h"

namespace spool::loop {
namespace {

struct PipeSource final : Source {
  OwnedFd read_end;
  OwnedFd write_end;
  std::function<void()> work;

  PipeSource() {
    int fds[2];
    REQUIRE(::pipe(fds) == 0);
    read_end = OwnedFd(fds[0]);
    write_end = OwnedFd(fds[1]);
  }
  void make_ready() { REQUIRE(::write(write_end.get(), "x", 1) == 1); }
  void on_ready(Readiness) noexcept override {
    char byte = 0;
    REQUIRE(::read(read_end.get(), &byte, 1) == 1);
    work();
  }
};

struct Rig {
  SystemMemory memory;
  MonotonicClock clock;
  Reactor reactor{memory, clock};
  PipeSource source;
  Token token;
  NativeHandle fd = invalid_handle;

  Rig() {
    REQUIRE(reactor.open({nullptr, 16, true}) == Error::none);
    token = reactor.add(source.read_end.get(), Interest::read, source).value();
    const Result<NativeHandle> result = reactor.backend_fd();
    if (result.ok())
      fd = result.value();
    else
      REQUIRE(result.error() == Error::not_supported);
  }
  ~Rig() { reactor.remove(token); }
  [[nodiscard]] bool supported() const { return fd != invalid_handle; }
  [[nodiscard]] bool readable() const {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
  }
  PollResult turn() {
    PollResult result;
    REQUIRE(reactor.begin_turn(Timeout::none(), {}, result) == Error::none);
    reactor.end_turn(result, false);
    return result;
  }
};

TEST_CASE("a wake-up between the wait and the waker's own event is not lost") {
  Rig rig;
  if (!rig.supported()) return;
  // As another thread would: after the turn has taken the first wake-up, before it comes to the
  // waker's event, which the same wait reported.
  int ran = 0;
  rig.source.work = [&] {
    Task task([&] { ++ran; });
    REQUIRE(rig.reactor.post(task) == Error::none);
  };
  rig.source.make_ready();
  rig.reactor.wake();
  const PollResult result = rig.turn();
  CHECK(result.events == 1);
  CHECK(ran == 1);
  // Either it is taken, or the host is told that there is more.
  CHECK(result.more == rig.readable());
  for (int i = 0; i < 3 && rig.readable(); ++i) rig.turn();
  CHECK_FALSE(rig.readable());
  // And the next one comes through.
  rig.reactor.wake();
  CHECK(rig.readable());
  rig.turn();
  CHECK_FALSE(rig.readable());
}

TEST_CASE("a wake-up after the last step of a turn comes through") {
  Rig rig;
  if (!rig.supported()) return;
  PollResult result;
  REQUIRE(rig.reactor.begin_turn(Timeout::none(), {}, result) == Error::none);
  rig.reactor.wake();
  rig.reactor.end_turn(result, false);
  CHECK(result.more);
  CHECK(rig.readable());
  CHECK_FALSE(rig.turn().more);
  CHECK_FALSE(rig.readable());
}

}  // namespace
}  // namespace spool::loop
