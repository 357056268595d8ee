#include "spool/loop/time.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <climits>
#include <type_traits>

#include "spool/loop/clock.h"
#include "spool/loop/wait_time.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

// Instants of another clock do not mix with the loop's.
static_assert(!std::is_convertible_v<std::chrono::steady_clock::time_point, Instant>);
// Nor do bare numbers pass for lengths.
static_assert(!std::is_convertible_v<int, Timeout>);
static_assert(!std::is_convertible_v<int, Duration>);
static_assert(Timeout::none().is_none());

TEST_CASE("an instant stops at its ends instead of wrapping around") {
  const Instant start(5ns);
  CHECK(saturating_add(start, 7ns) == Instant(12ns));
  CHECK(saturating_add(start, -7ns) == Instant(-2ns));
  CHECK(saturating_add(start, Duration::max()) == Instant::max());
  CHECK(saturating_add(Instant::max(), 1ns) == Instant::max());
  CHECK(saturating_add(Instant::max(), -1ns) == Instant::max() - 1ns);
  CHECK(saturating_add(Instant::min(), -1ns) == Instant::min());
  CHECK(saturating_add(Instant(-5ns), Duration::min()) == Instant::min());
  CHECK(saturating_add(Instant::min(), Duration::max()) == Instant(-1ns));
}

TEST_CASE("a timeout is nothing, a length, or for ever") {
  CHECK(Timeout::none().length() == Duration::zero());
  CHECK(Timeout::none().is_none());
  CHECK(Timeout::after(5ms).length() == Duration(5ms));
  CHECK(!Timeout::after(5ms).is_none());
  CHECK(Timeout::infinite().length() == std::nullopt);
  CHECK(!Timeout::infinite().is_none());
}

TEST_CASE("a negative timeout is none, never for ever") {
  CHECK(Timeout::after(-1ns).is_none());
  CHECK(Timeout(-1s).is_none());
  CHECK(Timeout(Duration::min()).is_none());
}

TEST_CASE("a timeout may be written as a length of any unit") {
  const auto length = [](Timeout timeout) { return timeout.length(); };
  CHECK(length(2s) == Duration(2'000'000'000));
  CHECK(length(250us) == Duration(250'000));
  CHECK(length(1ns) == Duration(1));
  CHECK(length(std::chrono::duration<double>(0.5)) == Duration(500ms));
}

TEST_CASE("the monotonic clock does not go backwards, and moves") {
  MonotonicClock clock;
  const Instant start = clock.now();
  Instant last = start;
  for (int i = 0; i < 100'000; ++i) {
    const Instant now = clock.now();
    REQUIRE(now >= last);
    last = now;
  }
  CHECK(last > start);
}

TEST_CASE("the way to a deadline stops at the longest length there is") {
  using loop::time_until;
  CHECK(time_until(Instant(7ns), Instant(5ns)) == 2ns);
  CHECK(time_until(Instant::max(), Instant(5ns)) == Duration::max() - 5ns);
  CHECK(time_until(Instant::max(), Instant(-5ns)) == Duration::max());
  CHECK(time_until(Instant::max(), Instant::min()) == Duration::max());
}

TEST_CASE("lengths become what system calls take, rounded up and never wrapped around") {
  CHECK(loop::to_milliseconds(0ns) == 0);
  CHECK(loop::to_milliseconds(1ns) == 1);
  CHECK(loop::to_milliseconds(1ms) == 1);
  CHECK(loop::to_milliseconds(1'000'001ns) == 2);
  CHECK(loop::to_milliseconds(std::chrono::milliseconds(INT_MAX)) == INT_MAX);
  CHECK(loop::to_milliseconds(Duration::max()) == INT_MAX);
  const timespec spec = loop::to_timespec(3s + 5ns);
  CHECK(spec.tv_sec == 3);
  CHECK(spec.tv_nsec == 5);
  CHECK(loop::to_timespec(Duration::max()).tv_sec == 9'223'372'036);
  CHECK(loop::to_timespec(999'999'999ns).tv_nsec == 999'999'999);
}

TEST_CASE("what is left of a wait shrinks to zero, and for ever stays for ever") {
  loop::WaitTime none(Duration::zero());
  CHECK(none.over());
  loop::WaitTime negative(Duration(-5ms));
  CHECK(negative.over());
  CHECK(negative.left() == Duration::zero());
  loop::WaitTime endless(std::nullopt);
  CHECK(!endless.over());
  CHECK(endless.left() == std::nullopt);
  loop::WaitTime longest(Duration::max());
  CHECK(!longest.over());
  CHECK(*longest.left() > 24h);
  const auto start = std::chrono::steady_clock::now();
  loop::WaitTime some(5ms);
  CHECK(some.left() == Duration(5ms));
  while (!some.over()) REQUIRE(*some.left() <= 5ms);
  CHECK(std::chrono::steady_clock::now() - start >= 5ms);
  CHECK(some.left() == Duration::zero());
}

}  // namespace
}  // namespace spool
