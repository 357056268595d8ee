// A loop with a clock of the test that writes down its events, and each as a short line.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"
#include "tests/support/fake_clock.h"

namespace spool {

using Lines = std::vector<std::string>;

struct World {
  HangGuard guard;
  testing::FakeClock clock;
  std::vector<Event> events;
  std::map<std::uint64_t, std::set<std::uint32_t>> peers;  // of each socket, as they came
  std::vector<std::string> log;
  EventLoop loop;

  explicit World(LogLevel level = LogLevel::debug) : loop(make_loop(level)) {}
  EventLoop make_loop(LogLevel level) {
    EventLoopConfig config;
    config.clock = &clock;
    config.seed = 1;
    config.event_queue = 1024;
    config.on_event = [this](const Event& event) {
      events.push_back(event);
      if (event.peer != 0) peers[event.socket.value()].insert(event.peer);
    };
    config.log = [this](LogLevel, std::string_view line) { log.emplace_back(line); };
    config.log_level = level;
    return EventLoop::create(std::move(config)).value();
  }
  // What an event says, but for addresses and handles. #1 is the first peer of that socket.
  [[nodiscard]] std::string brief(const Event& event) const {
    std::string line = to_string(event.kind);
    if (event.error != Error::none) line += std::string(" ") + to_string(event.error);
    if (event.os_error != 0) line += " errno " + std::to_string(event.os_error);
    if (event.peer != 0) {
      const std::set<std::uint32_t>& known = peers.at(event.socket.value());
      line += " #" + std::to_string(std::distance(known.begin(), known.find(event.peer)) + 1);
    }
    if (event.lost != 0) line += " lost " + std::to_string(event.lost);
    if (event.retry_in != Duration::zero()) line += " again";
    return line;
  }
  // Of this socket, so far.
  [[nodiscard]] Lines lines(const SocketBase& socket) const {
    Lines result;
    for (const Event& event : events)
      if (event.socket == socket.handle()) result.push_back(brief(event));
    return result;
  }
  [[nodiscard]] std::size_t count(EventKind kind) const {
    std::size_t result = 0;
    for (const Event& event : events) result += event.kind == kind ? 1 : 0;
    return result;
  }
  [[nodiscard]] const Event& last(EventKind kind) const {
    const Event* found = nullptr;
    for (const Event& event : events)
      if (event.kind == kind) found = &event;
    REQUIRE(found != nullptr);
    return *found;
  }
  bool hears(EventKind kind, std::size_t times = 1) {
    return turn_until(loop, [&] { return count(kind) >= times; });
  }
  void turns(int number) {
    for (int i = 0; i < number; ++i) loop.poll_once();
  }
  void pass(Duration length) {
    clock.advance(length);
    turns(2);
  }
};

}  // namespace spool
