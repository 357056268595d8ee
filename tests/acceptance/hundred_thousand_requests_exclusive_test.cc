// A hundred thousand requests in flight over one socket and one connection, each with a resend time
// and a deadline of its own, answered in any order.
#include <algorithm>
#include <catch2/catch.hpp>
#include <charconv>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "tests/acceptance/world.h"
#include "tests/support/fake_clock.h"

using namespace spool;
using namespace std::chrono_literals;
using spool::testing::FakeClock;

namespace {

constexpr std::size_t many = 100'000;

int number_in(std::string_view text) {
  int number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

struct Crowd {
  explicit Crowd(std::string_view transport) {
    REQUIRE(req.connect(listen_on(rep, transport)).ok());
    exchanges.reserve(many);
    requests.reserve(2 * many);
  }
  // All of them ask; no two have the same times.
  void ask() {
    exchanges.clear();
    std::size_t refused = 0;
    for (std::size_t i = 0; i < many; ++i) {
      ExchangeOptions options;
      options.deadline = 1h + i * 1us;
      options.resend = Timeout::after(1min + (many - i) * 1us);
      Result<Exchange> exchange = req.request(std::to_string(i), options);
      if (exchange.ok())
        exchanges.push_back(std::move(exchange).value());
      else
        ++refused;
    }
    REQUIRE(refused == 0);
  }
  // The replier takes `count` of them and answers none.
  void take(std::size_t count) {
    REQUIRE(world.until([&] {
      while (Result<Request> request = rep.try_recv_request())
        requests.push_back(std::move(request).value());
      return requests.size() >= count;
    }));
    REQUIRE(requests.size() == count);
  }
  // Answers so many of those that were taken, in random order, each with its own number.
  void answer(std::size_t count) {
    std::shuffle(requests.begin(), requests.end(), random);
    REQUIRE(world.until([&] {
      for (; count != 0; --count) {
        const Error error = requests.back().reply(std::string(requests.back().text())).error();
        if (error == Error::would_block) return false;
        if (error != Error::none) FAIL(to_string(error));
        requests.pop_back();
      }
      return true;
    }));
  }
  // How many have the answer to their own question, and how many came to their deadline instead.
  // All have one or the other.
  std::size_t receive(std::size_t* late = nullptr) {
    std::size_t right = 0;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < exchanges.size(); ++i) {
      if (!exchanges[i].can_recv()) world.until([&] { return exchanges[i].can_recv(); });
      const Result<Message> answer = exchanges[i].try_recv();
      if (answer.ok() && number_in(answer->text()) == static_cast<int>(i))
        ++right;
      else if (late != nullptr && answer.error() == Error::deadline_passed)
        ++*late;
      else
        ++wrong;
    }
    CHECK(wrong == 0);
    return right;
  }
  // Ends all, and waits until nothing is on its way any more.
  void rest() {
    exchanges.clear();
    REQUIRE(world.until([&] {
      while (Result<Request> request = rep.try_recv_request())
        requests.push_back(std::move(request).value());
      requests.clear();
      // Nothing in the pool, and nothing in the kernel either.
      return world.loop.stats().pool_bytes_in_use == 0 && world.loop.poll_once(1ms).events == 0;
    }));
  }

  FakeClock clock;
  World world{&clock};
  Rep rep = world.loop.open<Rep>().value();
  Req req = world.loop.open<Req>().value();
  std::vector<Exchange> exchanges;
  std::vector<Request> requests;  // at the replier
  std::minstd_rand random{1};
};

// What must not change from one round to the next.
struct Allocations {
  explicit Allocations(const World& world)
      : all(world.loop.stats().allocations), pool(world.loop.stats().pool_misses) {}
  bool operator==(const Allocations&) const = default;
  std::uint64_t all;
  std::uint64_t pool;
};

// Round after round is the same, but not how much of it is on its way at a time: that is the
// kernel's. So the first few may still need memory for one more queue; what leaks needs it in all
// of them.
template <typename Round>
bool needs_no_more_memory(const World& world, Round round) {
  int without = 0;
  for (int i = 0; i < 15 && without < 2; ++i) {
    const Allocations before(world);
    round();
    without = Allocations(world) == before ? without + 1 : 0;
  }
  return without == 2;
}

std::string any_wire() { return GENERATE(as<std::string>(), "ipc", "tcp"); }

}  // namespace

TEST_CASE(
    "A hundred thousand requests in flight are all answered, in any order, and soon nothing is "
    "allocated for them") {
  Crowd crowd(any_wire());
  const auto round = [&] {
    crowd.ask();
    CHECK(crowd.req.stats().exchanges == many);
    crowd.take(many);
    crowd.answer(many);
    CHECK(crowd.receive() == many);
    crowd.rest();
  };
  CHECK(needs_no_more_memory(crowd.world, round));
  CHECK(crowd.req.stats().resent == 0);
  CHECK(crowd.req.stats().dropped_stale == 0);
}

TEST_CASE(
    "A hundred thousand requests are sent again, each after its own time, and answered once") {
  Crowd crowd(any_wire());
  std::uint64_t rounds = 0;
  const auto round = [&] {
    ++rounds;
    crowd.ask();
    crowd.take(many);
    // Of the first half of the times to come, half of the requests.
    crowd.clock.advance(1min + many / 2 * 1us);
    crowd.take(many + many / 2);
    CHECK(crowd.req.stats().resent == (2 * rounds - 1) * many / 2);
    crowd.clock.advance(many / 2 * 1us);
    crowd.take(2 * many);
    CHECK(crowd.req.stats().resent == rounds * many);
    crowd.answer(2 * many);
    CHECK(crowd.receive() == many);
    crowd.world.until([&] { return crowd.req.stats().dropped_stale == rounds * many; });
    CHECK(crowd.req.stats().dropped_stale == rounds * many);
    crowd.rest();
  };
  CHECK(needs_no_more_memory(crowd.world, round));
}

TEST_CASE("A hundred thousand requests that are not answered in time end, each at its own time") {
  Crowd crowd(any_wire());
  const auto round = [&] {
    crowd.ask();
    crowd.take(many);
    crowd.answer(many / 2);
    REQUIRE(crowd.world.until([&] {
      return crowd.rep.stats().unsent_messages == 0 &&
             static_cast<std::size_t>(
                 std::count_if(crowd.exchanges.begin(), crowd.exchanges.end(),
                               [](const Exchange& e) { return e.can_recv(); })) == many / 2;
    }));
    crowd.clock.advance(1h + many * 1us);
    crowd.world.settle();
    std::size_t late = 0;
    CHECK(crowd.receive(&late) == many / 2);
    CHECK(late == many / 2);
    crowd.rest();
  };
  CHECK(needs_no_more_memory(crowd.world, round));
}

TEST_CASE("A hundred thousand requests survive their connection, and are answered over the next") {
  Crowd crowd(any_wire());
  const auto round = [&] {
    crowd.ask();
    crowd.take(many);
    crowd.requests.clear();
    PeerInfo peer;
    REQUIRE(crowd.rep.list_peers({&peer, 1}) == 1);
    REQUIRE(crowd.rep.disconnect(peer.peer).ok());
    REQUIRE(crowd.world.until([&] { return crowd.req.peers() == 0; }));
    crowd.clock.advance(10s);  // longer than any back-off, shorter than any resend time
    crowd.take(many);
    crowd.answer(many);
    CHECK(crowd.receive() == many);
    crowd.rest();
  };
  CHECK(needs_no_more_memory(crowd.world, round));
}
