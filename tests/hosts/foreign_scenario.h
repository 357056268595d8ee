// What a host that watches each descriptor has to do beyond the scenario.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "scenario.h"

namespace spool::hosts::scenario {

TEST_CASE("calls that wait work before the host is attached, and after") {
  World world;
  Pair one = world.loop.open<Pair>().value();
  Pair other = world.loop.open<Pair>().value();
  other.connect(one.listen("tcp://127.0.0.1:0").value().address().text()).value();
  other.send_for("before", 10s).value();
  CHECK(one.recv_for(10s).value().text() == "before");
  // Now the host hears of descriptors that are there already.
  world.attach();
  other.try_send("meanwhile").value();
  world.until("a message", [&] { return one.can_recv(); });
  CHECK(one.try_recv().value().text() == "meanwhile");
  world.host->detach();
  other.try_send("after").value();
  CHECK(one.recv_for(10s).value().text() == "after");
}

TEST_CASE("a loop with another poller is refused") {
  World world;
  EventLoop other = EventLoop::create({}).value();
  if (!other.backend_fd().ok()) return;  // a build of poll(2) cannot tell
  CHECK(world.host->attach(other).error() == Error::invalid_argument);
  world.attach();
  Couple couple(world);
}

TEST_CASE("a connection that is refused, many times") {
  World world;
  world.attach();
  std::string address;
  {
    Pair nobody = world.loop.open<Pair>().value();
    address = nobody.listen("tcp://127.0.0.1:0").value().address().text();
  }
  Pair pair = world.loop.open<Pair>({.reconnect_min = 1ms, .reconnect_max = 1ms}).value();
  pair.connect(address).value();
  world.until("refusals", [&] { return pair.stats().connects_failed >= 30; });
}

// As a socket of a name lookup, whose server is away for a while.
TEST_CASE("a descriptor whose error passes is watched on") {
  World world;
  world.attach();
  const auto open_udp = [](sockaddr_in& address) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(fd, generic, size) == 0);
    REQUIRE(::getsockname(fd, generic, &size) == 0);
    return fd;
  };
  sockaddr_in here{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
  sockaddr_in there = here;
  const int socket = open_udp(here);
  const int peer = open_udp(there);
  REQUIRE(::connect(socket, reinterpret_cast<sockaddr*>(&there), sizeof there) == 0);
  Poller& poller = *world.host->config().poller;
  const Token token{1000, 1};  // nobody's, so the turns do nothing about it
  REQUIRE(poller.add(socket, Interest::read, token) == Error::none);
  world.sleep(20ms);

  ::close(peer);
  int before = world.turns;
  REQUIRE(::send(socket, "x", 1, 0) == 1);
  world.until("an error", [&] { return world.turns > before; });
  char byte = 0;
  REQUIRE(::recv(socket, &byte, 1, 0) == -1);
  world.sleep(20ms);

  REQUIRE(open_udp(there) == peer);
  before = world.turns;
  const auto* const to = reinterpret_cast<const sockaddr*>(&here);
  REQUIRE(::sendto(peer, "x", 1, 0, to, sizeof here) == 1);
  world.until("a datagram", [&] { return world.turns > before; });
  poller.remove(socket, token);
  ::close(socket);
  ::close(peer);
}

TEST_CASE("numbers of descriptors that are closed and used again at once") {
  World world;
  world.attach();
  Pull pull = world.loop.open<Pull>().value();
  const std::string address(pull.listen("tcp://127.0.0.1:0").value().address().text());
  for (int i = 0; i < 50; ++i) {
    Push push = world.loop.open<Push>().value();
    push.connect(address).value();
    world.until("a peer", [&] { return pull.peers() == 1 && push.peers() == 1; });
    push.try_send("x").value();
    world.until("a message", [&] { return pull.can_recv(); });
    while (pull.try_recv()) continue;
    push.close();
    // In the same turn or not: nobody may wait for the host to see it.
    if (i % 2 == 0) world.until("nobody", [&] { return pull.peers() == 0; });
    world.until("nobody", [&] { return pull.peers() == 0; });
  }
}

TEST_CASE("a receiver that does not read and then hangs up makes nobody spin") {
  World world;
  world.attach();
  // It fills up: interest in reading goes away, and comes again.
  Pull pull = world.loop.open<Pull>({.receive_queue_messages = 2}).value();
  Push push = world.loop.open<Push>({.send_queue_messages = 4}).value();
  push.connect(pull.listen("tcp://127.0.0.1:0").value().address().text()).value();
  world.until("a peer", [&] { return push.peers() == 1; });
  const std::string large(300'000, 'x');
  int sent = 0;
  for (int i = 0; i < 3; ++i) {
    while (push.try_send(large).ok()) ++sent;
    world.settle();
  }
  const std::uint64_t turns = world.loop.stats().turns;
  const Duration time = processor_time();
  world.sleep(500ms);
  CHECK(world.loop.stats().turns - turns <= 5);
  CHECK(processor_time() - time < 100ms);
  int received = 0;
  pull.on_readable([&] {
    while (pull.try_recv()) ++received;
  });
  world.until("the rest", [&] { return received == sent; });
}

}  // namespace spool::hosts::scenario
