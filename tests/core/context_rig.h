// What the tests of context and socket share: a context with a clock of the test, and its events.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "spool/core/context.h"
#include "tests/support/fake_clock.h"

namespace spool::core {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

struct ContextRig {
  testing::FakeClock clock;
  std::vector<Event> events;
  Anchor* anchor = nullptr;
  std::optional<Context> owner;
  Context* context = nullptr;

  explicit ContextRig(EventLoopConfig config = {}) {
    config.clock = &clock;
    config.seed = 1;
    config.on_event = [this](const Event& event) { events.push_back(event); };
    anchor = Anchor::create(nullptr, config.memory_limit, config.message_memory_limit);
    owner.emplace(*anchor, std::move(config));
    context = &*owner;
    Explanation why;
    REQUIRE(context->start(why) == Error::none);
  }
  ~ContextRig() {
    owner.reset();
    anchor->release();
  }

  Socket& open(SocketType type, const SocketOptions& options = {}) {
    return *context->find(context->open(type, false, options).value());
  }
  // A real wait, so that the kernel has its time; the context's own time stands still.
  PollResult turn() { return context->poll_once(Timeout::none(), {}); }
  void turns(int count) {
    for (int i = 0; i < count; ++i) turn();
  }
  template <typename Done>
  [[nodiscard]] bool turn_until(Done done) {
    for (int i = 0; i < 20'000; ++i) {
      if (done()) return true;
      turn();
    }
    return false;
  }
  // `b` connects to `a` by inproc; both have each other afterwards.
  void link(Socket& a, Socket& b) {
    static int count = 0;
    const std::string address = "inproc://link" + std::to_string(++count);
    REQUIRE(context->listen(a, address, {}).ok());
    REQUIRE(context->connect(b, address, {}).ok());
    turns(2);
  }
  Error send(Socket& socket, std::string_view text) {
    Result<Message> message = context->pool().copy_of(std::as_bytes(std::span(text)));
    return message.ok() ? socket.send(*message) : message.error();
  }
  // The text, or the name of the error.
  std::string receive(Socket& socket) {
    Result<Message> message = socket.receive();
    return message.ok() ? std::string(message->text()) : to_string(message.error());
  }
  Texts receive_all(Socket& socket) {
    Texts texts;
    while (socket.can_receive()) texts.push_back(receive(socket));
    return texts;
  }
  std::vector<EventKind> take_kinds() {
    std::vector<EventKind> kinds;
    for (const Event& event : std::exchange(events, {})) kinds.push_back(event.kind);
    return kinds;
  }
};

}  // namespace spool::core
