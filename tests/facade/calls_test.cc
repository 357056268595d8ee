// The calls around sending and receiving: those that wait, batches, flush, drain_for.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"
#include "tests/support/fake_clock.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

// PUSH and PULL in one loop, connected.
struct Pipeline {
  HangGuard guard;
  EventLoop loop;
  Push push;
  Pull pull;

  explicit Pipeline(std::string_view transport = "ipc", const SocketOptions& of_push = {},
                    const SocketOptions& of_pull = {})
      : loop(EventLoop::create({}).value()),
        push(loop.open<Push>(of_push).value()),
        pull(loop.open<Pull>(of_pull).value()) {
    push.connect(listen_on(pull, transport)).value();
    REQUIRE(turn_until(loop, [&] { return push.can_send() && pull.peers() == 1; }));
  }
};

TEST_CASE("recv_for gives up after its time, and not before") {
  Pipeline p;
  const Instant start = p.loop.now();
  CHECK(p.pull.recv_for(20ms).error() == Error::timed_out);
  CHECK(p.loop.now() - start >= 20ms);
  CHECK(p.pull.recv_for(Timeout::none()).error() == Error::timed_out);
}

TEST_CASE("recv_for returns what is there without a turn") {
  Pipeline p("inproc");
  p.push.try_send("x").value();
  const std::uint64_t turns = p.loop.stats().turns;
  CHECK(p.pull.recv_for(Timeout::none()).value().text() == "x");
  CHECK(p.loop.stats().turns == turns);
}

TEST_CASE("send_for gives up after its time and the message stays with its sender") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Push push = loop.open<Push>().value();
  Message message = loop.message("kept").value();
  CHECK(push.send_for(message, 20ms).error() == Error::timed_out);
  CHECK(message.text() == "kept");
  Pull pull = loop.open<Pull>().value();
  push.connect(listen_on(pull, "inproc")).value();
  push.send_for(message, 10s).value();
  CHECK(message.empty());
  CHECK(receive(pull) == "kept");
}

TEST_CASE("send_for of bytes makes one message of them, once there is somebody") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Push push = loop.open<Push>().value();
  CHECK(push.send_for("nobody", 10ms).error() == Error::timed_out);
  Pull pull = loop.open<Pull>().value();
  push.connect(listen_on(pull, "ipc")).value();
  push.send_for("text", 10s).value();
  CHECK(receive(pull) == "text");
  CHECK_FALSE(pull.can_recv());
}

TEST_CASE("wait_for_peers returns when so many are there, and gives up after its time") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Pub pub = loop.open<Pub>().value();
  pub.wait_for_peers(0, Timeout::none()).value();
  CHECK(pub.wait_for_peers(1, 10ms).error() == Error::timed_out);
  const std::string address = listen_on(pub, "ipc");
  Sub first = loop.open<Sub>().value();
  Sub second = loop.open<Sub>().value();
  first.connect(address).value();
  pub.wait_for_peers(1, 10s).value();
  CHECK(pub.wait_for_peers(2, 10ms).error() == Error::timed_out);
  second.connect(address).value();
  pub.wait_for_peers(2, 10s).value();
  CHECK(pub.peers() == 2);
  pub.close();
  CHECK(pub.wait_for_peers(1, 10s).error() == Error::closed);
}

TEST_CASE("what a pattern cannot do is said at once by the calls that wait as well") {
  EventLoop loop = EventLoop::create({}).value();
  AnySocket pull = loop.open(SocketType::pull).value();
  AnySocket push = loop.open(SocketType::push).value();
  Message message;
  CHECK(pull.send_for(message, Timeout::infinite()).error() == Error::not_supported);
  CHECK(pull.try_send("x").error() == Error::not_supported);
  CHECK(push.recv_for(Timeout::infinite()).error() == Error::not_supported);
  CHECK(push.try_recv().error() == Error::not_supported);
  CHECK(push.subscribe("x").error() == Error::not_supported);
}

TEST_CASE("from within a callback the calls that wait are reentrant, the others work") {
  Pipeline p;
  Error receive_error = Error::none;
  Error send_error = Error::none;
  Error drain_error = Error::none;
  Error poll_error = Error::none;
  std::string text;
  p.pull.on_readable([&] {
    text = p.pull.try_recv().value().text();
    receive_error = p.pull.recv_for(1s).error();
    poll_error = p.loop.poll_once().error;
    // A send that is possible needs no turn; one that is not would have to wait.
    Message message = p.loop.message("from within").value();
    CHECK(p.push.send_for(message, 1s).ok());
    p.push.close();  // what it sent is still to be written, and that takes turns
    drain_error = p.loop.drain_for(1s).error();
    Push nobody = p.loop.open<Push>().value();
    Message kept = p.loop.message("kept").value();
    send_error = nobody.send_for(kept, 1s).error();
    p.pull.on_readable(nullptr);
  });
  p.push.try_send("x").value();
  REQUIRE(turn_until(p.loop, [&] { return !text.empty(); }));
  CHECK(text == "x");
  CHECK(receive_error == Error::reentrant);
  CHECK(send_error == Error::reentrant);
  CHECK(poll_error == Error::reentrant);
  CHECK(drain_error == Error::reentrant);
  CHECK(receive(p.pull) == "from within");
}

TEST_CASE("a loop must not be destroyed from within its callback, but its sockets may") {
  Pipeline p;
  bool called = false;
  p.pull.on_readable([&] {
    called = true;
    Pull gone = std::move(p.pull);
    Push gone_too = std::move(p.push);
  });
  p.push.try_send("x").value();
  REQUIRE(turn_until(p.loop, [&] { return called; }));
  REQUIRE(turn_until(p.loop, [&] { return p.loop.stats().sockets == 0; }));
}

TEST_CASE("outside of a turn a few sends are written at once, then they are gathered") {
  SocketOptions three;
  three.immediate_sends = 3;
  Pipeline p("ipc", three);
  p.loop.poll_once();
  for (int i = 0; i < 3; ++i) {
    p.push.try_send("x").value();
    CHECK(p.push.unsent_bytes() == 0);
  }
  p.push.try_send("x").value();
  CHECK(p.push.unsent_bytes() == 1 + 9);
  CHECK(p.push.stats().unsent_messages == 1);
  p.loop.flush();
  CHECK(p.push.unsent_bytes() == 0);
  p.loop.poll_once();
  p.push.try_send("x").value();  // a new turn, a new share
  CHECK(p.push.unsent_bytes() == 0);
}

TEST_CASE("within a batch sends are gathered, and its end writes them") {
  Pipeline p;
  p.loop.poll_once();
  {
    Batch outer(p.loop);
    {
      Batch inner(p.loop);
      for (int i = 0; i < 10; ++i) p.push.try_send("x").value();
    }
    CHECK(p.push.stats().unsent_messages == 10);
  }
  CHECK(p.push.unsent_bytes() == 0);
  REQUIRE(turn_until(p.loop, [&] { return p.pull.stats().messages_received == 10; }));
}

TEST_CASE("a batch keeps the order of what was sent before, in and after it") {
  Pipeline p("tcp");
  int next = 0;
  const auto send = [&](int count) {
    for (int i = 0; i < count; ++i) p.push.try_send(std::to_string(next++)).value();
  };
  for (int round = 0; round < 10; ++round) {
    send(20);
    {
      Batch batch(p.loop);
      send(20);
    }
    send(1);
    if (round % 3 == 0) p.loop.poll_once();
  }
  for (int i = 0; i < next; ++i) REQUIRE(receive(p.pull) == std::to_string(i));
}

TEST_CASE("what a callback sends is written by the end of the turn") {
  Pipeline p;
  std::size_t unsent = 0;
  bool called = false;
  p.push.on_writable([&] {
    called = true;
    p.push.try_send("x").value();
    unsent = p.push.unsent_bytes();
  });
  REQUIRE(turn_until(p.loop, [&] { return called; }));
  CHECK(unsent == 1 + 9);
  CHECK(p.push.unsent_bytes() == 0);
}

TEST_CASE("drain_for returns at once when nothing is left") {
  Pipeline p;
  CHECK(p.loop.drain_for(Timeout::none()).value());
  CHECK(p.loop.drain_for(Timeout::infinite()).value());
}

TEST_CASE("drain_for writes what is left, of closed sockets too") {
  SocketOptions gather;
  gather.immediate_sends = 0;
  Pipeline p("tcp", gather);
  for (int i = 0; i < 100; ++i) p.push.try_send(std::string(1'000, 'x')).value();
  CHECK(p.loop.drain_for(10s).value());
  CHECK(p.push.unsent_bytes() == 0);
  int received = 0;
  p.pull.on_readable([&] {
    while (p.pull.try_recv().ok()) ++received;
    if (received == 150) p.pull.close();
  });
  for (int i = 0; i < 50; ++i) p.push.try_send(std::string(1'000, 'x')).value();
  p.push.close();
  CHECK(p.loop.drain_for(10s).value());
  CHECK(received == 150);
}

TEST_CASE("drain_for gives up when the peer does not read") {
  SocketOptions small;
  small.receive_queue_messages = 1;
  Pipeline p("ipc", {}, small);
  const std::string text(60'000, 'x');
  for (int i = 0; i < 100 && p.push.try_send(text).ok(); ++i) p.loop.poll_once();
  REQUIRE(p.push.unsent_bytes() != 0);
  CHECK_FALSE(p.loop.drain_for(30ms).value());
  CHECK(p.push.unsent_bytes() != 0);
}

TEST_CASE("the loop's time is that of its clock") {
  testing::FakeClock clock;
  EventLoop loop = EventLoop::create({.clock = &clock}).value();
  const Instant start = loop.now();
  clock.advance(3h);
  CHECK(loop.now() - start == 3h);
  Push push = loop.open<Push>({.reconnect_min = 1h, .reconnect_max = 1h}).value();
  push.connect("ipc:///tmp/spool-nobody-here").value();
  loop.poll_once();
  REQUIRE(loop.next_deadline().has_value());
  CHECK(*loop.next_deadline() > clock.time());
  CHECK(*loop.next_deadline() <= clock.time() + 1h);
}

}  // namespace
}  // namespace spool
