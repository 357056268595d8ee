#include "spool/loop/pausable_clock.h"

#include <catch2/catch.hpp>

#include "tests/support/fake_clock.h"

namespace spool::loop {
namespace {

using namespace std::chrono_literals;

TEST_CASE("it runs with the clock below, but for the time that it stood") {
  testing::FakeClock base;
  PausableClock clock(base);
  const Instant start = base.time();
  base.advance(1s);
  CHECK(clock.now() == start + 1s);
  clock.stop();
  CHECK(clock.stopped());
  base.advance(1h);
  CHECK(clock.now() == start + 1s);
  CHECK(clock.at(base.time()) == start + 1s);
  clock.go_on();
  CHECK_FALSE(clock.stopped());
  CHECK(clock.now() == start + 1s);
  base.advance(2s);
  CHECK(clock.now() == start + 3s);
  CHECK(clock.at(base.time()) == start + 3s);
}

TEST_CASE("stopping and going on twice is like once, and pauses add up") {
  testing::FakeClock base;
  PausableClock clock(base);
  const Instant start = base.time();
  for (int i = 0; i < 3; ++i) {
    clock.stop();
    base.advance(1min);
    clock.stop();
    base.advance(1min);
    clock.go_on();
    base.advance(1s);
    clock.go_on();
  }
  CHECK(clock.now() == start + 3s);
}

}  // namespace
}  // namespace spool::loop
