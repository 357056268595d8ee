// drain_for: until everything is handed to the system, and not longer.
#include <chrono>
#include <string_view>

#include <spool/spool.h>
#include <catch2/catch.hpp>

using namespace std::chrono_literals;

TEST_CASE("draining what sends have gathered does not wait for anything else") {
  spool::EventLoop peer = spool::EventLoop::create({}).value();
  spool::Pull pull = peer.open<spool::Pull>().value();
  const spool::Explanation address = pull.listen("tcp://127.0.0.1:0").value().address();

  spool::EventLoop loop = spool::EventLoop::create({}).value();
  spool::SocketOptions gathers;
  gathers.immediate_sends = 0;
  spool::Push push = loop.open<spool::Push>(gathers).value();
  push.connect(address.text()).value();
  while (push.peers() == 0) {
    loop.poll_once(1ms);
    peer.poll_once();
  }
  push.try_send(std::string_view("gathered")).value();
  REQUIRE(push.unsent_bytes() != 0);

  // The peer's loop does not turn, so nothing happens that would end a wait.
  const auto start = std::chrono::steady_clock::now();
  CHECK(loop.drain_for(10s).value());
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  CHECK(push.unsent_bytes() == 0);
}
