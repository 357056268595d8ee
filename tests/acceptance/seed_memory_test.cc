// Messages and buffers are recycled: whatever the pattern, a load that goes on as it was allocates
// nothing, and neither do connections that come and go.
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "tests/acceptance/world.h"

using namespace spool;
using namespace std::chrono_literals;

namespace {

std::string any_transport() { return GENERATE(as<std::string>(), "tcp", "ipc", "inproc"); }

// Runs rounds until all queues have been as full as they get, then a hundred more. What a round has
// closed is freed by a turn, of which inproc needs none.
void check_steady(World& world, const std::function<void()>& round) {
  const auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) round(), world.settle();
  };
  rounds(50);
  const LoopStats before = world.loop.stats();
  rounds(100);
  const LoopStats after = world.loop.stats();
  CHECK(after.allocations == before.allocations);
  CHECK(after.pool_misses == before.pool_misses);
  CHECK(after.memory_bytes == before.memory_bytes);
  CHECK(after.pool_bytes_in_use == before.pool_bytes_in_use);
}

template <typename Socket>
Message next(Socket& socket) {
  Result<Message> message = socket.recv_for(10s);
  REQUIRE(message.ok());
  return std::move(message).value();
}

// Small ones are copied behind each other, large ones take blocks of their own.
constexpr std::size_t sizes[] = {0, 20, 3'000, 100'000};

}  // namespace

TEST_CASE("Requests and replies, one at a time and many, allocate nothing in steady state") {
  World world;
  Rep rep = world.loop.open<Rep>().value();
  Req req = world.loop.open<Req>().value();
  REQUIRE(req.connect(listen_on(rep, any_transport())).ok());
  REQUIRE(req.wait_for_peers(1, 10s).ok());
  check_steady(world, [&] {
    for (const std::size_t size : sizes) {
      REQUIRE(req.try_send(world.loop.message(size).value()).ok());
      Message question = next(rep);
      REQUIRE(rep.try_send(question).ok());
      REQUIRE(next(req).size() == size);
    }
    std::vector<Exchange> exchanges;
    for (int i = 0; i < 20; ++i)
      exchanges.push_back(req.request("question", {.deadline = 1h}).value());
    std::vector<Request> requests;
    for (int i = 0; i < 20; ++i) requests.push_back(rep.recv_request_for(10s).value());
    for (int i = 19; i >= 0; --i) REQUIRE(requests[static_cast<std::size_t>(i)].reply("x").ok());
    for (Exchange& exchange : exchanges) next(exchange);
  });
}

TEST_CASE("Surveys and their answers allocate nothing in steady state") {
  World world;
  Surveyor surveyor = world.loop.open<Surveyor>().value();
  const std::string address = listen_on(surveyor, any_transport());
  std::vector<Respondent> respondents;
  for (int i = 0; i < 3; ++i) {
    respondents.push_back(world.loop.open<Respondent>().value());
    REQUIRE(respondents.back().connect(address).ok());
  }
  REQUIRE(surveyor.wait_for_peers(3, 10s).ok());
  check_steady(world, [&] {
    for (const std::size_t size : sizes) {
      REQUIRE(surveyor.try_send(world.loop.message(size).value()).ok());
      Survey survey = surveyor.survey("at the same time").value();
      for (Respondent& respondent : respondents) {
        for (int i = 0; i < 2; ++i) {
          Message question = next(respondent);
          REQUIRE(respondent.try_send(question).ok());
        }
      }
      for (int i = 0; i < 3; ++i) REQUIRE(next(surveyor).size() == size);
      for (int i = 0; i < 3; ++i) next(survey);
    }
  });
}

TEST_CASE("A bus allocates nothing in steady state") {
  World world;
  std::vector<Bus> nodes;
  for (int i = 0; i < 3; ++i) nodes.push_back(world.loop.open<Bus>().value());
  const std::string transport = any_transport();
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string address = listen_on(nodes[i], transport);
    for (std::size_t j = i + 1; j < 3; ++j) REQUIRE(nodes[j].connect(address).ok());
  }
  for (Bus& node : nodes) REQUIRE(node.wait_for_peers(2, 10s).ok());
  check_steady(world, [&] {
    for (const std::size_t size : sizes)
      for (Bus& node : nodes) REQUIRE(node.try_send(world.loop.message(size).value()).ok());
    for (Bus& node : nodes)
      for (std::size_t i = 0; i < 2 * std::size(sizes); ++i) next(node);
  });
}

TEST_CASE("Publishing, pipelines and pairs allocate nothing in steady state") {
  World world;
  const std::string transport = any_transport();
  Pub pub = world.loop.open<Pub>().value();
  Sub sub = world.loop.open<Sub>().value();
  REQUIRE(sub.subscribe("").ok());
  Reader reader = sub.open_reader().value();
  REQUIRE(reader.subscribe("").ok());
  REQUIRE(sub.connect(listen_on(pub, transport)).ok());
  Push push = world.loop.open<Push>().value();
  Pull pull = world.loop.open<Pull>().value();
  REQUIRE(pull.connect(listen_on(push, transport)).ok());
  Pair1 one = world.loop.open<Pair1>().value();
  Pair1 other = world.loop.open<Pair1>().value();
  REQUIRE(other.connect(listen_on(one, transport)).ok());
  REQUIRE(pub.wait_for_peers(1, 10s).ok());
  REQUIRE(push.wait_for_peers(1, 10s).ok());
  REQUIRE(one.wait_for_peers(1, 10s).ok());
  check_steady(world, [&] {
    for (const std::size_t size : sizes) {
      REQUIRE(pub.try_send(world.loop.message(size).value()).ok());
      REQUIRE(push.try_send(world.loop.message(size).value()).ok());
      REQUIRE(one.try_send(world.loop.message(size).value()).ok());
      REQUIRE(next(sub).size() == size);
      REQUIRE(next(reader).size() == size);
      REQUIRE(next(pull).size() == size);
      REQUIRE(next(other).size() == size);
    }
  });
}

TEST_CASE("Connections that are lost and made again allocate nothing in steady state") {
  World world;
  const std::string transport = any_transport();
  const SocketOptions quick{.reconnect_min = 1ms, .reconnect_max = 1ms};
  Rep rep = world.loop.open<Rep>(quick).value();
  Req req = world.loop.open<Req>(quick).value();
  REQUIRE(req.connect(listen_on(rep, transport)).ok());
  check_steady(world, [&] {
    REQUIRE(rep.wait_for_peers(1, 10s).ok());
    // The request is on its way when the connection is cut, and goes again over the next one.
    Exchange exchange = req.request("question").value();
    PeerInfo peer;
    REQUIRE(rep.list_peers({&peer, 1}) == 1);
    REQUIRE(rep.disconnect(peer.peer).ok());
    REQUIRE(world.until([&] { return req.peers() == 0 || rep.peers() == 0; }));
    REQUIRE(world.until([&] {
      while (Result<Request> request = rep.try_recv_request())
        static_cast<void>(request->reply("answer"));
      return exchange.can_recv();
    }));
    next(exchange);
    world.events.clear();
  });
}

TEST_CASE("Sockets that are closed give back what they took") {
  World world;
  const std::string transport = any_transport();
  Rep rep = world.loop.open<Rep>().value();
  const std::string address = listen_on(rep, transport);
  std::size_t after_the_first = 0;
  for (int round = 0; round < 150; ++round) {
    {
      Req req = world.loop.open<Req>().value();
      REQUIRE(req.connect(address).ok());
      REQUIRE(req.try_send("question").ok());
      Message question = next(rep);
      REQUIRE(rep.try_send(question).ok());
      next(req);
    }
    REQUIRE(world.until([&] { return rep.peers() == 0 && world.loop.stats().sockets == 1; }));
    if (round == 50) after_the_first = world.loop.stats().memory_bytes;
  }
  CHECK(world.loop.stats().memory_bytes == after_the_first);
  CHECK(world.loop.stats().pool_bytes_in_use == 0);
}
