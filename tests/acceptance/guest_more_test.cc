// PollResult::more and next_deadline: what a host goes by. True and now while work is left, and
// only then.
#include "tests/acceptance/world.h"
#include "tests/support/fake_clock.h"

using namespace spool;
using namespace std::chrono_literals;

namespace {

Budget no_limits() { return {0, 0, 0, Duration::zero(), Duration::zero()}; }

struct Host {
  // A turn, and whether what it says of the next one is one story.
  PollResult turn(const Budget& budget = no_limits()) {
    const PollResult result = world.loop.poll_once(Timeout::none(), budget);
    CHECK(work_is_due() == result.more);
    return result;
  }
  // An empty optional is below everything: so not with <=.
  bool work_is_due() {
    const auto next = world.loop.next_deadline();
    return next.has_value() && *next <= world.loop.now();
  }
  static bool did_something(const PollResult& result) {
    return result.events + result.messages + result.timers + result.posted + result.notices != 0;
  }

  testing::FakeClock clock;
  World world{&clock};
};

}  // namespace

TEST_CASE("more is said in each turn that leaves work, and not in the one that leaves none") {
  const std::string transport = GENERATE("ipc", "tcp");
  const std::size_t size = GENERATE(0u, 1u, 100u, 3000u, 300'000u);
  const int axis = GENERATE(0, 1, 2, 3);
  if (transport == "tcp" && size > 10'000) return;  // the kernel cuts it where it likes
  INFO(transport << ", messages of " << size << ", budget " << axis);
  Host host;
  Pull pull = host.world.loop.open<Pull>().value();
  const std::string address = listen_on(pull, transport);
  std::vector<World::Peer> peers;
  for (int i = 0; i < 5; ++i) peers.push_back(host.world.join(pull, address, push_id));
  host.world.settle();
  Budget budget = no_limits();
  if (axis == 0) budget.events = 1;
  if (axis == 1) budget.messages = 1;
  if (axis == 2) budget.bytes = 1;
  if (axis == 3) budget.time = 1us, host.clock.step = 1us;
  CHECK_FALSE(host.turn(budget).more);
  const int each = size > 1000 ? 1 : 20;  // what a socket takes at once
  for (int round = 0; round < 5; ++round) {
    for (auto& peer : peers)
      for (int i = 0; i < each; ++i) {
        if (size > 10'000) {
          // More than the kernel takes: said piece by piece, while the loop reads.
          const std::string bytes = raw::frame(peer->ipc, std::string(size, 'm'));
          for (std::size_t at = 0; at < bytes.size(); at += 50'000) {
            REQUIRE(peer->send(std::string_view(bytes).substr(at, 50'000)));
            while (host.turn(budget).more) {
            }
            CHECK_FALSE(Host::did_something(host.turn(budget)));
          }
        } else {
          REQUIRE(peer->send(raw::frame(peer->ipc, std::string(size, 'm'))));
        }
      }
    // Whoever goes on for as long as there is more has heard everything, without waiting once.
    int received = 0;
    host.world.until([&] {
      bool worked = true;
      for (bool more = true; more;) {
        const PollResult result = host.turn(budget);
        CHECK(worked);
        more = result.more;
        worked = !more || Host::did_something(result);
        while (pull.try_recv().ok()) ++received;
      }
      // What is sent over a unix socket is there at once, so none of it may be left.
      if (transport == "ipc") CHECK_FALSE(Host::did_something(host.turn(budget)));
      return received == 5 * each;
    });
    CHECK(received == 5 * each);
    CHECK_FALSE(Host::did_something(host.turn(budget)));
  }
}

TEST_CASE("what is sent and gathered is work, until it is written") {
  Host host;
  Push push = host.world.loop.open<Push>({.immediate_sends = 0}).value();
  const std::string address = listen_on(push, "ipc");
  World::Peer peer = host.world.join(push, address, pull_id);
  host.world.settle();
  CHECK_FALSE(host.world.loop.next_deadline().has_value());
  push.try_send("gathered").value();
  CHECK(host.work_is_due());
  CHECK_FALSE(host.turn().more);
  CHECK(host.world.read_frame(*peer) == "gathered");
}

TEST_CASE("a task that was posted is work, and a task that it posts is work of the next turn") {
  Host host;
  int ran = 0;
  const auto first = host.world.loop.post([&] {
    ++ran;
    host.world.loop.post([&] { ++ran; }).value();
  });
  CHECK(first.ok());
  CHECK(host.work_is_due());
  CHECK(host.turn().more);
  CHECK(ran == 1);
  CHECK_FALSE(host.turn().more);
  CHECK(ran == 2);
}

TEST_CASE("a callback that leaves messages is called again, and until then more is said") {
  Host host;
  Pull pull = host.world.loop.open<Pull>().value();
  const std::string address = listen_on(pull, "ipc");
  World::Peer peer = host.world.join(pull, address, push_id);
  host.world.settle();
  int received = 0;
  pull.on_readable([&] { received += pull.try_recv().ok(); });
  for (int i = 0; i < 3; ++i) REQUIRE(peer->send(raw::frame(true, "one of three")));
  for (int i = 1; i <= 3; ++i) {
    const bool more = host.turn().more;
    CHECK(received == i);
    CHECK(more == (i < 3));
  }
  CHECK(received == 3);
  CHECK_FALSE(host.turn().more);
}

TEST_CASE("a timer is a deadline, not work, until it is due") {
  Host host;
  Req req = host.world.loop.open<Req>().value();
  Exchange exchange = req.request("?", {.deadline = 10ms}).value();
  CHECK_FALSE(host.turn().more);
  CHECK(host.world.loop.next_deadline() == host.world.loop.now() + 10ms);
  host.clock.advance(10ms);
  CHECK(host.world.loop.next_deadline() == host.world.loop.now());
  CHECK(host.world.loop.poll_once().timers == 1);
  CHECK_FALSE(host.turn().more);
  CHECK_FALSE(host.world.loop.next_deadline().has_value());
}

TEST_CASE("a full receive queue is no work; room in it is") {
  Host host;
  Pull pull = host.world.loop.open<Pull>({.receive_queue_messages = 4}).value();
  const std::string address = listen_on(pull, "ipc");
  World::Peer peer = host.world.join(pull, address, push_id);
  host.world.settle();
  std::string burst;
  for (int i = 0; i < 60; ++i) burst += raw::frame(true, std::string(1000, 'm'));
  REQUIRE(peer->send(burst));
  int turns = 0;
  while (host.turn().more) REQUIRE(++turns < 10);
  CHECK_FALSE(Host::did_something(host.turn()));
  int received = 0;
  while (pull.try_recv().ok()) ++received;
  CHECK(received < 60);
  host.world.until([&] {
    host.turn();
    while (pull.try_recv().ok()) ++received;
    return received == 60;
  });
  CHECK(received == 60);
}
