// What an adapter has to survive, beyond the scenario: a host's test includes this file once,
// implements make_guest_host(), and has these tests and those of the scenario.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <catch2/catch.hpp>

#include "scenario.h"

namespace spool::hosts::scenario {

class GuestHost : public Host {
 public:
  // Destroys the adapter as it is; the next attach() or on_turn() makes another.
  virtual void destroy_adapter() = 0;
  // With one more adapter.
  virtual Result<void> attach_second(EventLoop& loop) = 0;

  // Runs for that long.
  void sleep(Duration length) {
    awaited = "a timer of the host";
    after(length, [this] { quit(); });
    ::alarm(30);
    run();
    ::alarm(0);
  }
};

// A host with one adapter; the host's test adds attach_to(), and how the host runs.
template <typename Adapter>
class AdapterHost : public GuestHost {
 public:
  Result<void> attach(EventLoop& loop) override { return attach_to(adapter(), loop); }
  void detach() override {
    if (adapter_ != nullptr) adapter_->detach();
  }
  void on_turn(Function<void(const PollResult&)> call) override {
    adapter().on_turn(std::move(call));
  }
  void destroy_adapter() override { adapter_.reset(); }
  Result<void> attach_second(EventLoop& loop) override {
    second_ = std::make_unique<Adapter>();
    return attach_to(*second_, loop);
  }

  virtual Result<void> attach_to(Adapter& adapter, EventLoop& loop) = 0;
  [[nodiscard]] Adapter& adapter() {
    if (adapter_ == nullptr) adapter_ = std::make_unique<Adapter>();
    return *adapter_;
  }

 protected:
  // To be called before the host's own loop ends.
  void destroy_adapters() {
    adapter_.reset();
    second_.reset();
  }
  // Null while it is destroyed; the io_uring host asks both.
  std::unique_ptr<Adapter> adapter_;
  std::unique_ptr<Adapter> second_;
};

std::unique_ptr<GuestHost> make_guest_host();
std::unique_ptr<Host> make_host() { return make_guest_host(); }

inline EventLoop make_loop() { return EventLoop::create({}).value(); }

// The number that the next descriptor will have.
inline int next_descriptor() {
  const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(descriptor);
  return descriptor;
}

TEST_CASE("the adapter is destroyed within callbacks of the loop, of on_turn and of the host") {
  EventLoop loop = make_loop();
  const std::unique_ptr<GuestHost> host = make_guest_host();
  for (int where = 0; where < 3; ++where) {
    host->attach(loop).value();
    int calls = 0;
    const auto end = [&] {
      ++calls;
      host->destroy_adapter();
    };
    if (where == 0)
      loop.post(end).value();
    else if (where == 1)
      host->on_turn([&](const PollResult&) { end(); });
    else
      host->after(10ms, end);
    loop.wake();
    host->sleep(50ms);
    CHECK(calls == 1);
    const std::uint64_t turns = loop.stats().turns;
    loop.wake();
    host->sleep(20ms);
    CHECK(loop.stats().turns == turns);
    loop.poll_once();
  }
}

TEST_CASE("on_turn may put another function in its place, and none") {
  EventLoop loop = make_loop();
  const std::unique_ptr<GuestHost> host = make_guest_host();
  host->attach(loop).value();
  int first = 0;
  int second = 0;
  host->on_turn([&](const PollResult&) {
    ++first;
    host->on_turn([&](const PollResult&) {
      ++second;
      host->on_turn(nullptr);
    });
    loop.wake();
  });
  loop.wake();
  host->after(20ms, [&] { loop.wake(); });
  host->sleep(50ms);
  CHECK(first == 1);
  CHECK(second == 1);
}

TEST_CASE("detached and attached again in callbacks, it goes on, one turn for each wake-up") {
  EventLoop loop = make_loop();
  const std::unique_ptr<GuestHost> host = make_guest_host();
  host->attach(loop).value();
  const auto again = [&] {
    host->detach();
    host->attach(loop).value();
  };
  for (int i = 0; i < 5; ++i) {
    host->after(1ms, [&] { loop.post(again).value(); });
    host->sleep(10ms);
    host->after(1ms, again);
    host->after(1ms, again);
    host->sleep(10ms);
  }
  host->on_turn([&, once = true](const PollResult&) mutable {
    if (std::exchange(once, false)) again();
  });
  loop.wake();
  host->sleep(10ms);
  const std::uint64_t turns = loop.stats().turns;
  for (int i = 0; i < 5; ++i) {
    loop.wake();
    host->sleep(10ms);
  }
  CHECK(loop.stats().turns - turns == 5);
}

TEST_CASE("a callback of one loop attaches another") {
  EventLoop one = make_loop();
  EventLoop other = make_loop();
  const std::unique_ptr<GuestHost> host = make_guest_host();
  host->attach(one).value();
  one.post([&] {
       host->detach();
       host->attach(other).value();
     })
      .value();
  host->sleep(20ms);
  int ran = 0;
  one.post([&] { ran += 1; }).value();
  other.post([&] { ran += 10; }).value();
  host->sleep(20ms);
  CHECK(ran == 10);
}

TEST_CASE("several adapters share a host") {
  EventLoop one = make_loop();
  EventLoop other = make_loop();
  const std::unique_ptr<GuestHost> host = make_guest_host();
  host->attach(one).value();
  host->attach_second(other).value();
  int ran = 0;
  one.post([&] { ran += 1; }).value();
  other.post([&] { ran += 10; }).value();
  host->sleep(20ms);
  CHECK(ran == 11);
  host->detach();
  one.post([&] { ran += 1; }).value();
  other.post([&] { ran += 10; }).value();
  host->sleep(20ms);
  CHECK(ran == 21);
}

TEST_CASE("a turn that fails is told once and ends the attachment, and the host does not spin") {
  EventLoop loop = make_loop();
  const std::unique_ptr<GuestHost> host = make_guest_host();
  host->attach(loop).value();
  int calls = 0;
  Error error = Error::none;
  host->on_turn([&](const PollResult& result) {
    ++calls;
    error = result.error;
  });
  EventLoop moved = std::move(loop);
  moved.wake();
  host->sleep(50ms);
  CHECK(calls == 1);
  CHECK(error == Error::closed);
  // It is free for another attachment.
  host->attach(moved).value();
  host->sleep(20ms);
  CHECK(calls == 2);
  CHECK(error == Error::none);
}

TEST_CASE("what is ready when the adapter goes is not called any more") {
  EventLoop loop = make_loop();
  const std::unique_ptr<GuestHost> host = make_guest_host();
  host->attach(loop).value();
  loop.wake();
  // In a callback of the host's: the readiness may have been seen, and the call be on its way.
  for (int i = 0; i < 10; ++i) host->after(10ms, [&] { host->destroy_adapter(); });
  host->after(9ms, [&] { loop.wake(); });
  host->sleep(30ms);
  const std::uint64_t turns = loop.stats().turns;
  host->attach(loop).value();
  loop.wake();
  host->destroy_adapter();
  host->sleep(20ms);
  CHECK(loop.stats().turns == turns);
}

TEST_CASE("detached, the host sleeps, whatever the loop would do; the loop may end before it") {
  std::optional<EventLoop> loop = make_loop();
  const std::unique_ptr<GuestHost> host = make_guest_host();
  host->attach(*loop).value();
  host->sleep(10ms);
  loop->wake();
  host->detach();
  const Duration time = processor_time();
  host->sleep(500ms);
  CHECK(processor_time() - time < 100ms);
  loop.reset();
  host->sleep(20ms);
}

TEST_CASE("attachments cost the host no descriptor that is not given back") {
  EventLoop loop = make_loop();
  const std::unique_ptr<GuestHost> host = make_guest_host();
  host->attach(loop).value();
  host->sleep(10ms);
  host->detach();
  const int next = next_descriptor();
  for (int i = 0; i < 20; ++i) {
    host->attach(loop).value();
    loop.wake();
    if (i % 2 == 0) host->sleep(1ms);
    host->detach();
  }
  CHECK(next_descriptor() == next);
}

}  // namespace spool::hosts::scenario
