// REQ: one hundred thousand exchanges at a time. If the work for one grew with their number, these
// would not end within the time of a test.
#include <algorithm>
#include <memory>
#include <random>

#include "tests/protocols/req_rig.h"

namespace spool::protocols {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::FakeExchangeHost;
using testing::Replier;
using testing::reply;
using testing::ReqRig;
using testing::Texts;
using testing::word_at;

constexpr std::size_t many = 100'000;

// All open, and one who hears of all.
struct Crowd : ReqRig {
  ~Crowd() { close(); }
  void open() {
    for (std::size_t i = 0; i < many; ++i)
      exchanges.push_back(
          protocol.open_exchange(host_of_all, {minutes(5), true, seconds(1)}).value());
  }
  void start() {
    for (Exchange* exchange : exchanges) {
      Message asked = message("q");
      if (exchange->start(asked) != Error::none) FAIL("a request is not taken");
    }
  }
  void close() {
    for (Exchange* exchange : exchanges) protocol.close_exchange(*exchange);
    exchanges.clear();
  }
  std::vector<Exchange*> exchanges;
  FakeExchangeHost host_of_all;
};

TEST_CASE("one hundred thousand requests: the second round allocates nothing") {
  auto crowd = std::make_unique<Crowd>();
  Crowd& rig = *crowd;
  Replier first(rig);
  Replier second(rig);
  std::mt19937 random(7);
  std::uint64_t allocations = 0;
  std::uint64_t messages = 0;
  for (int round = 0; round < 2; ++round) {
    rig.open();
    rig.start();
    CHECK(rig.timers() == 2 * many);
    rig.host.advance(seconds(1));
    CHECK(rig.stats().resent == many * static_cast<unsigned>(round + 1));
    CHECK(rig.timers() == 2 * many);

    std::vector<std::uint32_t> ids;
    for (const Message& sent : first.sent) ids.push_back(word_at(sent));
    for (const Message& sent : second.sent) ids.push_back(word_at(sent));
    first.sent.clear();
    second.sent.clear();
    CHECK(ids.size() == 2 * many);
    std::shuffle(ids.begin(), ids.end(), random);
    for (const std::uint32_t id : ids) reply(first, id, "a");
    CHECK(rig.timers() == 0);
    CHECK(rig.stats().stale == many * static_cast<unsigned>(round + 1));
    CHECK(rig.host_of_all.readable == static_cast<int>(many) * (round + 1));
    std::size_t answered = 0;
    for (Exchange* exchange : rig.exchanges) {
      Result<Message> received = exchange->receive();
      if (received.ok() && received->text() == "a") ++answered;
    }
    CHECK(answered == many);
    rig.close();
    if (round == 0) {
      allocations = rig.memory.requests;
      messages = rig.pool.stats().misses;
    }
  }
  CHECK(rig.memory.requests == allocations);
  CHECK(rig.pool.stats().misses == messages);
}

TEST_CASE("one hundred thousand requests wait, go out, and change their peer at once") {
  auto crowd = std::make_unique<Crowd>();
  Crowd& rig = *crowd;
  rig.open();
  rig.start();
  CHECK(rig.waiting() == many);
  CHECK(rig.timers() == many);
  Replier first(rig);
  CHECK(rig.waiting() == 0);
  CHECK(first.sent.size() == many);
  Replier second(rig);
  first.end();
  CHECK(second.sent.size() == many);
  second.end();
  CHECK(rig.waiting() == many);
  for (std::size_t i = 0; i < many; i += 2) static_cast<void>(rig.exchanges[i]->cancel());
  CHECK(rig.waiting() == many / 2);
  rig.host.advance(minutes(5));
  CHECK(rig.waiting() == 0);
  CHECK(rig.host_of_all.readable == static_cast<int>(many / 2));
  CHECK(rig.timers() == 0);
}

}  // namespace
}  // namespace spool::protocols
