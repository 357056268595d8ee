#include "spool/core/backoff.h"

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

namespace spool::core {
namespace {

using namespace std::chrono_literals;

Duration bound_of(unsigned attempt, Duration min, Duration max) {
  Duration bound = min;
  for (unsigned i = 0; i < attempt && bound < max; ++i) bound = std::min(2 * bound, max);
  return bound;
}

TEST_CASE("each delay is within its bound, which doubles up to the cap") {
  const std::uint64_t seed = std::random_device()();
  INFO("seed " << seed);
  Random random(seed);
  for (int run = 0; run < 200; ++run) {
    Backoff backoff(100ms, 5s);
    for (unsigned attempt = 0; attempt < 20; ++attempt) {
      const Duration delay = backoff.next(random);
      REQUIRE(delay >= 1ms);
      REQUIRE(delay <= bound_of(attempt, 100ms, 5s));
    }
  }
}

TEST_CASE("delays are spread over the whole range") {
  const std::uint64_t seed = std::random_device()();
  INFO("seed " << seed);
  Random random(seed);
  for (unsigned attempt = 0; attempt < 8; ++attempt) {
    const Duration bound = bound_of(attempt, 100ms, 5s);
    int quarters[4] = {};
    for (int run = 0; run < 1000; ++run) {
      Backoff backoff(100ms, 5s);
      Duration delay{};
      for (unsigned i = 0; i <= attempt; ++i) delay = backoff.next(random);
      ++quarters[std::min<std::int64_t>(3, delay.count() * 4 / bound.count())];
    }
    // 250 each on average; the chance of less than 150 is one in 10^12.
    for (const int count : quarters) CHECK(count > 150);
  }
}

TEST_CASE("a delay is never zero, even with the smallest bounds") {
  Random random(1);
  Backoff backoff(1ms, 1ms);
  for (int i = 0; i < 1000; ++i) REQUIRE(backoff.next(random) == 1ms);
  Backoff smaller(Duration(1), Duration(1));
  CHECK(smaller.next(random) == 1ms);
}

TEST_CASE("after a reset the bound starts anew") {
  Random random(7);
  Backoff backoff(10ms, 24h);
  for (int run = 0; run < 100; ++run) {
    for (int i = 0; i < 10; ++i) static_cast<void>(backoff.next(random));
    backoff.reset();
    REQUIRE(backoff.next(random) <= 10ms);
  }
}

TEST_CASE("without a reset it stays at the cap, for any number of attempts") {
  Random random(3);
  Backoff backoff(24h, 24h);
  Duration longest{};
  for (int i = 0; i < 1000; ++i) longest = std::max(longest, backoff.next(random));
  CHECK(longest <= 24h);
  CHECK(longest > 20h);
}

TEST_CASE("the same seed gives the same delays, another one others") {
  const auto delays = [](std::uint64_t seed) {
    Random random(seed);
    Backoff backoff(100ms, 5s);
    std::vector<Duration> result;
    for (int i = 0; i < 50; ++i) result.push_back(backoff.next(random));
    return result;
  };
  CHECK(delays(42) == delays(42));
  CHECK(delays(42) != delays(43));
}

TEST_CASE("random numbers stay within their limit and reach both of its ends") {
  Random random(5);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.up_to(3));
  CHECK(seen == std::set<std::uint64_t>{0, 1, 2, 3});
  CHECK(random.up_to(0) == 0);
  CHECK(random.up_to(UINT64_MAX) != random.up_to(UINT64_MAX));
}

}  // namespace
}  // namespace spool::core
