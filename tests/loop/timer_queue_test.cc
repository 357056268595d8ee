#include "spool/loop/timer_queue.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace spool::loop {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t no_limit = 1'000'000;
Instant at(std::int64_t ns) { return Instant(Duration(ns)); }

// A timer that runs whatever it is given.
struct Alarm {
  explicit Alarm(std::function<void()> on_fire_) : on_fire(std::move(on_fire_)) {}
  void fire() noexcept { on_fire(); }
  std::function<void()> on_fire;
  Timer timer{Timer::call<&Alarm::fire, Alarm>, this};
};

// Alarms that note the order in which they fire.
struct Bench {
  TimerQueue queue;
  std::vector<int> fired;
  std::vector<std::unique_ptr<Alarm>> alarms;
  explicit Bench(int count) {
    for (int i = 0; i < count; ++i)
      alarms.push_back(std::make_unique<Alarm>([this, i] { fired.push_back(i); }));
  }
  ~Bench() {
    for (const auto& alarm : alarms) queue.cancel(alarm->timer);
  }
  Timer& operator[](int i) { return alarms[static_cast<std::size_t>(i)]->timer; }
};

TEST_CASE("an empty queue has no deadline and fires nothing") {
  TimerQueue queue;
  CHECK(queue.next_deadline() == std::nullopt);
  CHECK(queue.size() == 0);
  CHECK(queue.fire_due(Instant::max(), no_limit) == 0);
}

TEST_CASE("timers fire by deadline, each once, and not before it") {
  Bench bench(3);
  bench.queue.schedule(bench[0], at(30));
  bench.queue.schedule(bench[1], at(10));
  bench.queue.schedule(bench[2], at(20));
  CHECK(bench.queue.size() == 3);
  CHECK(bench.queue.next_deadline() == at(10));
  CHECK(bench.queue.fire_due(at(9), no_limit) == 0);
  CHECK(bench.queue.fire_due(at(10), no_limit) == 1);
  CHECK(bench.queue.next_deadline() == at(20));
  CHECK(bench.queue.fire_due(at(100), no_limit) == 2);
  CHECK(bench.fired == std::vector<int>{1, 2, 0});
  CHECK(bench.queue.fire_due(at(100), no_limit) == 0);
  CHECK(bench.queue.size() == 0);
}

TEST_CASE("timers of the same instant fire in the order in which they were scheduled") {
  Bench bench(200);
  for (int i = 0; i < 200; ++i) bench.queue.schedule(bench[(i * 37) % 200], at(5));
  bench.queue.schedule(bench[37], at(5));  // scheduled anew: goes to the end
  CHECK(bench.queue.fire_due(at(5), no_limit) == 200);
  std::vector<int> expected;
  for (int i = 0; i < 200; ++i)
    if ((i * 37) % 200 != 37) expected.push_back((i * 37) % 200);
  expected.push_back(37);
  CHECK(bench.fired == expected);
}

TEST_CASE("a cancelled timer does not fire, and may be scheduled again") {
  Bench bench(2);
  bench.queue.cancel(bench[0]);  // not scheduled: nothing happens
  bench.queue.schedule(bench[0], at(1));
  bench.queue.schedule(bench[1], at(2));
  bench.queue.cancel(bench[0]);
  CHECK(!bench[0].scheduled());
  CHECK(bench.queue.next_deadline() == at(2));
  CHECK(bench.queue.fire_due(at(5), no_limit) == 1);
  CHECK(bench.fired == std::vector<int>{1});
  bench.queue.schedule(bench[0], at(3));
  CHECK(bench[0].scheduled());
  CHECK(bench[0].deadline() == at(3));
  CHECK(bench.queue.fire_due(at(5), no_limit) == 1);
}

TEST_CASE("scheduling a scheduled timer moves it, to either side") {
  Bench bench(2);
  bench.queue.schedule(bench[0], at(10));
  bench.queue.schedule(bench[1], at(20));
  bench.queue.schedule(bench[0], at(30));
  CHECK(bench.queue.size() == 2);
  CHECK(bench.queue.next_deadline() == at(20));
  bench.queue.schedule(bench[0], at(5));
  CHECK(bench.queue.next_deadline() == at(5));
  CHECK(bench.queue.fire_due(at(20), no_limit) == 2);
  CHECK(bench.fired == std::vector<int>{0, 1});
}

TEST_CASE("a limit leaves the rest for the next call") {
  Bench bench(5);
  for (int i = 0; i < 5; ++i) bench.queue.schedule(bench[i], at(i));
  CHECK(bench.queue.fire_due(at(10), 0) == 0);
  CHECK(bench.queue.fire_due(at(10), 2) == 2);
  CHECK(bench.fired == std::vector<int>{0, 1});
  CHECK(bench.queue.next_deadline() == at(2));
  CHECK(bench.queue.fire_due(at(10), 2) == 2);
  CHECK(bench.queue.fire_due(at(10), 2) == 1);
  CHECK(bench.fired == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("a callback may cancel what is due in the same call") {
  TimerQueue queue;
  int fired = 0;
  Alarm victim([&] { fired += 100; });
  Alarm other([&] { fired += 10; });
  Alarm killer([&] {
    ++fired;
    queue.cancel(victim.timer);
  });
  queue.schedule(killer.timer, at(1));
  queue.schedule(victim.timer, at(1));
  queue.schedule(other.timer, at(2));
  CHECK(queue.fire_due(at(2), no_limit) == 2);
  CHECK(fired == 11);
}

TEST_CASE("a callback may destroy its own timer") {
  TimerQueue queue;
  std::unique_ptr<Alarm> alarm;
  bool has_fired = false;
  alarm = std::make_unique<Alarm>([&] {
    has_fired = true;
    CHECK(!alarm->timer.scheduled());
  });
  struct Owner {
    std::unique_ptr<Alarm>& alarm;
    void fire() noexcept { alarm.reset(); }
    Timer timer{Timer::call<&Owner::fire, Owner>, this};
  };
  Owner owner{alarm};
  queue.schedule(alarm->timer, at(1));
  queue.schedule(owner.timer, at(2));
  CHECK(queue.fire_due(at(2), no_limit) == 2);
  CHECK(has_fired);
  CHECK(alarm == nullptr);
}

TEST_CASE("what a callback schedules for now waits for the next call") {
  TimerQueue queue;
  int fired = 0;
  Alarm* self = nullptr;
  Alarm again([&] {
    ++fired;
    queue.schedule(self->timer, at(0));  // as early as can be
  });
  self = &again;
  queue.schedule(again.timer, at(1));
  CHECK(queue.fire_due(at(1), no_limit) == 1);
  CHECK(fired == 1);
  CHECK(queue.next_deadline() == at(0));
  CHECK(queue.fire_due(at(1), no_limit) == 1);
  CHECK(fired == 2);
  queue.cancel(again.timer);
}

TEST_CASE("what a callback schedules in the past comes, and so does what was due before") {
  TimerQueue queue;
  std::vector<int> fired;
  Alarm early([&] { fired.push_back(2); });
  Alarm first([&] {
    fired.push_back(0);
    queue.schedule(early.timer, at(-100));  // comes before `second` in the heap
  });
  Alarm second([&] { fired.push_back(1); });
  queue.schedule(first.timer, at(1));
  queue.schedule(second.timer, at(2));
  while (queue.fire_due(at(5), no_limit) != 0) {
  }
  CHECK(fired.size() == 3);
  CHECK(queue.size() == 0);
}

// The model: a set ordered by deadline and, within one, by the order of scheduling.
class Model {
 public:
  void schedule(int id, std::int64_t deadline) {
    cancel(id);
    timers_.insert({{deadline, next_order_++}, id});
  }
  void cancel(int id) {
    std::erase_if(timers_, [id](const auto& entry) { return entry.second == id; });
  }
  std::vector<int> fire_due(std::int64_t now, std::size_t limit) {
    std::vector<int> fired;
    while (fired.size() < limit && !timers_.empty() && timers_.begin()->first.first <= now) {
      fired.push_back(timers_.begin()->second);
      timers_.erase(timers_.begin());
    }
    return fired;
  }
  [[nodiscard]] std::optional<Instant> next_deadline() const {
    if (timers_.empty()) return std::nullopt;
    return at(timers_.begin()->first.first);
  }
  [[nodiscard]] std::size_t size() const { return timers_.size(); }

 private:
  std::set<std::pair<std::pair<std::int64_t, std::uint64_t>, int>> timers_;
  std::uint64_t next_order_ = 0;
};

TEST_CASE("a random life of many timers is that of a sorted list") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const int count = GENERATE(1, 2, 10, 300);
  const int spread = GENERATE(1, 20, 100'000);  // few instants: many equal deadlines
  CAPTURE(count, spread);
  Bench bench(count);
  Model model;
  std::int64_t now = 0;
  for (int step = 0; step < 5000; ++step) {
    CAPTURE(step);
    const int id = static_cast<int>(random() % static_cast<unsigned>(count));
    const auto offset = static_cast<std::int64_t>(random() % static_cast<unsigned>(spread));
    switch (random() % 8) {
      case 0:
        bench.queue.cancel(bench[id]);
        model.cancel(id);
        break;
      case 1: {
        now += offset / 4;
        const std::size_t limit = random() % 20;
        bench.fired.clear();
        bench.queue.fire_due(at(now), limit);
        REQUIRE(bench.fired == model.fire_due(now, limit));
        break;
      }
      default:
        bench.queue.schedule(bench[id], at(now + offset));
        model.schedule(id, now + offset);
        break;
    }
    REQUIRE(bench.queue.next_deadline() == model.next_deadline());
    REQUIRE(bench.queue.size() == model.size());
  }
  bench.fired.clear();
  bench.queue.fire_due(Instant::max(), no_limit);
  CHECK(bench.fired == model.fire_due(Instant::max().time_since_epoch().count(), no_limit));
}

TEST_CASE("callbacks that schedule, move and cancel others keep the queue whole") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  TimerQueue queue;
  std::vector<std::unique_ptr<Alarm>> alarms;
  std::int64_t now = 0;
  std::size_t total = 0;
  const auto any = [&]() -> Timer& { return alarms[random() % alarms.size()]->timer; };
  for (int i = 0; i < 100; ++i) {
    alarms.push_back(std::make_unique<Alarm>([&] {
      ++total;
      for (int k = 0; k < 3; ++k) {
        if (random() % 3 == 0)
          queue.cancel(any());
        else
          queue.schedule(any(), at(now + static_cast<std::int64_t>(random() % 50) - 10));
      }
    }));
  }
  for (int step = 0; step < 2000; ++step) {
    now += 5;
    queue.schedule(any(), at(now));
    const std::size_t before = total;
    const std::size_t fired = queue.fire_due(at(now), no_limit);
    REQUIRE(total - before == fired);
    REQUIRE(fired <= alarms.size());  // each at most once: what is scheduled within waits
    std::size_t scheduled = 0;
    for (const auto& alarm : alarms) scheduled += alarm->timer.scheduled();
    REQUIRE(queue.size() == scheduled);
  }
  for (const auto& alarm : alarms) queue.cancel(alarm->timer);
  CHECK(queue.size() == 0);
  CHECK(queue.next_deadline() == std::nullopt);
}

TEST_CASE("a hundred thousand timers cost no stack") {
  Bench bench(100'000);
  for (int i = 0; i < 100'000; ++i) bench.queue.schedule(bench[i], at(i));
  CHECK(bench.queue.fire_due(at(49'999), no_limit) == 50'000);
  CHECK(std::is_sorted(bench.fired.begin(), bench.fired.end()));
  CHECK(bench.queue.size() == 50'000);
}

}  // namespace
}  // namespace spool::loop
