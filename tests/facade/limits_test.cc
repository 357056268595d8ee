// Every limit: what happens at it, and that everything goes on below it again.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

TEST_CASE("at sockets_max opening says so, and a closed socket makes room") {
  EventLoop loop = EventLoop::create({.sockets_max = 2}).value();
  Pull first = loop.open<Pull>().value();
  Pull second = loop.open<Pull>().value();
  CHECK(loop.open<Pull>().error() == Error::limit_reached);
  CHECK(std::string(loop.last_error()).find("sockets_max is 2") == 0);
  first.close();
  loop.poll_once();
  CHECK(loop.open<Pull>().ok());
}

TEST_CASE("a memory limit that is too small for a loop is an error with words") {
  Explanation why;
  for (const std::size_t limit : {1u, 5'000u, 50'000u, 100'000u}) {
    Result<EventLoop> loop = EventLoop::create({.memory_limit = limit}, &why);
    CAPTURE(limit, std::string(why.text()));
    REQUIRE_FALSE(loop.ok());
    CHECK(loop.error() == Error::no_memory);
    CHECK(std::string(why.text()).find("memory") != std::string::npos);
  }
}

TEST_CASE("the memory limit is kept, whatever is asked for") {
  EventLoop loop = EventLoop::create({.memory_limit = 1u << 20, .message_memory_limit = 0}).value();
  std::vector<Message> messages;
  for (;;) {
    Result<Message> message = loop.message(10'000);
    if (!message.ok()) {
      CHECK(message.error() == Error::no_memory);
      break;
    }
    messages.push_back(std::move(message).value());
    REQUIRE(messages.size() < 100);
  }
  CHECK(loop.stats().memory_bytes <= 1u << 20);
  CHECK(loop.stats().memory_high_water <= 1u << 20);
  CHECK(loop.stats().refusals != 0);
  messages.clear();
  CHECK(loop.message(10'000).ok());
}

TEST_CASE("sockets and endpoints beyond the memory limit are refused, and nothing breaks") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({.memory_limit = 400u << 10}).value();
  std::vector<Pull> sockets;
  Error error = Error::none;
  while (error == Error::none && sockets.size() < 10'000) {
    Result<Pull> socket = loop.open<Pull>();
    error = socket.error();
    if (!socket.ok()) break;
    sockets.push_back(std::move(socket).value());
    Result<Endpoint> at = sockets.back().listen("inproc://" + std::to_string(sockets.size()));
    error = at.error();
  }
  CHECK(error == Error::no_memory);
  loop.poll_once();
  for (std::size_t i = 0; i < sockets.size(); i += 2) sockets[i].close();
  loop.poll_once();
  CHECK(loop.open<Pull>().ok());
}

// Two loops, so that each has its own limit.
struct Flow {
  HangGuard guard{60};
  EventLoop sender;
  EventLoop receiver;
  Push push;
  Pull pull;

  Flow(EventLoopConfig of_sender, EventLoopConfig of_receiver, const SocketOptions& of_push,
       const SocketOptions& of_pull, const std::string& transport)
      : sender(EventLoop::create(std::move(of_sender)).value()),
        receiver(EventLoop::create(std::move(of_receiver)).value()),
        push(sender.open<Push>(of_push).value()),
        pull(receiver.open<Pull>(of_pull).value()) {
    push.connect(listen_on(pull, transport)).value();
    REQUIRE(turn_until(sender, receiver, [&] { return push.can_send() && pull.peers() == 1; }));
  }
  // Sends `count` messages of that size, taking one for every few turns; all have to arrive.
  void run(int count, std::size_t size) {
    int sent = 0;
    int received = 0;
    bool right = true;
    const bool done = turn_until(sender, receiver, [&] {
      for (int i = 0; i < 50 && sent < count; ++i) {
        std::string text = std::to_string(sent);
        text.resize(std::max(size, text.size()), '.');
        const Error error = push.try_send(text).error();
        if (error != Error::none) {
          right = right && (error == Error::would_block || error == Error::no_memory);
          break;
        }
        ++sent;
      }
      for (int i = 0; i < 5; ++i) {
        Result<Message> message = pull.try_recv();
        if (!message.ok()) break;
        right = right && std::stoi(std::string(message->text())) == received;
        ++received;
      }
      return received == count || !right;
    });
    CHECK(done);
    CHECK(right);
    CHECK(sent == count);
    CHECK(pull.stats().dropped_overflow == 0);
    CHECK(push.stats().lost_unsent == 0);
    CHECK(push.peers() == 1);  // the same connection all the time
    CHECK(push.stats().peers_joined == 1);
  }
};

TEST_CASE("a receiver at its message memory limit pushes back, and nothing is lost") {
  const std::string transport = GENERATE(as<std::string>(), "tcp", "ipc");
  Flow flow({}, {.message_memory_limit = 256u << 10}, {}, {}, transport);
  flow.run(500, 8'000);
  CHECK(flow.receiver.stats().pool_bytes_high_water <= 256u << 10);
}

TEST_CASE("a sender at its message memory limit says no_memory, and nothing is lost") {
  const std::string transport = GENERATE(as<std::string>(), "tcp", "ipc");
  Flow flow({.message_memory_limit = 128u << 10}, {}, {}, {.receive_queue_messages = 8}, transport);
  flow.run(500, 3'000);
  CHECK(flow.sender.stats().pool_bytes_high_water <= 128u << 10);
}

TEST_CASE("many small messages at the limit come through as well") {
  Flow flow({}, {.message_memory_limit = 64u << 10}, {}, {}, "ipc");
  flow.run(3'000, 4);
}

TEST_CASE("a receive queue that is full pushes back to the sender") {
  Flow flow({}, {}, {.send_queue_messages = 10}, {.receive_queue_messages = 10}, "ipc");
  int sent = 0;
  // The kernel takes its share; then the sender's queue, then nothing more.
  for (int i = 0; i < 200; ++i) {
    while (flow.push.try_send(std::string(4'000, 'x')).ok()) ++sent;
    flow.sender.poll_once();
    flow.receiver.poll_once();
  }
  CHECK(flow.push.try_send("x").error() == Error::would_block);
  CHECK_FALSE(flow.push.can_send());
  CHECK(flow.push.stats().unsent_messages >= 10);
  int received = 0;
  REQUIRE(turn_until(flow.sender, flow.receiver, [&] {
    while (flow.pull.try_recv().ok()) ++received;
    return received == sent;
  }));
  CHECK(flow.push.can_send());
}

TEST_CASE("inproc pushes back at the receiver's queue, exactly") {
  EventLoop loop = EventLoop::create({}).value();
  Push push = loop.open<Push>().value();
  Pull pull = loop.open<Pull>({.receive_queue_messages = 4}).value();
  push.connect(listen_on(pull, "inproc")).value();
  REQUIRE(turn_until(loop, [&] { return push.can_send(); }));
  for (int i = 0; i < 4; ++i) push.try_send("x").value();
  CHECK(push.try_send("x").error() == Error::would_block);
  CHECK(pull.try_recv().ok());
  CHECK(push.try_send("x").error() == Error::would_block);  // room again at half
  CHECK(pull.try_recv().ok());
  CHECK(push.try_send("x").ok());
}

TEST_CASE("the budget of a turn bounds what it receives, and says that there is more") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({.receive_buffer = 4096}).value();
  Push push = loop.open<Push>().value();
  Pull pull = loop.open<Pull>().value();
  push.connect(listen_on(pull, "ipc")).value();
  REQUIRE(turn_until(loop, [&] { return push.can_send(); }));
  {
    Batch batch(loop);
    for (int i = 0; i < 500; ++i) push.try_send(std::string(100, 'x')).value();
  }
  const Budget small{0, 10, 0, Duration::zero()};
  std::uint32_t received = 0;
  int turns = 0;
  while (received < 500 && turns < 1000) {
    const PollResult result = loop.poll_once(Timeout::none(), small);
    CHECK(result.messages <= 10 + 4096 / 109);  // at most one read more
    received += result.messages;
    ++turns;
    if (received < 500 && result.messages != 0) CHECK(result.more);
  }
  CHECK(received == 500);
  CHECK(turns > 10);
}

TEST_CASE("pre-sized, no message needs the allocator") {
  EventLoop loop =
      EventLoop::create({.reserve_messages = 10, .reserve_message_size = 1'000}).value();
  const std::uint64_t allocations = loop.stats().allocations;
  std::vector<Message> messages;
  for (int i = 0; i < 10; ++i) messages.push_back(loop.message(1'000).value());
  CHECK(loop.stats().allocations == allocations);
  CHECK(loop.stats().pool_hits == 10);
  CHECK(loop.stats().pool_misses == 0);
}

TEST_CASE("pre-sized, peers come, talk, go and come again without the allocator") {
  HangGuard guard;
  const std::string transport = GENERATE(as<std::string>(), "tcp", "ipc");
  EventLoopConfig config;
  config.reserve_sockets = 2;
  config.reserve_connections = 64;
  config.reserve_messages = 128;  // of 256 bytes: the queues of 64 connections
  EventLoop loop = EventLoop::create(std::move(config)).value();
  loop.reserve_messages(64, 640).value();
  loop.reserve_messages(4096, 64).value();
  Pull pull = loop.open<Pull>().value();
  const std::string address = listen_on(pull, transport);
  const std::uint64_t allocations = loop.stats().allocations;
  for (int round = 0; round < 2; ++round) {
    EventLoop other = EventLoop::create({}).value();
    std::vector<Push> players;
    for (int i = 0; i < 64; ++i) {
      players.push_back(other.open<Push>().value());
      players.back().connect(address).value();
    }
    REQUIRE(turn_until(loop, other, [&] { return pull.peers() == 64; }));
    int sent = 0;
    int received = 0;
    REQUIRE(turn_until(loop, other, [&] {
      for (Push& player : players)
        if (sent < 640 && player.try_send("hello").ok()) ++sent;
      while (pull.try_recv().ok()) ++received;
      return received == 640;
    }));
    players.clear();
    REQUIRE(turn_until(loop, other, [&] { return pull.peers() == 0; }));
  }
  // The two tables of the poll back-end double with its descriptors, up to 128 and their numbers.
  const std::uint64_t allowed = loop.backend_fd().ok() ? 0 : 8;
  CHECK(loop.stats().allocations - allocations <= allowed);
}

TEST_CASE("what cannot be reserved within the memory limit is said at the start") {
  Explanation why;
  EventLoopConfig config;
  config.memory_limit = 4u << 20;
  SECTION("sockets") { config.reserve_sockets = 1u << 20; }
  SECTION("connections") { config.reserve_connections = 1u << 20; }
  SECTION("exchanges") { config.reserve_exchanges = 1u << 20; }
  CHECK(EventLoop::create(std::move(config), &why).error() == Error::no_memory);
  CHECK(why.text().find("memory_limit is too small") != std::string_view::npos);
}

}  // namespace
}  // namespace spool
