// backend_fd() and set_deadline() of loop/poller.h: what a host sees that sleeps on one descriptor.
#include <poll.h>
#include <sys/epoll.h>

#include <atomic>
#include <random>
#include <thread>

#include "tests/loop/poller_rig.h"

namespace spool::loop {
namespace {

constexpr Token first{0, 1};
constexpr Token second{1, 1};
constexpr Instant start = Instant(1'000h);  // of a clock that is not the system's

bool is_readable(int fd, int wait_ms = 0) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, wait_ms) == 1 && (entry.revents & POLLIN) != 0;
}

// A poller inside a host's loop.
template <typename P>
struct Nested : Rig<P> {
  int fd = this->poller.backend_fd().value();
  // One false alarm is allowed after something was reported: it ends with a wait that finds
  // nothing.
  bool is_quiet() {
    this->ready_now();
    return !is_readable(fd);
  }
};

TEST_CASE("poll(2) has no descriptor to nest") {
  Rig<PollPoller> rig;
  CHECK(rig.poller.backend_fd().error() == Error::not_supported);
}

TEMPLATE_TEST_CASE("a nested poller is readable while a wait would report something", "",
                   SPOOL_NESTING_POLLERS) {
  Nested<TestType> rig;
  Pair pair;
  CHECK(!is_readable(rig.fd));
  rig.add(pair.near, Interest::read, first);
  CHECK(!is_readable(rig.fd));
  pair.make_readable();
  for (int i = 0; i < 3; ++i) {
    CHECK(is_readable(rig.fd));
    CHECK(rig.ready_now(first) == readable);
  }
  pair.drain();
  CHECK(rig.is_quiet());
  rig.remove(pair.near, first);
}

TEMPLATE_TEST_CASE("the descriptor is always the same, and knows what was there before it", "",
                   SPOOL_NESTING_POLLERS) {
  Rig<TestType> rig;
  Pair pair;
  rig.add(pair.near, Interest::read, first);
  pair.make_readable();
  const int fd = rig.poller.backend_fd().value();
  CHECK(is_readable(fd));
  CHECK(rig.poller.backend_fd().value() == fd);
  rig.remove(pair.near, first);
}

TEMPLATE_TEST_CASE("add, modify and remove reach a host that sleeps already", "",
                   SPOOL_NESTING_POLLERS) {
  Nested<TestType> rig;
  Pair pair;
  pair.make_readable();
  // Runs `action` while another thread sleeps on the descriptor; tells whether it woke up.
  const auto wakes = [&](auto action) {
    std::atomic<bool> woke = false;
    std::thread host([&] { woke = is_readable(rig.fd, 5'000); });
    std::this_thread::sleep_for(20ms);
    action();
    host.join();
    return woke.load();
  };
  CHECK(wakes([&] { rig.add(pair.near, Interest::read, first); }));
  rig.remove(pair.near, first);
  CHECK(rig.is_quiet());
  rig.add(pair.near, Interest::none, first);
  CHECK(!is_readable(rig.fd));
  CHECK(wakes([&] { rig.modify(pair.near, Interest::write, first); }));
  rig.modify(pair.near, Interest::none, first);
  CHECK(rig.is_quiet());
  CHECK(wakes([&] { rig.poller.set_deadline(start, start); }));
  rig.poller.set_deadline(std::nullopt, start);
  CHECK(rig.is_quiet());
  CHECK(wakes([&] { rig.poller.set_deadline(start + 1ms, start); }));
  rig.remove(pair.near, first);
}

TEMPLATE_TEST_CASE("a hang-up that nobody asked for does not keep the host awake", "",
                   SPOOL_NESTING_POLLERS) {
  Nested<TestType> rig;
  Pair pair;
  rig.add(pair.near, Interest::none, first);
  pair.far.reset();
  CHECK(rig.is_quiet());
  CHECK(!is_readable(rig.fd));
  rig.remove(pair.near, first);
}

TEMPLATE_TEST_CASE("level-triggered hosts, two levels up, see it too", "", SPOOL_NESTING_POLLERS) {
  Nested<TestType> rig;
  OwnedFd inner(::epoll_create1(EPOLL_CLOEXEC)), outer(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  REQUIRE(::epoll_ctl(inner.get(), EPOLL_CTL_ADD, rig.fd, &event) == 0);
  REQUIRE(::epoll_ctl(outer.get(), EPOLL_CTL_ADD, inner.get(), &event) == 0);
  const auto sees = [&] { return ::epoll_wait(outer.get(), &event, 1, 0) == 1; };
  Pair one, two;
  rig.add(one.near, Interest::read, first);
  rig.add(two.near, Interest::read, second);
  CHECK(!sees());
  one.make_readable();
  two.make_readable();
  CHECK(sees());
  REQUIRE(rig.ready_now().size() == 2);
  one.drain();
  CHECK(sees());
  two.drain();
  rig.ready_now();
  CHECK(!sees());
  rig.poller.set_deadline(start, start);
  for (int i = 0; i < 3; ++i) CHECK(sees());
  rig.poller.set_deadline(std::nullopt, start);
  CHECK(!sees());
  rig.remove(one.near, first);
  rig.remove(two.near, second);
}

TEMPLATE_TEST_CASE("the host wakes up at the deadline, and not before", "", SPOOL_NESTING_POLLERS) {
  Nested<TestType> rig;
  for (const Duration length : {Duration(300us), Duration(3ms), Duration(30ms)}) {
    const auto slept = time_of([&] {
      rig.poller.set_deadline(start + length, start);
      CHECK(is_readable(rig.fd, 5'000));
    });
    CHECK(slept >= length);
  }
}

TEMPLATE_TEST_CASE("a deadline that is over is readable at once, until the next one is set", "",
                   SPOOL_NESTING_POLLERS) {
  Nested<TestType> rig;
  const auto by_timer = [&] {
    rig.poller.set_deadline(start + 1ms, start);
    REQUIRE(is_readable(rig.fd, 5'000));
  };
  const auto at_once = [&] { rig.poller.set_deadline(start, start); };
  const auto long_ago = [&] { rig.poller.set_deadline(Instant::min(), Instant::max()); };
  const int kind = GENERATE(0, 1, 2);
  CAPTURE(kind);
  const auto pass = [&] { kind == 0 ? by_timer() : kind == 1 ? at_once() : long_ago(); };
  pass();
  for (int i = 0; i < 3; ++i) {
    CHECK(is_readable(rig.fd));
    CHECK(rig.ready_now().empty());  // it is not for whoever waits
  }
  rig.poller.set_deadline(std::nullopt, start);
  CHECK(!is_readable(rig.fd));
  pass();
  CHECK(is_readable(rig.fd));
  rig.poller.set_deadline(start + 1h, start);
  CHECK(!is_readable(rig.fd));
  pass();
  pass();
  CHECK(is_readable(rig.fd));
  rig.poller.set_deadline(std::nullopt, start);
  CHECK(!is_readable(rig.fd));
}

TEMPLATE_TEST_CASE("a deadline that was moved or cancelled does not wake the host", "",
                   SPOOL_NESTING_POLLERS) {
  Nested<TestType> rig;
  rig.poller.set_deadline(start + 1ms, start);
  rig.poller.set_deadline(start + 1h, start);
  CHECK(!is_readable(rig.fd, 20));
  rig.poller.set_deadline(start + 1ms, start);
  rig.poller.set_deadline(std::nullopt, start);
  CHECK(!is_readable(rig.fd, 20));
  rig.poller.set_deadline(Instant::max(), Instant::min());
  CHECK(!is_readable(rig.fd, 20));
  rig.poller.set_deadline(Instant::max(), start);
  CHECK(!is_readable(rig.fd, 20));
  rig.poller.set_deadline(std::nullopt, start);
  rig.poller.set_deadline(std::nullopt, start);
  CHECK(!is_readable(rig.fd));
}

TEMPLATE_TEST_CASE("a deadline that is over neither shortens a wait nor makes it spin", "",
                   SPOOL_NESTING_POLLERS) {
  Nested<TestType> rig;
  Pair pair;
  rig.add(pair.near, Interest::read, first);
  rig.poller.set_deadline(start + GENERATE(0ms, 20ms), start);  // before the wait, and within
  std::chrono::nanoseconds wall{};
  const auto wait = [&] { CHECK(rig.wait(200ms).empty()); };
  const auto cpu = cpu_time_of([&] { wall = time_of(wait); });
  CHECK(wall >= 200ms);
  CHECK(cpu < 100ms);
  CHECK(is_readable(rig.fd));
  rig.remove(pair.near, first);
}

TEMPLATE_TEST_CASE("a deadline that is over takes nobody's place among the events", "",
                   SPOOL_NESTING_POLLERS) {
  Nested<TestType> rig;
  std::vector<Pair> pairs(3);
  for (std::uint32_t i = 0; i < 3; ++i) {
    rig.add(pairs[i].near, Interest::read, {i, 1});
    pairs[i].make_readable();
  }
  rig.poller.set_deadline(start + GENERATE(0ms, 1ms), start);
  REQUIRE(is_readable(rig.fd, 5'000));
  std::this_thread::sleep_for(2ms);
  std::vector<int> reports(3);
  for (int i = 0; i < 30; ++i) {
    const auto seen = rig.wait(Duration::zero(), 1);
    REQUIRE(seen.size() == 1);
    ++reports[Token::from(seen.begin()->first).index];
  }
  for (const int count : reports) CHECK(count >= 5);
  CHECK(is_readable(rig.fd));
  for (std::uint32_t i = 0; i < 3; ++i) rig.remove(pairs[i].near, {i, 1});
  rig.ready_now();
  CHECK(is_readable(rig.fd));  // by the deadline alone
}

TEMPLATE_TEST_CASE("readable means that a wait reports, whatever happened before", "",
                   SPOOL_NESTING_POLLERS) {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Nested<TestType> rig;
  std::vector<Pair> pairs(6);
  bool is_over = false;
  for (std::uint32_t i = 0; i < pairs.size(); ++i) rig.add(pairs[i].near, Interest::none, {i, 1});
  for (int step = 0; step < 3000; ++step) {
    const auto i = static_cast<std::uint32_t>(random() % pairs.size());
    switch (random() % 7) {
      case 0:
        pairs[i].make_readable();
        break;
      case 1:
        pairs[i].drain();
        break;
      case 2:
        pairs[i].fill();
        break;
      case 3:
        pairs[i].unfill();
        break;
      case 4:
        rig.modify(pairs[i].near, static_cast<Interest>(random() % 4), {i, 1});
        break;
      case 5:
        is_over = random() % 2 == 0;
        rig.poller.set_deadline(is_over ? start : start + 1h, start);
        break;
      default:
        is_over = false;
        rig.poller.set_deadline(std::nullopt, start);
        break;
    }
    CAPTURE(step);
    const bool was_readable = is_readable(rig.fd);
    const bool has_events = !rig.wait(Duration::zero(), 1 + random() % 8).empty();
    if (has_events || is_over) REQUIRE(was_readable);
    if (!has_events) REQUIRE(is_readable(rig.fd) == is_over);
  }
  for (std::uint32_t i = 0; i < pairs.size(); ++i) rig.remove(pairs[i].near, {i, 1});
}

}  // namespace
}  // namespace spool::loop
