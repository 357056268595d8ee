// The contract in loop/waker.h, over both wakers.
#include "spool/loop/waker.h"

#include <poll.h>
#include <signal.h>
#include <sys/time.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <thread>

#include "tests/loop/poller_rig.h"

namespace spool::loop {
namespace {

struct Eventfd {
  static Result<Box<Waker>> make(Memory& memory) { return make_eventfd_waker(memory); }
};
struct Pipe {
  static Result<Box<Waker>> make(Memory& memory) { return make_pipe_waker(memory); }
};

template <typename Kind>
struct Setup {
  HangGuard guard;
  SystemMemory memory;
  Box<Waker> owner = Kind::make(memory).value();
  Waker& waker = *owner;
  bool is_readable(int wait_ms = 0) {
    pollfd entry{waker.fd(), POLLIN, 0};
    return ::poll(&entry, 1, wait_ms) == 1;
  }
};

TEMPLATE_TEST_CASE("a signal is readable until it is drained", "", Eventfd, Pipe) {
  Setup<TestType> setup;
  CHECK(!setup.is_readable());
  setup.waker.drain();  // nothing there: no harm, no waiting
  CHECK(!setup.is_readable());
  setup.waker.signal();
  CHECK(setup.is_readable());
  CHECK(setup.is_readable());
  setup.waker.drain();
  CHECK(!setup.is_readable());
  setup.waker.signal();
  CHECK(setup.is_readable());
}

TEMPLATE_TEST_CASE("any number of signals is taken by one drain, and none waits", "", Eventfd,
                   Pipe) {
  Setup<TestType> setup;
  for (const int count : {1, 2, 1023, 1024, 1025, 300'000}) {
    CAPTURE(count);
    for (int i = 0; i < count; ++i) setup.waker.signal();
    CHECK(setup.is_readable());
    setup.waker.drain();
    CHECK(!setup.is_readable());
  }
}

TEMPLATE_TEST_CASE("a signal keeps errno, even when there is no room for it", "", Eventfd, Pipe) {
  Setup<TestType> setup;
  // An eventfd's counter is too large to be filled by signals; a pipe's reading end refuses this.
  const std::uint64_t full = 0xfffffffffffffffe;
  [[maybe_unused]] const ssize_t written = ::write(setup.waker.fd(), &full, sizeof full);
  for (int i = 0; i < 100'000; ++i) {
    errno = EDOM;
    setup.waker.signal();
    if (errno != EDOM) FAIL("errno is " << errno << " after signal " << i);
  }
}

TEMPLATE_TEST_CASE("signals from other threads wake a sleeper, and none is lost", "", Eventfd,
                   Pipe) {
  Setup<TestType> setup;
  constexpr int rounds = 2000;
  std::atomic<int> sent = 0, seen = 0;
  // The next signal is sent when the last one was seen: a lost one would stop both sides.
  const auto send = [&](int parity) {
    for (int i = parity; i < rounds; i += 2) {
      while (seen != i) std::this_thread::yield();
      sent = i + 1;
      setup.waker.signal();
    }
  };
  std::thread even(send, 0), odd(send, 1);
  while (seen < rounds) {
    if (!setup.is_readable(5'000)) break;
    setup.waker.drain();
    seen = sent.load();
  }
  CHECK(seen == rounds);
  seen = rounds;
  even.join();
  odd.join();
}

TEMPLATE_TEST_CASE("a drain that meets signals loses none that come after it", "", Eventfd, Pipe) {
  Setup<TestType> setup;
  std::atomic<int> posted = 0;
  constexpr int total = 20'000;
  std::thread other([&] {
    for (int i = 1; i <= total; ++i) {
      posted = i;
      setup.waker.signal();
    }
  });
  int seen = 0;
  while (seen < total && setup.is_readable(5'000)) {
    setup.waker.drain();
    seen = posted;  // looked at after the drain, as the reactor does
  }
  CHECK(seen == total);
  other.join();
}

Waker* handler_waker = nullptr;

TEMPLATE_TEST_CASE("a signal handler may signal, and the poller wakes up", "", Eventfd, Pipe) {
  Setup<TestType> setup;
  Rig<PollPoller> rig;
  handler_waker = &setup.waker;
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) { handler_waker->signal(); };
  REQUIRE(::sigaction(SIGUSR1, &action, &before) == 0);
  REQUIRE(rig.poller.add(setup.waker.fd(), Interest::read, {0, 1}) == Error::none);
  const pthread_t self = ::pthread_self();
  std::thread other([self] {
    std::this_thread::sleep_for(20ms);
    ::pthread_kill(self, SIGUSR1);
  });
  // At most one empty return: the signal itself.
  if (rig.wait(std::nullopt).empty()) CHECK(rig.wait(Duration(5s)).size() == 1);
  other.join();
  errno = EDOM;
  ::raise(SIGUSR1);
  CHECK(errno == EDOM);
  ::sigaction(SIGUSR1, &before, nullptr);
  rig.poller.remove(setup.waker.fd(), {0, 1});
}

TEMPLATE_TEST_CASE("a waker's descriptors are close-on-exec and never block", "", Eventfd, Pipe) {
  const std::vector<int> before = open_descriptors();
  {
    Setup<TestType> setup;
    std::size_t own = 0;
    for (const int fd : open_descriptors()) {
      if (std::find(before.begin(), before.end(), fd) != before.end()) continue;
      ++own;
      CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
      CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    }
    CHECK(own == (std::is_same_v<TestType, Pipe> ? 2 : 1));
  }
  CHECK(open_descriptors() == before);
}

TEMPLATE_TEST_CASE("refused memory is an error and leaks no descriptor", "", Eventfd, Pipe) {
  SystemMemory system;
  LimitedMemory none(system, 1);
  const std::vector<int> before = open_descriptors();
  CHECK(TestType::make(none).error() == Error::no_memory);
  CHECK(open_descriptors() == before);
}

}  // namespace
}  // namespace spool::loop
