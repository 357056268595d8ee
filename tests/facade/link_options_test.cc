// What is said about a connection reaches its descriptor, and an endpoint has the last word.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>

#include <catch2/catch.hpp>

#include "facade_rig.h"

namespace spool {
namespace {

unsigned port_of(const sockaddr_storage& name) {
  return name.ss_family == AF_INET ? ntohs(reinterpret_cast<const sockaddr_in&>(name).sin_port) : 0;
}

// One connection of this process over tcp, from the side that was accepted or the one that dialed.
int find_connection(unsigned port, bool accepted) {
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_storage local{};
    sockaddr_storage peer{};
    socklen_t size = sizeof local;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) != 0) continue;
    size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (port_of(accepted ? local : peer) == port) return fd;
  }
  return -1;
}

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(fd, level, name, &value, &size) == 0);
  return value;
}

// What the system made of a size: Linux doubles it.
bool is_size(int value, int asked) { return value == asked || value == 2 * asked; }

struct Pipeline {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Pull pull;
  Push push;
  unsigned port = 0;
  int accepted = -1;
  int dialed = -1;

  Pipeline(const SocketOptions& options, const EndpointOptions& of_pull,
           const EndpointOptions& of_push)
      : pull(loop.open<Pull>(options).value()), push(loop.open<Push>(options).value()) {
    const std::string address(pull.listen("tcp://127.0.0.1:0", of_pull).value().address().text());
    port = static_cast<unsigned>(std::stoi(address.substr(address.rfind(':') + 1)));
    push.connect(address, of_push).value();
    REQUIRE(turn_until(loop, [&] { return push.can_send() && pull.peers() == 1; }));
    accepted = find_connection(port, true);
    dialed = find_connection(port, false);
    REQUIRE(accepted >= 0);
    REQUIRE(dialed >= 0);
  }
};

TEST_CASE("by default small messages are not held back, and the kernel asks after silent peers") {
  Pipeline p({}, {}, {});
  for (const int fd : {p.accepted, p.dialed}) {
    CHECK(option(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK(option(fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
  }
}

TEST_CASE("what the socket says holds for all of its connections") {
  Pipeline p({.tcp_nodelay = false,
              .tcp_keepalive = false,
              .kernel_send_buffer = 20'000,
              .kernel_receive_buffer = 30'000},
             {}, {});
  for (const int fd : {p.accepted, p.dialed}) {
    CHECK(option(fd, IPPROTO_TCP, TCP_NODELAY) == 0);
    CHECK(option(fd, SOL_SOCKET, SO_KEEPALIVE) == 0);
    CHECK(is_size(option(fd, SOL_SOCKET, SO_SNDBUF), 20'000));
    CHECK(is_size(option(fd, SOL_SOCKET, SO_RCVBUF), 30'000));
  }
}

TEST_CASE("what an endpoint says holds for its connections, against the socket") {
  Pipeline p({.tcp_nodelay = false, .kernel_send_buffer = 20'000},
             {.tcp_nodelay = true, .kernel_send_buffer = 70'000},
             {.tcp_keepalive = false, .kernel_receive_buffer = 50'000});
  CHECK(option(p.accepted, IPPROTO_TCP, TCP_NODELAY) != 0);
  CHECK(option(p.accepted, SOL_SOCKET, SO_KEEPALIVE) != 0);
  CHECK(is_size(option(p.accepted, SOL_SOCKET, SO_SNDBUF), 70'000));
  CHECK(option(p.dialed, IPPROTO_TCP, TCP_NODELAY) == 0);
  CHECK(option(p.dialed, SOL_SOCKET, SO_KEEPALIVE) == 0);
  CHECK(is_size(option(p.dialed, SOL_SOCKET, SO_SNDBUF), 20'000));
  CHECK(is_size(option(p.dialed, SOL_SOCKET, SO_RCVBUF), 50'000));
}

TEST_CASE("the reconnect times of an endpoint and of its socket have to fit together") {
  using namespace std::chrono_literals;
  EventLoop loop = EventLoop::create({}).value();
  Push push = loop.open<Push>({.reconnect_min = 100ms, .reconnect_max = 1s}).value();
  CHECK(push.connect("inproc://x", {.reconnect_min = 2s}).error() == Error::invalid_argument);
  CHECK(loop.last_error().starts_with("reconnect_max is 1000000 us: expected 2000000 to "));
  CHECK(push.connect("inproc://x", {.reconnect_max = 50ms}).error() == Error::invalid_argument);
  CHECK(loop.last_error().starts_with("reconnect_max is 50000 us: expected 100000 to "));
  CHECK(push.connect("inproc://x", {.reconnect_min = 2s, .reconnect_max = 2s}).ok());
  CHECK(push.listen("inproc://x", {.reconnect_min = 2s}).ok());  // who listens never reconnects
}

}  // namespace
}  // namespace spool
