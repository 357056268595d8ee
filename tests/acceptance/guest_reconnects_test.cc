// A guest takes no more memory than it took at the start: not for messages, and not for peers that
// go and come again.
#include "tests/acceptance/flooder.h"
#include "tests/acceptance/world.h"

using namespace spool;
using namespace std::chrono_literals;

namespace {

SocketOptions quick() {
  SocketOptions options;
  options.reconnect_min = options.reconnect_max = 1ms;
  return options;
}

// A pair of sockets in one loop.
struct Link {
  explicit Link(std::string_view transport) {
    push.connect(listen_on(pull, transport)).value();
    talk();
  }
  void talk() {
    REQUIRE(world.until([&] { return pull.peers() == 1 && push.peers() == 1; }));
    for (int i = 0; i < 50; ++i) push.try_send("a message like all the others").value();
    int received = 0;
    REQUIRE(world.until([&] {
      while (pull.try_recv().ok()) ++received;
      return received == 50;
    }));
  }
  // The connection is lost and comes again; in turn, one side or the other ends it.
  void part(bool receiver) {
    PeerInfo peer;
    REQUIRE((receiver ? pull.list_peers({&peer, 1}) : push.list_peers({&peer, 1})) == 1);
    (receiver ? pull.disconnect(peer.peer) : push.disconnect(peer.peer)).value();
    const std::uint64_t before = pull.stats().peers_joined;
    REQUIRE(world.until([&] { return pull.stats().peers_joined > before; }));
  }
  [[nodiscard]] LoopStats stats() const { return world.loop.stats(); }

  World world;
  Pull pull = world.loop.open<Pull>(quick()).value();
  Push push = world.loop.open<Push>(quick()).value();
};

}  // namespace

TEST_CASE("after a warm-up nothing is allocated, through two hundred reconnects") {
  const std::string transport = GENERATE("tcp", "ipc", "inproc");
  INFO(transport);
  Link link(transport);
  for (int i = 0; i < 10; ++i) {
    link.part(i % 2 == 0);
    link.talk();
  }
  const LoopStats before = link.stats();
  for (int i = 0; i < 200; ++i) {
    link.part(i % 2 == 0);
    link.talk();
  }
  const LoopStats after = link.stats();
  CHECK(link.pull.stats().peers_joined == 211);
  CHECK(after.allocations == before.allocations);
  CHECK(after.memory_bytes == before.memory_bytes);
  CHECK(after.pool_misses == before.pool_misses);
}

TEST_CASE("nor for two hundred visitors, each with a word and gone, with a reset or without") {
  const std::string transport = GENERATE("tcp", "ipc");
  World world;
  Pull pull = world.loop.open<Pull>().value();
  const std::string address = listen_on(pull, transport);
  const auto visit = [&](int number) {
    auto peer = world.join(pull, address, push_id);
    REQUIRE(peer->send(raw::frame(peer->ipc, "good day")));
    REQUIRE(world.until([&] { return pull.can_recv(); }));
    CHECK(pull.try_recv()->text() == "good day");
    if (number % 2 == 0) peer->reset();
    peer.reset();
    REQUIRE(world.until([&] { return pull.peers() == 0; }));
  };
  for (int i = 0; i < 10; ++i) visit(i);
  const LoopStats before = world.loop.stats();
  for (int i = 0; i < 200; ++i) visit(i);
  CHECK(world.loop.stats().allocations == before.allocations);
  CHECK(world.loop.stats().memory_bytes == before.memory_bytes);
}

TEST_CASE("nor under a flood, once its queues are made") {
  World world;
  Pull pull = world.loop.open<Pull>().value();
  const std::string address = listen_on(pull, "ipc");
  std::vector<World::Peer> peers;
  std::vector<Flooder> flooders;
  for (int i = 0; i < 8; ++i) {
    peers.push_back(world.join(pull, address, push_id));
    flooders.emplace_back(*peers.back(), 64);
  }
  // Without a limit of time, each turn brings what the sockets hold: as much as ever.
  const Budget budget{0, 0, 0, Duration::zero(), Duration::zero()};
  const auto turn = [&] {
    for (Flooder& flooder : flooders) flooder.fill();
    world.loop.poll_once(Timeout::none(), budget);
    while (pull.try_recv().ok()) {
    }
  };
  for (int i = 0; i < 20; ++i) turn();
  const LoopStats before = world.loop.stats();
  for (int i = 0; i < 50; ++i) turn();
  CHECK(world.loop.stats().allocations == before.allocations);
}
