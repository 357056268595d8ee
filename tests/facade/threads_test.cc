// What other threads may do: wake() and post(). And one loop per thread.
#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"
#include "tests/support/crash.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

TEST_CASE("an infinite wait returns when another thread wakes the loop") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  for (int i = 0; i < 100; ++i) {
    std::thread other([&] { loop.wake(); });
    const PollResult result = loop.poll_once(Timeout::infinite());
    CHECK(result.error == Error::none);
    other.join();
    loop.poll_once();  // in case the thread was late
  }
}

TEST_CASE("wake-ups that meet are one, and leave nothing behind") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  for (int i = 0; i < 1000; ++i) loop.wake();
  CHECK(loop.next_deadline().has_value());
  CHECK_FALSE(loop.poll_once(Timeout::infinite()).more);
  CHECK_FALSE(loop.next_deadline().has_value());
  CHECK_FALSE(loop.poll_once(2ms).more);
}

EventLoop* loop_of_signal = nullptr;

TEST_CASE("a signal handler may wake the loop") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  loop_of_signal = &loop;
  std::signal(SIGUSR1, [](int) { loop_of_signal->wake(); });
  ::raise(SIGUSR1);
  CHECK(loop.poll_once(Timeout::infinite()).error == Error::none);
  std::signal(SIGUSR1, SIG_DFL);
}

TEST_CASE("no post of any thread is lost while the loop sleeps without a limit") {
  HangGuard guard(60);
  EventLoop loop = EventLoop::create({}).value();
  constexpr int threads = 2;
  constexpr int per_thread = 15'000;
  std::atomic<int> ran{0};
  std::vector<std::thread> producers;
  for (int thread = 0; thread < threads; ++thread) {
    producers.emplace_back([&, thread] {
      for (int i = 0; i < per_thread; ++i) {
        const int before = ran.load();
        while (!loop.post([&] { ran.fetch_add(1); }).ok()) std::this_thread::yield();
        // The one in bursts; the other one by one, so that the loop falls asleep between.
        if (thread == 0)
          while (ran.load() == before) std::this_thread::yield();
      }
    });
  }
  while (ran.load() < threads * per_thread) loop.poll_once(Timeout::infinite());
  for (std::thread& producer : producers) producer.join();
  CHECK(ran.load() == threads * per_thread);
}

TEST_CASE("a posted task runs on the loop's thread and may use its sockets") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Push push = loop.open<Push>().value();
  Pull pull = loop.open<Pull>().value();
  push.connect(listen_on(pull, "inproc")).value();
  REQUIRE(turn_until(loop, [&] { return push.can_send(); }));
  std::thread([&] { loop.post([&] { push.try_send("from a task").value(); }).value(); }).join();
  CHECK(receive(pull) == "from a task");
}

TEST_CASE("without threads posting is not supported, and a loop needs one descriptor less") {
  EventLoop loop = EventLoop::create({.threads = false}).value();
  CHECK(loop.post([] {}).error() == Error::not_supported);
  loop.wake();
  CHECK_FALSE(loop.poll_once().more);
  EventLoop no_queue = EventLoop::create({.post_queue = 0}).value();
  CHECK(no_queue.post([] {}).error() == Error::not_supported);
}

TEST_CASE("a queue for one task takes one at least, and each of them runs") {
  EventLoop loop = EventLoop::create({.post_queue = 1}).value();
  int ran = 0;
  int accepted = 0;
  for (int i = 0; i < 5; ++i) accepted += loop.post([&] { ++ran; }).ok() ? 1 : 0;
  CHECK(accepted >= 1);
  CHECK(accepted < 5);
  loop.poll_once();
  CHECK(ran == accepted);
}

TEST_CASE("a turn on another thread is refused") {
  EventLoop loop = EventLoop::create({}).value();
  loop.poll_once();
  Error error = Error::none;
  std::thread([&] { error = loop.poll_once().error; }).join();
  CHECK(error == Error::wrong_thread);
}

// Runs on another thread, to its end.
template <typename Work>
void elsewhere(Work work) {
  std::thread(work).join();
}

TEST_CASE("on another thread every call does nothing and says wrong_thread") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Req req = loop.open<Req>().value();
  Rep rep = loop.open<Rep>().value();
  Sub sub = loop.open<Sub>().value();
  Endpoint endpoint = rep.listen(fresh_address("inproc")).value();
  req.connect(std::string(endpoint.address().text())).value();
  REQUIRE(turn_until(loop, [&] { return req.peers() == 1; }));
  Exchange exchange = req.open_exchange().value();
  exchange.request("held").value();
  REQUIRE(turn_until(loop, [&] { return rep.can_recv(); }));
  Request request = rep.try_recv_request().value();
  const std::uint64_t turns = loop.stats().turns;
  elsewhere([&] {
    std::vector<Error> errors;
    errors.push_back(loop.poll_once().error);
    errors.push_back(loop.backend_fd().error());
    errors.push_back(loop.open<Pair>().error());
    errors.push_back(loop.open(SocketType::bus).error());
    errors.push_back(loop.open_raw(SocketType::bus).error());
    errors.push_back(loop.message("x").error());
    errors.push_back(loop.message(std::size_t{1}).error());
    errors.push_back(loop.drain_for(1ms).error());
    errors.push_back(req.try_send("x").error());
    errors.push_back(req.send_for("x", 1ms).error());
    errors.push_back(req.try_recv().error());
    errors.push_back(req.recv_for(1ms).error());
    errors.push_back(req.connect("inproc://elsewhere").error());
    errors.push_back(req.listen("inproc://elsewhere").error());
    errors.push_back(req.open_exchange().error());
    errors.push_back(req.cancel().error());
    errors.push_back(req.close_for(1ms).error());
    errors.push_back(req.wait_for_peers(1, 1ms).error());
    errors.push_back(req.disconnect(1).error());
    errors.push_back(sub.subscribe("x").error());
    errors.push_back(rep.try_recv_request().error());
    errors.push_back(request.reply("x").error());
    errors.push_back(exchange.request("x").error());
    errors.push_back(exchange.try_recv().error());
    errors.push_back(exchange.recv_for(1ms).error());
    for (std::size_t i = 0; i < errors.size(); ++i)
      if (errors[i] != Error::wrong_thread)
        FAIL_CHECK("call " << i << ": " << to_string(errors[i]));
    CHECK_FALSE(req.can_send());
    CHECK(req.peers() == 0);
    CHECK_FALSE(req.is_open());
    CHECK(req.stats().peers == 0);
    CHECK(loop.stats().turns == 0);
    CHECK_FALSE(loop.next_deadline().has_value());
    CHECK_FALSE(endpoint.is_open());
    req.close();
    endpoint.close();
    exchange.close();
    loop.suspend();
    loop.flush();
    Batch batch(loop);
  });
  // Nothing of that has happened.
  CHECK(loop.stats().turns == turns);
  CHECK(endpoint.is_open());
  request.reply("answered").value();
  CHECK(exchange.recv_for(10s).value().text() == "answered");
}

TEST_CASE("a loop moves to another thread, and back") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Push push = loop.open<Push>().value();
  Pull pull = loop.open<Pull>().value();
  push.connect(listen_on(pull, "inproc")).value();
  Message kept;
  loop.poll_once();
  CHECK(loop.move_to_this_thread().ok());
  elsewhere([&] {
    CHECK(push.try_send("no").error() == Error::wrong_thread);
    loop.move_to_this_thread().value();
    push.send_for("from there", 10s).value();
    kept = pull.recv_for(10s).value();
  });
  CHECK(push.try_send("no").error() == Error::wrong_thread);
  loop.move_to_this_thread().value();
  CHECK(kept.text() == "from there");
  kept = {};
  push.send_for("from here", 10s).value();
  CHECK(receive(pull) == "from here");
}

TEST_CASE("a loop that has not turned yet belongs to nobody: what is set up here may run there") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Push push = loop.open<Push>().value();
  Pull pull = loop.open<Pull>().value();
  push.connect(listen_on(pull, "inproc")).value();
  elsewhere([&] {
    push.send_for("x", 10s).value();
    CHECK(receive(pull) == "x");
    push.close();
    pull.close();
  });
  loop.move_to_this_thread().value();
}

TEST_CASE("a loop in the middle of a turn does not move") {
  EventLoop loop = EventLoop::create({}).value();
  Error error = Error::none;
  loop.post([&] { elsewhere([&] { error = loop.move_to_this_thread().error(); }); }).value();
  loop.poll_once();
  CHECK(error == Error::reentrant);
}

TEST_CASE("letting go of a loop's things on another thread stops the process") {
  const auto what = GENERATE(0, 1, 2, 3);
  CAPTURE(what);
  CHECK(testing::aborts([what] {
    EventLoop loop = EventLoop::create({}).value();
    Pull pull = loop.open<Pull>().value();
    Endpoint endpoint = pull.listen(fresh_address("inproc")).value();
    Message message = loop.message("x").value();
    loop.poll_once();
    elsewhere([&] {
      if (what == 0) Pull taken = std::move(pull);
      if (what == 1) Endpoint copy = endpoint;
      if (what == 2) message = {};
      if (what == 3) Message{std::move(message)};
    });
  }));
  // Moving is not letting go.
  EventLoop loop = EventLoop::create({}).value();
  Message message = loop.message("x").value();
  Message moved;
  loop.poll_once();
  elsewhere([&] { moved = std::move(message); });
  CHECK(moved.text() == "x");
}

TEST_CASE("once the loop is gone, its messages belong to whoever holds them") {
  Message message;
  {
    EventLoop loop = EventLoop::create({}).value();
    message = loop.message("x").value();
    loop.poll_once();
  }
  elsewhere([&] { message = {}; });
}

TEST_CASE("two loops in two threads exchange what they have, and nothing is lost") {
  HangGuard guard;
  const std::string transport = GENERATE(as<std::string>(), "tcp", "ipc");
  constexpr int count = 5'000;
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  const std::string address = listen_on(pull, transport);
  std::thread other([&] {
    EventLoop sender = EventLoop::create({}).value();
    Push push = sender.open<Push>().value();
    push.connect(address).value();
    for (int i = 0; i < count; ++i) {
      Message message = sender.message(std::to_string(i)).value();
      push.send_for(message, 10s).value();
    }
    push.close();
    sender.drain_for(10s).value();
  });
  int received = 0;
  bool in_order = true;
  while (received < count) {
    Result<Message> message = pull.recv_for(10s);
    if (!message.ok()) break;
    in_order = in_order && message->text() == std::to_string(received);
    ++received;
  }
  // The sender waits for our side to close.
  REQUIRE(turn_until(loop, [&] { return pull.peers() == 0; }));
  other.join();
  CHECK(received == count);
  CHECK(in_order);
}

}  // namespace
}  // namespace spool
