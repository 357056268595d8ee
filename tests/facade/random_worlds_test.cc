// Random calls and faults against what each pattern promises. A failure prints its seed.
#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

struct World {
  explicit World(unsigned seed) : dice(seed) {}

  [[nodiscard]] std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(dice);
  }
  // One of the peers of a random one of these is parted from.
  template <typename Sockets>
  void part_somebody(Sockets& sockets) {
    std::vector<PeerInfo> peers(8);
    auto& socket = sockets[below(sockets.size())];
    const std::size_t count = std::min(socket.list_peers(peers), peers.size());
    if (count != 0) socket.disconnect(peers[below(count)].peer).value();
  }
  // Nothing is left of a world whose sockets are all closed.
  void check_empty() {
    REQUIRE(turn_until(loop, [&] { return loop.stats().sockets == 0; }));
    CHECK(loop.stats().pool_bytes_in_use == 0);
  }

  std::mt19937 dice;
  EventLoop loop = EventLoop::create({}).value();
};

SocketOptions quick() {
  SocketOptions options;
  options.reconnect_min = 1ms;
  options.reconnect_max = 4ms;
  options.request_resend = Timeout(5ms);
  return options;
}

TEST_CASE("every request is answered once, with its own answer, whatever peers do") {
  HangGuard guard(120);
  const std::string transport = GENERATE(as<std::string>(), "inproc", "ipc", "tcp");
  const unsigned seed = GENERATE(range(1u, 9u));
  CAPTURE(transport, seed);
  World world(seed);
  std::vector<Rep> servers;
  std::vector<Req> clients;
  std::vector<std::string> addresses;
  std::vector<Device> devices;
  for (int i = 0; i < 3; ++i) {
    servers.push_back(world.loop.open<Rep>().value());
    addresses.push_back(listen_on(servers.back(), transport));
  }
  if (seed % 2 == 0) {  // a device in front of all of them
    RawSocket front = world.loop.open_raw(SocketType::rep, quick()).value();
    RawSocket back = world.loop.open_raw(SocketType::req, quick()).value();
    for (const std::string& address : addresses) back.connect(address).value();
    addresses = {listen_on(front, transport)};
    devices.push_back(Device::join(front, back).value());
  }
  for (int i = 0; i < 3; ++i) {
    clients.push_back(world.loop.open<Req>(quick()).value());
    for (const std::string& address : addresses) clients.back().connect(address).value();
  }
  struct Asked {
    Exchange exchange;
    std::string body;
    bool has_deadline;
  };
  std::vector<Asked> asked;
  std::vector<Request> held;
  int number = 0;
  int answered = 0;
  int late = 0;
  const auto serve = [&](bool all) {
    for (Rep& server : servers)
      while (Result<Request> request = server.try_recv_request())
        held.push_back(std::move(request).value());
    for (std::size_t i = held.size(); i-- != 0;) {
      if (!all && world.below(3) != 0) continue;
      const bool forget = !all && world.below(10) == 0;
      if (!forget) {
        const Result<void> sent = held[i].reply("re " + std::string(held[i].text()));
        if (sent.error() == Error::would_block) continue;
        CHECK((sent.ok() || sent.error() == Error::peer_closed));
      }
      std::swap(held[i], held.back());
      held.pop_back();
    }
  };
  const auto collect = [&] {
    for (std::size_t i = asked.size(); i-- != 0;) {
      const Result<Message> reply = asked[i].exchange.try_recv();
      if (reply.error() == Error::would_block) continue;
      if (reply.ok()) {
        CHECK(reply->text() == "re " + asked[i].body);
        ++answered;
      } else {
        CHECK(reply.error() == Error::deadline_passed);
        CHECK(asked[i].has_deadline);
        ++late;
      }
      CHECK(asked[i].exchange.try_recv().error() == Error::wrong_state);
      std::swap(asked[i], asked.back());
      asked.pop_back();
    }
  };
  int cancelled = 0;
  for (int step = 0; step < 300; ++step) {
    switch (world.below(8)) {
      case 0:
      case 1:
      case 2: {
        Asked one{clients[world.below(clients.size())].open_exchange().value(),
                  std::to_string(number++) + std::string(world.below(5000), 'x'), false};
        if (world.below(4) == 0) {
          one.has_deadline = true;
          one.exchange =
              clients[world.below(clients.size())].open_exchange({.deadline = 3ms}).value();
        }
        one.exchange.request(one.body).value();
        asked.push_back(std::move(one));
        break;
      }
      case 3:
        serve(false);
        break;
      case 4:
        if (world.below(3) == 0) world.part_somebody(clients);
        break;
      case 5:
        if (world.below(3) == 0) world.part_somebody(servers);
        break;
      case 6:
        if (!asked.empty() && world.below(4) == 0) {
          asked.erase(asked.begin() + static_cast<std::ptrdiff_t>(world.below(asked.size())));
          ++cancelled;
        }
        break;
      default:
        world.loop.poll_once(100us);
        collect();
    }
  }
  // No more faults: everything that was asked gets its answer.
  REQUIRE(turn_until(world.loop, [&] {
    serve(true);
    collect();
    return asked.empty();
  }));
  CHECK(answered + late + cancelled == number);
  CHECK(answered > 0);
  held.clear();
  servers.clear();
  clients.clear();
  devices.clear();
  world.check_empty();
}

TEST_CASE("every message that was pushed is pulled once, whoever parts from whom") {
  HangGuard guard(120);
  // Over inproc nothing is on its way in the kernel: what goes lost would be our doing.
  const unsigned seed = GENERATE(range(1u, 21u));
  CAPTURE(seed);
  World world(seed);
  SocketOptions options = quick();
  options.receive_queue_messages = 1 + world.below(20);
  std::vector<Push> pushers;
  std::vector<Pull> pullers;
  std::vector<std::string> addresses;
  for (int i = 0; i < 3; ++i) {
    pullers.push_back(world.loop.open<Pull>(options).value());
    addresses.push_back(listen_on(pullers.back(), "inproc"));
  }
  for (int i = 0; i < 2; ++i) {
    pushers.push_back(world.loop.open<Push>(options).value());
    for (const std::string& address : addresses) pushers.back().connect(address).value();
  }
  std::map<int, int> seen;
  int number = 0;
  const auto pull = [&] {
    for (Pull& puller : pullers)
      while (Result<Message> message = puller.try_recv())
        ++seen[std::stoi(std::string(message->text()))];
  };
  for (int step = 0; step < 500; ++step) {
    switch (world.below(5)) {
      case 0:
      case 1:
        if (pushers[world.below(pushers.size())].try_send(std::to_string(number)).ok()) ++number;
        break;
      case 2:
        if (world.below(3) == 0) world.part_somebody(pullers);
        if (world.below(3) == 0) world.part_somebody(pushers);
        break;
      case 3:
        if (world.below(3) == 0) pull();
        break;
      default:
        world.loop.poll_once(50us);
    }
  }
  CHECK(number > 0);
  REQUIRE(turn_until(world.loop, [&] {
    pull();
    return seen.size() == static_cast<std::size_t>(number);
  }));
  for (const auto& [which, count] : seen) CHECK(count == 1);
  pushers.clear();
  pullers.clear();
  world.check_empty();
}

TEST_CASE("what a subscriber and its readers get is in order, theirs, and never twice") {
  HangGuard guard(120);
  const std::string transport = GENERATE(as<std::string>(), "inproc", "ipc");
  const unsigned seed = GENERATE(range(1u, 6u));
  CAPTURE(transport, seed);
  World world(seed);
  SocketOptions options = quick();
  options.send_queue_messages = 1 + world.below(8);
  options.when_blocked = seed % 2 == 0 ? WhenBlocked::drop_oldest : WhenBlocked::drop_newest;
  std::vector<Pub> pubs;
  pubs.push_back(world.loop.open<Pub>(options).value());
  const std::string address = listen_on(pubs[0], transport);
  std::vector<Sub> subs;
  std::vector<Reader> readers;
  struct Last {
    int number = -1;
    int count = 0;
  };
  std::vector<Last> last(6);
  for (std::size_t i = 0; i < 3; ++i) {
    subs.push_back(world.loop.open<Sub>(quick()).value());
    subs[i].subscribe(std::string(1, static_cast<char>('a' + i))).value();
    readers.push_back(subs[i].open_reader().value());
    readers[i].subscribe("a").value();
    readers[i].subscribe("").value();
    subs[i].connect(address).value();
  }
  REQUIRE(pubs[0].wait_for_peers(3, 10s).ok());
  const auto take = [&](auto& from, std::size_t which, char topic) {
    while (Result<Message> message = from.try_recv()) {
      const int number = std::stoi(std::string(message->text().substr(1)));
      CHECK(number > last[which].number);
      if (topic != '*') CHECK(message->text()[0] == topic);
      last[which] = {number, last[which].count + 1};
    }
  };
  int number = 0;
  const auto take_all = [&] {
    for (std::size_t i = 0; i < 3; ++i) {
      take(subs[i], i, static_cast<char>('a' + i));
      take(readers[i], 3 + i, '*');
    }
  };
  for (int step = 0; step < 600; ++step) {
    const std::size_t what = world.below(10);
    if (what < 6) {
      std::string text(1, static_cast<char>('a' + world.below(4)));
      pubs[0].try_send(text + std::to_string(number++)).value();
    } else if (what == 6 && world.below(10) == 0) {
      world.part_somebody(pubs);
    } else if (what == 7) {
      if (world.below(3) == 0) take_all();
    } else {  // at times long enough for a peer to be back before its last messages are taken
      world.loop.poll_once(world.below(8) == 0 ? Duration(2ms) : Duration(50us));
    }
  }
  for (int i = 0; i < 100; ++i) world.loop.poll_once(100us);
  take_all();
  for (const Last& one : last) {
    CHECK(one.count > 0);
    CHECK(one.count <= number);
  }
  readers.clear();
  subs.clear();
  pubs.clear();
  world.check_empty();
}

}  // namespace
}  // namespace spool
