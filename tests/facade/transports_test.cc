// Each type of socket from end to end over each transport.
#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

#define EVERY_TRANSPORT GENERATE(as<std::string>(), "tcp", "ipc", "inproc")

TEST_CASE("PAIR talks both ways, with bodies of any size") {
  HangGuard guard;
  const std::string transport = EVERY_TRANSPORT;
  CAPTURE(transport);
  EventLoop loop = EventLoop::create({}).value();
  Pair a = loop.open<Pair>().value();
  Pair b = loop.open<Pair>().value();
  b.connect(listen_on(a, transport)).value();
  REQUIRE(turn_until(loop, [&] { return a.can_send() && b.can_send(); }));
  for (const std::size_t size : {0u, 1u, 63u, 2048u, 2049u, 65'536u, 1'000'000u}) {
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 31);
    a.try_send(body).value();
    REQUIRE(receive(b) == body);
    Message message = loop.message(body).value();
    b.send_for(message, 10s).value();
    CHECK(message.empty());
    REQUIRE(receive(a) == body);
  }
  CHECK(a.stats().messages_sent == 7);
  CHECK(a.stats().messages_received == 7);
  CHECK(a.stats().bytes_sent == b.stats().bytes_received);
}

TEST_CASE("PUSH hands each message to one PULL, and none is lost or doubled") {
  HangGuard guard;
  const std::string transport = EVERY_TRANSPORT;
  CAPTURE(transport);
  EventLoop loop = EventLoop::create({}).value();
  Push push = loop.open<Push>().value();
  const std::string address = listen_on(push, transport);
  std::vector<Pull> pulls;
  for (int i = 0; i < 3; ++i) {
    pulls.push_back(loop.open<Pull>().value());
    pulls.back().connect(address).value();
  }
  REQUIRE(turn_until(loop, [&] { return push.peers() == 3; }));
  std::vector<int> seen(300, 0);
  for (int i = 0; i < 300; ++i) {
    Message message = loop.message(std::to_string(i)).value();
    push.send_for(message, 10s).value();
  }
  std::size_t received = 0;
  REQUIRE(turn_until(loop, [&] {
    for (Pull& pull : pulls) {
      while (Result<Message> message = pull.try_recv()) {
        ++seen[static_cast<std::size_t>(std::stoi(std::string(message->text())))];
        ++received;
      }
    }
    return received == 300;
  }));
  CHECK(std::all_of(seen.begin(), seen.end(), [](int count) { return count == 1; }));
  for (const Pull& pull : pulls) CHECK(pull.stats().messages_received == 100);
}

TEST_CASE("PULL takes from many PUSH in fair turns") {
  HangGuard guard;
  const std::string transport = EVERY_TRANSPORT;
  CAPTURE(transport);
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  const std::string address = listen_on(pull, transport);
  Push a = loop.open<Push>().value();
  Push b = loop.open<Push>().value();
  for (Push* push : {&a, &b}) {
    push->connect(address).value();
    REQUIRE(turn_until(loop, [&] { return push->can_send(); }));
  }
  for (int i = 0; i < 10; ++i) a.try_send("a").value();
  for (int i = 0; i < 10; ++i) b.try_send("b").value();
  REQUIRE(turn_until(loop, [&] { return pull.stats().messages_received == 20; }));
  std::string order;
  while (Result<Message> message = pull.try_recv()) order += message->text();
  CHECK((order == "abababababababababab" || order == "babababababababababa"));
}

TEST_CASE("PUB reaches every SUB that asked for it") {
  HangGuard guard;
  const std::string transport = EVERY_TRANSPORT;
  CAPTURE(transport);
  EventLoop loop = EventLoop::create({}).value();
  Pub pub = loop.open<Pub>().value();
  const std::string address = listen_on(pub, transport);
  Sub all = loop.open<Sub>().value();
  Sub some = loop.open<Sub>().value();
  Sub none = loop.open<Sub>().value();
  all.subscribe("").value();
  some.subscribe("b.").value();
  for (Sub* sub : {&all, &some, &none}) sub->connect(address).value();
  REQUIRE(turn_until(loop, [&] { return pub.peers() == 3 && none.peers() == 1; }));
  for (const char* text : {"a.1", "b.1", "c.1", "b.2"}) pub.try_send(text).value();
  CHECK(receive(some) == "b.1");
  CHECK(receive(some) == "b.2");
  for (const char* text : {"a.1", "b.1", "c.1", "b.2"}) CHECK(receive(all) == text);
  REQUIRE(turn_until(loop, [&] { return none.stats().dropped_unasked == 4; }));
  CHECK_FALSE(none.can_recv());
  CHECK(some.stats().dropped_unasked == 2);
  CHECK(pub.stats().messages_sent == 12);
  CHECK(pub.stats().dropped_no_room == 0);
}

TEST_CASE("who connects and who listens does not matter, and who comes first neither") {
  HangGuard guard;
  const std::string transport = EVERY_TRANSPORT;
  CAPTURE(transport);
  EventLoop loop = EventLoop::create({}).value();
  std::string address = fresh_address(transport);
  if (transport == "tcp") {  // a port that was free a moment ago
    Pull probe = loop.open<Pull>().value();
    address = listen_on(probe, "tcp");
    probe.close();
    loop.poll_once();
  }
  Push push = loop.open<Push>({.reconnect_min = 2ms, .reconnect_max = 5ms}).value();
  push.connect(address).value();
  for (int i = 0; i < 5; ++i) loop.poll_once(1ms);
  CHECK(push.try_send("x").error() == Error::would_block);
  Pull pull = loop.open<Pull>().value();
  pull.listen(address).value();
  REQUIRE(turn_until(loop, [&] { return push.can_send(); }));
  push.try_send("late").value();
  CHECK(receive(pull) == "late");
}

TEST_CASE("a listener that is closed and opened again is found again") {
  HangGuard guard;
  const std::string transport = EVERY_TRANSPORT;
  CAPTURE(transport);
  EventLog log;
  EventLoopConfig config;
  config.on_event = log.collect();
  EventLoop loop = EventLoop::create(std::move(config)).value();
  Pair server = loop.open<Pair>().value();
  Pair client = loop.open<Pair>({.reconnect_min = 2ms, .reconnect_max = 5ms}).value();
  Endpoint at = server.listen(fresh_address(transport)).value();
  const std::string address(at.address().text());
  client.connect(address).value();
  for (int round = 0; round < 3; ++round) {
    CAPTURE(round);
    REQUIRE(turn_until(loop, [&] { return client.can_send() && server.can_send(); }));
    client.try_send("hello").value();
    REQUIRE(receive(server) == "hello");
    server.try_send("and you").value();
    REQUIRE(receive(client) == "and you");
    at.close();
    CHECK(at.address().empty());
    REQUIRE(turn_until(loop, [&] { return client.peers() == 0; }));
    at = server.listen(address).value();
  }
  loop.poll_once();
  CHECK(log.count(EventKind::listening) == 4);
  CHECK(client.stats().peers_left == 3);
}

TEST_CASE("a socket of many endpoints talks over all of them") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  std::vector<Push> pushers;
  for (const char* transport : {"tcp", "ipc", "inproc"}) {
    pushers.push_back(loop.open<Push>().value());
    pushers.back().connect(listen_on(pull, transport)).value();
  }
  REQUIRE(turn_until(loop, [&] { return pull.peers() == 3; }));
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(turn_until(loop, [&] { return pushers[i].can_send(); }));
    pushers[i].try_send(std::to_string(i)).value();
  }
  for (int i = 0; i < 3; ++i) texts.push_back(receive(pull));
  std::sort(texts.begin(), texts.end());
  CHECK(texts == std::vector<std::string>{"0", "1", "2"});
}

TEST_CASE("sockets that do not belong together do not talk, and each says why") {
  HangGuard guard;
  const std::string transport = EVERY_TRANSPORT;
  CAPTURE(transport);
  EventLog log;
  EventLoopConfig config;
  config.on_event = log.collect();
  EventLoop loop = EventLoop::create(std::move(config)).value();
  Pull pull = loop.open<Pull>().value();
  Pair pair = loop.open<Pair>({.reconnect_min = 1h, .reconnect_max = 1h}).value();
  pair.connect(listen_on(pull, transport)).value();
  REQUIRE(turn_until(loop, [&] { return log.count(EventKind::handshake_failed) != 0; }));
  CHECK_FALSE(pair.can_send());
  CHECK(log.count(EventKind::peer_joined) == 0);
  for (int i = 0; i < 20; ++i) loop.poll_once(1ms);
  CHECK(pair.stats().handshakes_failed + pull.stats().handshakes_failed >= 1);
  const Event& event = *log.last(EventKind::handshake_failed);
  CHECK((event.error == Error::protocol_mismatch || event.error == Error::peer_closed ||
         event.error == Error::connection_reset));
}

TEST_CASE("two loops in one thread talk to each other") {
  HangGuard guard;
  const std::string transport = GENERATE(as<std::string>(), "tcp", "ipc");
  EventLoop one = EventLoop::create({}).value();
  EventLoop other = EventLoop::create({}).value();
  Pair a = one.open<Pair>().value();
  Pair b = other.open<Pair>().value();
  b.connect(listen_on(a, transport)).value();
  REQUIRE(turn_until(one, other, [&] { return a.can_send() && b.can_send(); }));
  for (int i = 0; i < 100; ++i) {
    a.try_send(std::to_string(i)).value();
    REQUIRE(turn_until(one, other, [&] { return b.can_recv(); }));
    b.try_send(b.try_recv().value().text()).value();
    REQUIRE(turn_until(one, other, [&] { return a.can_recv(); }));
    REQUIRE(a.try_recv().value().text() == std::to_string(i));
  }
}

TEST_CASE("loops share no inproc names") {
  EventLoop one = EventLoop::create({}).value();
  EventLoop other = EventLoop::create({}).value();
  Pull pull = one.open<Pull>().value();
  Pull same = other.open<Pull>().value();
  Push push = other.open<Push>().value();
  pull.listen("inproc://name").value();
  push.connect("inproc://name").value();
  for (int i = 0; i < 5; ++i) {
    one.poll_once();
    other.poll_once();
  }
  CHECK(push.peers() == 0);
  same.listen("inproc://name").value();
  REQUIRE(turn_until(other, [&] { return push.can_send(); }));
}

}  // namespace
}  // namespace spool
