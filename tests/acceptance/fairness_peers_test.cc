// One peer says more than the host can hear, and the others are heard all the same. Turns are
// counted, no time is measured.
#include <map>

#include "tests/acceptance/flooder.h"
#include "tests/acceptance/world.h"
#include "tests/support/fake_clock.h"

using namespace spool;
using namespace std::chrono_literals;

namespace {

// Nothing but what a test sets.
Budget no_limits() { return {0, 0, 0, Duration::zero(), Duration::zero()}; }

// A PULL, peers over unix sockets (what is sent is there at once), and time that stands still.
struct Crowd {
  explicit Crowd(int count, SocketOptions options = {})
      : pull(world.loop.open<Pull>(options).value()) {
    address = listen_on(pull, "ipc");
    for (int i = 0; i < count; ++i) peers.push_back(world.join(pull, address, push_id));
    world.settle();
  }
  // How many messages of whom.
  std::map<std::uint32_t, int> take_all() {
    std::map<std::uint32_t, int> taken;
    while (auto message = pull.try_recv()) ++taken[message->peer()];
    return taken;
  }
  void say(std::size_t peer) { REQUIRE(peers[peer]->send(raw::frame(true, "quiet"))); }

  testing::FakeClock clock;
  World world{&clock};
  Pull pull;
  std::string address;
  std::vector<World::Peer> peers;
};

struct Axis {
  const char* name;
  Budget budget;
  Duration step;  // a look at the clock takes so long
};

std::vector<Axis> tight_budgets() {
  std::vector<Axis> axes;
  for (const char* name : {"events", "messages", "bytes", "time"})
    axes.push_back({name, no_limits(), Duration::zero()});
  axes[0].budget.events = 1;
  axes[1].budget.messages = 1;
  axes[2].budget.bytes = 1;
  axes[3].budget.time = 1us;
  axes[3].step = 1ms;
  return axes;
}

}  // namespace

TEST_CASE("beside a flood each quiet peer is heard within two rounds, whatever the budget") {
  const auto axes = tight_budgets();
  const Axis& axis = axes[GENERATE(0u, 1u, 2u, 3u)];
  const std::size_t size = GENERATE(1u, 64u, 100'000u);
  INFO("budget: one of " << axis.name << ", messages of " << size);
  constexpr int quiet = 8;
  Crowd crowd(1 + quiet);
  crowd.clock.step = axis.step;
  Flooder flooder(*crowd.peers[0], size);
  std::uint64_t flooded = 0;
  for (int round = 0; round < 50; ++round) {
    // All of them, or one of them.
    const std::size_t first = round % 2 == 0 ? 1 : 1 + static_cast<std::size_t>(round) % quiet;
    const std::size_t last = round % 2 == 0 ? quiet : first;
    for (std::size_t i = first; i <= last; ++i) crowd.say(i);
    std::size_t heard = 0;
    int turns = 0;
    for (; heard < last - first + 1 && turns < 1000; ++turns) {
      flooder.fill();
      crowd.world.loop.poll_once(Timeout::none(), axis.budget);
      while (auto message = crowd.pull.try_recv()) ++(message->text() == "quiet" ? heard : flooded);
    }
    CHECK(turns <= 2 * (1 + quiet));
  }
  CHECK(flooded > 0);
}

TEST_CASE("a call goes on where the one before stopped: nobody of 200 starves, one at a time") {
  const auto axes = tight_budgets();
  const Axis& axis = axes[GENERATE(0u, 1u, 2u, 3u)];
  INFO("budget: one of " << axis.name);
  constexpr std::size_t count = 200;
  Crowd crowd(count);
  crowd.clock.step = axis.step;
  std::vector<Flooder> flooders;
  for (auto& peer : crowd.peers) flooders.emplace_back(*peer, 1000);
  for (Flooder& flooder : flooders) flooder.fill();
  std::map<std::uint32_t, int> last_turn;
  int longest = 0;
  for (int turn = 0; turn < 2000; ++turn) {
    const PollResult result = crowd.world.loop.poll_once(Timeout::none(), axis.budget);
    CHECK(result.events == 1);
    CHECK(result.more);
    for (const auto& [peer, messages] : crowd.take_all()) {
      longest = std::max(longest, turn - last_turn[peer]);
      last_turn[peer] = turn;
    }
    if (turn % 50 == 0)
      for (Flooder& flooder : flooders) flooder.fill();
  }
  CHECK(last_turn.size() == count);
  for (const auto& [peer, turn] : last_turn) longest = std::max(longest, 1999 - turn);
  CHECK(longest <= 2 * static_cast<int>(count));
}

TEST_CASE("no axis of the budget is exceeded by more than one read") {
  const std::size_t size = GENERATE(1u, 64u, 5000u, 1'000'000u);
  const std::size_t one_read = GENERATE(4u << 10, 64u << 10);
  INFO("messages of " << size << ", reads of " << one_read);
  constexpr int count = 16;
  testing::FakeClock clock;
  EventLoopConfig config;
  config.receive_buffer = one_read;
  World world(&clock, std::move(config));
  Pull pull = world.loop.open<Pull>().value();
  const std::string address = listen_on(pull, "ipc");
  std::vector<World::Peer> peers;
  std::vector<Flooder> flooders;
  for (int i = 0; i < count; ++i) {
    peers.push_back(world.join(pull, address, push_id));
    flooders.emplace_back(*peers.back(), size);
  }
  const auto call = [&](const Budget& budget) {
    for (Flooder& flooder : flooders) flooder.fill();
    const PollResult result = world.loop.poll_once(Timeout::none(), budget);
    while (pull.try_recv().ok()) {
    }
    return result;
  };
  for (int i = 0; i < 20; ++i) call(no_limits());  // each has its pace
  bool reached[4] = {};                            // else it would not be a limit
  for (std::uint32_t limit = 1; limit <= 10; ++limit) {
    Budget budget = no_limits();
    budget.events = limit;
    PollResult result = call(budget);
    CHECK(result.events <= limit);
    reached[0] = reached[0] || result.events == limit;

    budget = no_limits();
    budget.bytes = limit * 50'000;
    result = call(budget);
    CHECK(result.bytes < budget.bytes + one_read);
    reached[1] = reached[1] || result.bytes >= budget.bytes;

    budget = no_limits();
    budget.messages = limit * 100;
    result = call(budget);
    CHECK(result.messages < budget.messages + 2048);
    reached[2] = reached[2] || result.messages >= budget.messages || size > 1000;

    budget = no_limits();
    budget.time = limit * 100us;
    clock.step = 30us;  // so long takes a read
    result = call(budget);
    CHECK(result.library_time < budget.time + 3 * clock.step);
    reached[3] = reached[3] || result.library_time >= budget.time;
    clock.step = Duration::zero();
  }
  for (const bool one : reached) CHECK(one);
}

TEST_CASE("a host that takes a few messages per frame hears the quiet ones, too") {
  constexpr int quiet = 8;
  Crowd crowd(1 + quiet);
  Flooder flooder(*crowd.peers[0], 64);
  for (int round = 0; round < 20; ++round) {
    flooder.fill();
    for (std::size_t i = 1; i <= quiet; ++i) crowd.say(i);
    crowd.world.settle();
    int heard = 0;
    for (int i = 0; i < 2 * quiet + 1; ++i) {
      auto message = crowd.pull.try_recv();
      REQUIRE(message.ok());
      heard += message->text() == "quiet";
    }
    CHECK(heard == quiet);
  }
}
