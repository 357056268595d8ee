// What outlives what: handles, messages, loops.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"
#include "tests/support/fake_memory.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

// Every call that a socket has answers `closed`, or nothing.
void check_closed(AnySocket& socket) {
  CHECK_FALSE(socket.is_open());
  CHECK_FALSE(socket.can_send());
  CHECK_FALSE(socket.can_recv());
  Message message;
  CHECK(socket.try_send(message).error() == Error::closed);
  CHECK(socket.try_send("text").error() == Error::closed);
  CHECK(socket.try_recv().error() == Error::closed);
  CHECK(socket.send_for(message, 1s).error() == Error::closed);
  CHECK(socket.recv_for(1s).error() == Error::closed);
  CHECK(socket.subscribe("x").error() == Error::closed);
  CHECK(socket.unsubscribe("x").error() == Error::closed);
  CHECK(socket.listen("inproc://x").error() == Error::closed);
  CHECK(socket.connect("inproc://x").error() == Error::closed);
  socket.on_readable([] {});
  socket.on_writable([] {});
  CHECK(socket.peers() == 0);
  CHECK(socket.unsent_bytes() == 0);
  CHECK(socket.stats().messages_sent == 0);
  socket.close();
}

TEST_CASE("a closed socket answers closed to everything, at once and later") {
  EventLoop loop = EventLoop::create({}).value();
  AnySocket socket = loop.open(SocketType::pair).value();
  CHECK(socket.is_open());
  socket.close();
  check_closed(socket);
  loop.poll_once();
  check_closed(socket);
  // Its slot may have a new owner by now.
  std::vector<AnySocket> others;
  for (int i = 0; i < 40; ++i) others.push_back(loop.open(SocketType::pair).value());
  check_closed(socket);
}

TEST_CASE("a socket whose loop is gone answers closed to everything") {
  std::optional<EventLoop> loop(EventLoop::create({}).value());
  AnySocket socket = loop->open(SocketType::pair).value();
  Endpoint at = socket.listen("inproc://gone").value();
  loop.reset();
  check_closed(socket);
  at.close();
  CHECK(at.address().empty());
}

TEST_CASE("a moved-from socket answers closed, and the one it moved to goes on") {
  EventLoop loop = EventLoop::create({}).value();
  AnySocket first = loop.open(SocketType::pull).value();
  const SocketHandle handle = first.handle();
  AnySocket second(std::move(first));
  check_closed(first);
  CHECK_FALSE(first.handle().valid());
  CHECK(second.is_open());
  CHECK(second.handle() == handle);
  first = loop.open(SocketType::push).value();
  CHECK(first.is_open());
  // What is assigned over is closed.
  second = std::move(first);
  loop.poll_once();
  CHECK(loop.stats().sockets == 1);
  AnySocket& same = second;
  second = std::move(same);
  CHECK(second.is_open());
}

TEST_CASE("a destroyed socket object closes its socket") {
  EventLoop loop = EventLoop::create({}).value();
  { Push push = loop.open<Push>().value(); }
  loop.poll_once();
  CHECK(loop.stats().sockets == 0);
}

TEST_CASE("a loop moves, and its sockets stay with it") {
  EventLoop first = EventLoop::create({}).value();
  Push push = first.open<Push>().value();
  Pull pull = first.open<Pull>().value();
  push.connect(listen_on(pull, "inproc")).value();
  EventLoop second(std::move(first));
  REQUIRE(turn_until(second, [&] { return push.can_send(); }));
  push.try_send("x").value();
  CHECK(receive(pull) == "x");
  EventLoop third = EventLoop::create({}).value();
  third = std::move(second);  // the loop that third had is gone
  push.try_send("y").value();
  CHECK(receive(pull) == "y");
}

TEST_CASE("a default endpoint and copies of one are handles like any other") {
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  Endpoint nothing;
  nothing.close();
  CHECK(nothing.address().empty());
  Endpoint at = pull.listen("inproc://a").value();
  Endpoint copy = at;
  nothing = at;
  CHECK(nothing.handle() == at.handle());
  copy.close();
  CHECK(at.address().empty());
  CHECK(nothing.address().empty());
  Endpoint& same = at;
  at = same;
  at.close();
  pull.close();
}

TEST_CASE("messages outlive the socket, the loop and each other") {
  testing::FakeMemory memory;
  Message kept;
  Message shared;
  {
    EventLoop loop = EventLoop::create({.memory = &memory}).value();
    Push push = loop.open<Push>().value();
    Pull pull = loop.open<Pull>().value();
    push.connect(listen_on(pull, "ipc")).value();
    REQUIRE(turn_until(loop, [&] { return push.can_send(); }));
    push.try_send("kept").value();
    kept = pull.recv_for(10s).value();
    shared = kept.share();
  }
  CHECK(memory.blocks() > 0);
  CHECK(kept.text() == "kept");
  kept.reset();
  CHECK(shared.text() == "kept");
  shared.reset();
  CHECK(memory.blocks() == 0);
}

TEST_CASE("whoever goes last gives everything back: message, socket object or endpoint") {
  testing::FakeMemory memory;
  const int last = GENERATE(0, 1, 2);
  std::optional<EventLoop> loop(EventLoop::create({.memory = &memory}).value());
  std::optional<Pull> pull(loop->open<Pull>().value());
  std::optional<Endpoint> at(pull->listen("inproc://x").value());
  std::optional<Message> message(loop->message("x").value());
  loop.reset();
  if (last != 0) message.reset();
  if (last != 1) pull.reset();
  if (last != 2) at.reset();
  CHECK(memory.blocks() > 0);
  message.reset();
  pull.reset();
  at.reset();
  CHECK(memory.blocks() == 0);
  CHECK(memory.wrong_returns == 0);
}

TEST_CASE("what callbacks and tasks hold goes with the loop, called or not") {
  const auto held = std::make_shared<int>(1);
  {
    EventLoopConfig config;
    config.on_event = [held](const Event&) {};
    EventLoop loop = EventLoop::create(std::move(config)).value();
    Pull pull = loop.open<Pull>().value();
    pull.on_readable([held] {});
    pull.on_writable([held] {});
    loop.post([held] {}).value();
    CHECK(held.use_count() == 5);
  }
  CHECK(held.use_count() == 1);
}

TEST_CASE("closing lets go of what the notices hold") {
  const auto held = std::make_shared<int>(1);
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  pull.on_readable([held] {});
  pull.close();
  CHECK(held.use_count() == 1);
}

TEST_CASE("destroying a loop never calls back") {
  int events = 0;
  {
    EventLoopConfig config;
    config.on_event = [&](const Event&) { ++events; };
    EventLoop loop = EventLoop::create(std::move(config)).value();
    Pair a = loop.open<Pair>().value();
    Pair b = loop.open<Pair>().value();
    b.connect(listen_on(a, "inproc")).value();
    REQUIRE(turn_until(loop, [&] { return a.can_send(); }));
    loop.poll_once();
    a.on_readable([&] { ++events; });
    b.try_send("x").value();
    events = 0;
  }
  CHECK(events == 0);
}

}  // namespace
}  // namespace spool
