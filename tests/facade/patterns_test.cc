// What each pattern promises its user, and every counter of a loss.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"

namespace spool {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

template <typename Socket>
Texts receive_all(Socket& socket) {
  Texts texts;
  while (Result<Message> message = socket.try_recv()) texts.emplace_back(message->text());
  return texts;
}

// --- PAIR ---------------------------------------------------------------------------------------

TEST_CASE("PAIR refuses the second peer, and takes it after the first has gone") {
  HangGuard guard;
  const std::string transport = GENERATE(as<std::string>(), "tcp", "ipc", "inproc");
  CAPTURE(transport);
  EventLog log;
  EventLoopConfig config;
  config.on_event = log.collect();
  EventLoop loop = EventLoop::create(std::move(config)).value();
  Pair server = loop.open<Pair>().value();
  const std::string address = listen_on(server, transport);
  Pair first = loop.open<Pair>().value();
  first.connect(address).value();
  REQUIRE(turn_until(loop, [&] { return server.can_send() && first.can_send(); }));
  Pair second = loop.open<Pair>({.reconnect_min = 1ms, .reconnect_max = 5ms}).value();
  second.connect(address).value();
  REQUIRE(turn_until(loop, [&] { return log.count(EventKind::peer_refused) >= 3; }));
  CHECK(server.stats().peers_refused >= 3);
  CHECK(server.peers() == 1);
  first.try_send("still the first").value();
  CHECK(receive(server) == "still the first");
  first.close();
  REQUIRE(turn_until(loop, [&] { return server.stats().peers_joined == 2; }));
  // The second may have been refused once more before it was taken: only what arrives counts.
  REQUIRE(turn_until(loop, [&] {
    if (server.can_recv()) return true;
    static_cast<void>(second.try_send("now the second"));
    return false;
  }));
  CHECK(server.try_recv().value().text() == "now the second");
}

TEST_CASE("PAIR keeps what its former peer sent, in front of what the next one sends") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Pair server = loop.open<Pair>().value();
  const std::string address = listen_on(server, "ipc");
  for (const char* name : {"first", "second"}) {
    Pair client = loop.open<Pair>().value();
    client.connect(address).value();
    REQUIRE(turn_until(loop, [&] { return client.can_send() && server.can_send(); }));
    client.try_send(std::string(name) + " 1").value();
    client.try_send(std::string(name) + " 2").value();
    client.close();
    REQUIRE(turn_until(loop, [&] { return server.peers() == 0; }));
  }
  CHECK(receive_all(server) == Texts{"first 1", "first 2", "second 1", "second 2"});
}

// --- PUB and SUB --------------------------------------------------------------------------------

TEST_CASE("PUB without anybody succeeds, and nothing is stored for later") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Pub pub = loop.open<Pub>().value();
  CHECK(pub.can_send());
  for (int i = 0; i < 100; ++i) pub.try_send("early").value();
  CHECK(pub.stats().messages_sent == 0);
  CHECK(pub.stats().dropped_no_room == 0);
  Sub sub = loop.open<Sub>().value();
  sub.subscribe("").value();
  sub.connect(listen_on(pub, "inproc")).value();
  REQUIRE(turn_until(loop, [&] { return pub.peers() == 1; }));
  pub.try_send("now").value();
  CHECK(receive_all(sub) == Texts{"now"});
}

TEST_CASE("what a full subscriber misses is counted, and the others miss nothing") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Pub pub = loop.open<Pub>().value();
  const std::string address = listen_on(pub, "inproc");
  Sub slow =
      loop.open<Sub>({.receive_queue_messages = 2, .overflow = ReceiveOverflow::wait}).value();
  Sub fast = loop.open<Sub>().value();
  for (Sub* sub : {&slow, &fast}) {
    sub->subscribe("").value();
    sub->connect(address).value();
  }
  REQUIRE(turn_until(loop, [&] { return pub.peers() == 2; }));
  for (int i = 0; i < 10; ++i) pub.try_send(std::to_string(i)).value();
  CHECK(pub.stats().dropped_no_room == 8);
  CHECK(pub.stats().blocked_episodes == 1);
  CHECK(pub.stats().messages_sent == 12);
  CHECK(receive_all(slow) == Texts{"0", "1"});
  CHECK(receive_all(fast).size() == 10);
  pub.try_send("again").value();
  CHECK(receive_all(slow) == Texts{"again"});
  CHECK(pub.stats().dropped_no_room == 8);
}

TEST_CASE("a subscriber that does not read does not hold up PUB, over a real connection") {
  HangGuard guard;
  EventLoop here = EventLoop::create({}).value();
  EventLoop there = EventLoop::create({}).value();
  Pub pub = here.open<Pub>({.send_queue_messages = 10}).value();
  Sub sub = there.open<Sub>({.overflow = ReceiveOverflow::wait}).value();
  sub.subscribe("").value();
  sub.connect(listen_on(pub, "tcp")).value();
  REQUIRE(turn_until(here, there, [&] { return pub.peers() == 1 && sub.peers() == 1; }));
  const std::string text(50'000, 'x');
  std::uint64_t sent = 0;
  while (pub.stats().dropped_no_room < 50 && sent < 10'000) {
    pub.try_send(text).value();
    ++sent;
    here.poll_once();
  }
  CHECK(pub.stats().messages_sent + pub.stats().dropped_no_room == sent);
  std::uint64_t received = 0;
  REQUIRE(turn_until(here, there, [&] {
    received += receive_all(sub).size();
    return received == pub.stats().messages_sent;
  }));
  pub.try_send("after").value();
  REQUIRE(turn_until(here, there, [&] { return sub.can_recv(); }));
  CHECK(receive_all(sub) == Texts{"after"});
}

TEST_CASE("a SUB that reads late gets the newest, and the loss is counted") {
  EventLoop loop = EventLoop::create({}).value();
  Pub pub = loop.open<Pub>().value();
  const std::string address = listen_on(pub, "inproc");
  Sub newest = loop.open<Sub>({.receive_queue_messages = 3}).value();
  Sub oldest =
      loop.open<Sub>({.receive_queue_messages = 3, .overflow = ReceiveOverflow::drop_newest})
          .value();
  for (Sub* sub : {&newest, &oldest}) {
    sub->subscribe("").value();
    sub->connect(address).value();
  }
  REQUIRE(turn_until(loop, [&] { return pub.peers() == 2; }));
  for (int i = 0; i < 10; ++i) pub.try_send(std::to_string(i)).value();
  CHECK(receive_all(newest) == Texts{"7", "8", "9"});
  CHECK(receive_all(oldest) == Texts{"0", "1", "2"});
  CHECK(newest.stats().dropped_overflow == 7);
  CHECK(oldest.stats().dropped_overflow == 7);
  CHECK(pub.stats().dropped_no_room == 0);
}

TEST_CASE("a SUB's limit in bytes holds as well") {
  EventLoop loop = EventLoop::create({}).value();
  Pub pub = loop.open<Pub>().value();
  Sub sub = loop.open<Sub>({.receive_queue_bytes = 100}).value();
  sub.subscribe("").value();
  sub.connect(listen_on(pub, "inproc")).value();
  REQUIRE(turn_until(loop, [&] { return pub.peers() == 1; }));
  for (char c = 'a'; c <= 'f'; ++c) pub.try_send(std::string(40, c)).value();
  const Texts texts = receive_all(sub);
  CHECK(texts.back() == std::string(40, 'f'));
  CHECK(texts.size() <= 3);
  CHECK(sub.stats().dropped_overflow == 6 - texts.size());
}

TEST_CASE("subscriptions can be changed at any time and hold for what waits") {
  EventLoop loop = EventLoop::create({}).value();
  Pub pub = loop.open<Pub>().value();
  Sub sub = loop.open<Sub>().value();
  sub.connect(listen_on(pub, "inproc")).value();
  REQUIRE(turn_until(loop, [&] { return pub.peers() == 1; }));
  pub.try_send("a0").value();
  sub.subscribe("a").value();
  sub.subscribe("b").value();
  for (const char* text : {"a1", "b1", "c1"}) pub.try_send(text).value();
  sub.unsubscribe("a").value();
  pub.try_send("a2").value();
  CHECK(receive_all(sub) == Texts{"b1"});
  CHECK(sub.stats().dropped_unasked == 3);
}

TEST_CASE("what nobody subscribed to is dropped on arrival and counted") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Pub pub = loop.open<Pub>().value();
  Sub sub = loop.open<Sub>().value();
  sub.connect(listen_on(pub, "tcp")).value();
  REQUIRE(turn_until(loop, [&] { return pub.peers() == 1 && sub.peers() == 1; }));
  for (int i = 0; i < 5; ++i) pub.try_send("unasked").value();
  REQUIRE(turn_until(loop, [&] { return sub.stats().dropped_unasked == 5; }));
  CHECK(sub.stats().messages_received == 0);
}

// --- Priorities ---------------------------------------------------------------------------------

TEST_CASE("PUSH sends to the better endpoint, and to the other one when that is full or gone") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Push push = loop.open<Push>().value();
  Pull better = loop.open<Pull>({.receive_queue_messages = 2}).value();
  Pull worse = loop.open<Pull>().value();
  push.connect(listen_on(worse, "inproc"), {.send_priority = 9}).value();
  push.connect(listen_on(better, "inproc"), {.send_priority = 1}).value();
  REQUIRE(turn_until(loop, [&] { return push.peers() == 2; }));
  for (int i = 0; i < 4; ++i) push.try_send(std::to_string(i)).value();
  CHECK(receive_all(better) == Texts{"0", "1"});
  CHECK(receive_all(worse) == Texts{"2", "3"});
  push.try_send("4").value();
  CHECK(receive_all(better) == Texts{"4"});
  better.close();
  loop.poll_once();
  push.try_send("5").value();
  CHECK(receive_all(worse) == Texts{"5"});
}

TEST_CASE("PULL receives from the better endpoint first") {
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  Push urgent = loop.open<Push>().value();
  Push other = loop.open<Push>().value();
  const std::string a = fresh_address("inproc");
  const std::string b = fresh_address("inproc");
  pull.listen(a, {.receive_priority = 16}).value();
  pull.listen(b, {.receive_priority = 15}).value();
  other.connect(a).value();
  urgent.connect(b).value();
  REQUIRE(turn_until(loop, [&] { return pull.peers() == 2; }));
  other.try_send("other 1").value();
  other.try_send("other 2").value();
  urgent.try_send("urgent 1").value();
  urgent.try_send("urgent 2").value();
  CHECK(receive_all(pull) == Texts{"urgent 1", "urgent 2", "other 1", "other 2"});
}

// --- Counters -----------------------------------------------------------------------------------

TEST_CASE("what was sent and received is counted, in messages and bytes") {
  HangGuard guard;
  const std::string transport = GENERATE(as<std::string>(), "tcp", "ipc", "inproc");
  EventLoop loop = EventLoop::create({}).value();
  Push push = loop.open<Push>().value();
  Pull pull = loop.open<Pull>().value();
  push.connect(listen_on(pull, transport)).value();
  REQUIRE(turn_until(loop, [&] { return push.can_send(); }));
  for (const std::size_t size : {0u, 10u, 100'000u}) push.try_send(std::string(size, 'x')).value();
  REQUIRE(turn_until(loop, [&] { return pull.stats().messages_received == 3; }));
  const SocketStats sent = push.stats();
  const SocketStats received = pull.stats();
  CHECK(sent.messages_sent == 3);
  CHECK(sent.bytes_sent == 100'010);
  CHECK(received.bytes_received == 100'010);
  CHECK(sent.peers_joined == 1);
  CHECK(received.peers_joined == 1);
  CHECK(sent.peers == 1);
  CHECK(sent.unsent_messages == 0);
  // They outlive the connection.
  push.close();
  REQUIRE(turn_until(loop, [&] { return pull.peers() == 0; }));
  receive_all(pull);
  loop.poll_once();
  CHECK(pull.stats().messages_received == 3);
  CHECK(pull.stats().peers_left == 1);
}

TEST_CASE("failed connects are counted, and the event says when the next one is") {
  HangGuard guard;
  EventLog log;
  EventLoopConfig config;
  config.on_event = log.collect();
  EventLoop loop = EventLoop::create(std::move(config)).value();
  Push push = loop.open<Push>({.reconnect_min = 1ms, .reconnect_max = 2ms}).value();
  const std::string address = fresh_address("ipc");
  push.connect(address).value();
  REQUIRE(turn_until(loop, [&] { return push.stats().connects_failed >= 3; }));
  loop.poll_once();
  const Event* event = log.last(EventKind::connect_failed);
  REQUIRE(event != nullptr);
  CHECK(event->error != Error::none);
  CHECK(event->os_error != 0);
  CHECK(event->retry_in >= 1ms);
  CHECK(event->retry_in <= 2ms);
  CHECK(event->address.text() == address);
  CHECK(event->socket == push.handle());
}

}  // namespace
}  // namespace spool
