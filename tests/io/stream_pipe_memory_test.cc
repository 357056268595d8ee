#include <cerrno>
#include <functional>

#include "tests/io/pipe_fixture.h"

namespace spool::io {
namespace {

// Takes storage out of the pool until no more than `left` bytes are available.
std::vector<Message> leave(MessagePool& pool, std::size_t left) {
  std::vector<Message> held;
  for (std::size_t size = 1 << 20; size >= 64; size /= 2)
    while (pool.available() >= left + MessagePool::footprint(size))
      held.push_back(pool.make(size).value());
  return held;
}

TEST_CASE("a header that promises a megabyte and brings nothing costs 64 KiB and a little") {
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  const std::size_t brought = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{1000});
  PipeFixture f;
  f.open(framing);
  f.hear(frame_header(framing, 1 << 20) + std::string(brought, 'x'), 10);
  CHECK(f.rig.pool.stats().bytes_high_water <= (64 << 10) + 512);
  CHECK(f.owner.closed == 0);
  f.peer->close();
  f.rig.turns(2);
  CHECK(f.owner.reason == Error::truncated);
  CHECK(f.rig.pool.stats().bytes_in_use == 0);
}

TEST_CASE(
    "a large message that trickles in never holds more than a small multiple of what arrived") {
  PipeFixture f;
  f.config.receive_queue_bytes = 4 << 20;
  f.open();
  const std::size_t size = 1 << 20;
  f.hear(frame_header(Framing::tcp, size));
  std::size_t arrived = 0;
  while (arrived < size) {
    const std::size_t step = std::min<std::size_t>(10'000, size - arrived);
    f.hear(std::string(step, 'x'), 4);
    arrived += step;
    const std::size_t in_use = f.rig.pool.stats().bytes_in_use;
    REQUIRE(in_use <= std::max<std::size_t>(2 * arrived * 2, 64 << 10) + 512);
  }
  CHECK(f.taken().front().size() == size);
}

TEST_CASE("a peer that sent a large message is trusted with the next one") {
  PipeFixture f;
  f.config.receive_queue_bytes = 4 << 20;
  f.open();
  f.hear(frame(Framing::tcp, std::string(500'000, 'a')), 30);
  CHECK(f.taken().size() == 1);
  const std::uint64_t reads = f.pipe->stream().end().reads;
  f.hear(frame(Framing::tcp, std::string(500'000, 'b')), 30);
  CHECK(f.taken().size() == 1);
  CHECK(f.pipe->stream().end().reads - reads <= 4);
}

TEST_CASE(
    "at the memory cap reading pauses, goes on when there is room again, and nothing is lost") {
  const std::size_t size =
      GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{64}, std::size_t{65}, std::size_t{500},
               std::size_t{5000}, std::size_t{50'000});
  const std::size_t cap =
      GENERATE(std::size_t{200'000}, std::size_t{300'000}, std::size_t{400'001});
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  CAPTURE(size, cap);
  PipeFixture f(ProtocolId::pull, cap, size + cap);
  f.config.receive_queue_messages = 1 << 20;
  f.config.receive_queue_bytes = 1 << 30;
  f.open(framing);
  const std::size_t count = size < 100 ? 20'000 : 4'000'000 / size;
  std::string all;
  for (std::size_t i = 0; i < count; ++i)
    all += frame(framing, std::string(size, static_cast<char>('a' + i % 26)));
  f.peer->put(all);
  std::size_t got = 0;
  int pauses = 0;
  while (got < count) {
    const bool more = f.rig.until([&] {
      return f.interest() == Interest::none || f.pipe->stream().end().waiting() == 0 ||
             f.owner.closed != 0;
    });
    REQUIRE(more);
    REQUIRE(f.owner.closed == 0);
    if (f.interest() == Interest::none) ++pauses;
    const std::deque<std::string> taken = f.taken();
    for (const std::string& one : taken) {
      REQUIRE(one.size() == size);
      if (size != 0) REQUIRE(one[0] == static_cast<char>('a' + got % 26));
      ++got;
    }
    f.sim.pass(6ms);
  }
  CHECK(got == count);
  CHECK(pauses > 0);
  CHECK(f.rig.pool.stats().bytes_high_water <= cap);
}

TEST_CASE(
    "a pipe that waits for memory asks for it again after some milliseconds, without being told") {
  PipeFixture f(ProtocolId::pull, 1 << 20);
  f.open();
  std::vector<Message> held = leave(f.rig.pool, 0);
  f.hear(frame(Framing::tcp, "hello"));
  CHECK(f.interest() == Interest::none);
  const std::uint64_t reads = f.pipe->stream().end().reads;
  f.sim.pass(100ms);
  CHECK(f.pipe->stream().end().reads == reads);
  held.clear();
  f.sim.pass(10ms);
  CHECK(f.taken() == std::deque<std::string>{"hello"});
  CHECK(f.owner.closed == 0);
}

TEST_CASE("a body that has its storage is read to its end, whatever memory is left") {
  PipeFixture f(ProtocolId::pull, 1 << 20);
  f.open();
  f.hear(frame_header(Framing::tcp, 60'000) + std::string(100, 'x'));
  std::vector<Message> held = leave(f.rig.pool, MessagePool::footprint(256));
  f.peer->put(std::string(59'900, 'x'));
  f.sim.pass(50ms);
  CHECK(f.owner.closed == 0);
  REQUIRE(f.pipe->receivable());
  CHECK(f.taken().front() == std::string(60'000, 'x'));
}

TEST_CASE("a frame that the pool could never hold is refused when it is announced") {
  PipeFixture f(ProtocolId::pull, 1'500'000);
  f.open();
  f.hear(frame(Framing::tcp, std::string(500'000, 'x')), 30);
  CHECK(f.taken().size() == 1);
  f.hear(frame_header(Framing::tcp, 600'000) + "x");
  CHECK(f.owner.closed == 1);
  CHECK(f.owner.reason == Error::message_too_large);
}

TEST_CASE(
    "half a body that finds no memory for ten seconds ends its pipe, and frees what it held") {
  PipeFixture f(ProtocolId::pull, 1 << 20);
  f.open();
  f.hear(frame_header(Framing::tcp, 200'000) + std::string(100, 'x'));
  std::vector<Message> held = leave(f.rig.pool, 0);
  f.peer->put(std::string(150'000, 'x'));
  f.sim.pass(9s);
  CHECK(f.owner.closed == 0);
  SECTION("it goes on when there is memory in time") {
    held.clear();
    f.peer->put(std::string(49'900, 'x'));
    f.sim.pass(100ms);
    CHECK(f.taken().size() == 1);
    f.sim.pass(20s);
    CHECK(f.owner.closed == 0);
  }
  SECTION("it ends when there is none") {
    f.sim.pass(2s);
    CHECK(f.owner.closed == 1);
    CHECK(f.owner.reason == Error::no_memory);
  }
}

TEST_CASE("a pipe that has begun no message waits for memory for as long as it takes") {
  PipeFixture f(ProtocolId::pull, 1 << 20);
  f.open();
  std::vector<Message> held = leave(f.rig.pool, 0);
  f.peer->put(frame(Framing::tcp, "patient"));
  f.sim.pass(60s);
  CHECK(f.owner.closed == 0);
  held.clear();
  f.sim.pass(100ms);
  CHECK(f.taken() == std::deque<std::string>{"patient"});
}

TEST_CASE("a handshake succeeds at the memory cap; what the peer sent behind it waits") {
  PipeFixture f(ProtocolId::pull, 1 << 20);
  std::vector<Message> held = leave(f.rig.pool, 0);
  f.start();
  std::string all = hello(ProtocolId::push);
  for (int i = 0; i < 30; ++i) all += frame(Framing::tcp, "early");
  f.hear(all);
  CHECK(f.owner.opened == 1);
  CHECK(f.owner.closed == 0);
  held.clear();
  f.sim.pass(10ms);
  CHECK(f.taken().size() == 30);
}

TEST_CASE("want of memory and a peer that takes nothing more do not cut each other's time short") {
  PipeFixture f(ProtocolId::pair, 1 << 20);
  f.open();
  std::vector<Message> held;
  SECTION("first no more writing, then no memory") {
    f.pipe->stream().end().write_error = Error::connection_reset;
    CHECK(f.send("x") == Error::none);
    held = leave(f.rig.pool, 0);
    f.hear(frame(Framing::tcp, "last words"));
  }
  SECTION("first no memory, then no more writing") {
    Message one = f.message("x");
    held = leave(f.rig.pool, MessagePool::footprint(4096) + MessagePool::footprint(256));
    f.hear(frame(Framing::tcp, "last words"));
    REQUIRE(f.interest() == Interest::none);
    f.pipe->stream().end().write_error = Error::connection_reset;
    CHECK(f.pipe->send(one) == Error::none);
  }
  f.sim.pass(100ms);
  REQUIRE(f.owner.closed == 0);
  held.clear();
  f.sim.pass(100ms);
  CHECK(f.taken() == std::deque<std::string>{"last words"});
  CHECK(f.owner.closed == 0);
  f.sim.pass(10s);
  CHECK(f.owner.closed == 1);
  CHECK(f.owner.reason == Error::connection_reset);
}

// A fixed exchange with everything in it: small and large, both ways, with back-pressure.
void exchange(std::uint64_t refuse, std::uint64_t& requests) {
  CAPTURE(refuse);
  PipeFixture f(ProtocolId::pair, 0, 7);
  f.config.send_queue_messages = 20;
  f.config.receive_queue_messages = 5;
  f.prepare();
  f.rig.memory.refuse_after(refuse);
  const Error started = f.pipe->start(true);
  if (started != Error::none) {
    REQUIRE(started == Error::no_memory);
  } else {
    std::string input = hello(ProtocolId::pair);
    for (const std::size_t size : {3, 0, 3000, 100'000, 2048, 1, 300'000})
      input += frame(Framing::tcp, std::string(size, 'i'));
    f.peer->end().room = 5000;
    f.pipe->stream().end().read_cut = Cut::random;
    f.peer->put(input);
    std::size_t refused = 0;
    for (int i = 0; i < 150; ++i) {
      f.rig.turn();
      if (i % 5 == 0) f.taken();
      if (f.pipe->sendable()) {
        Result<Message> one = f.rig.pool.make(i % 4 == 0 ? 3000 : 30);
        if (!one.ok()) continue;
        // Somebody else holds it too, so that its frame header goes elsewhere.
        Message other = i % 8 == 0 ? one->share() : Message();
        if (f.pipe->send(one.value()) != Error::none) ++refused;
      }
      if (i % 3 == 0) f.peer->take();
      if (i % 50 == 0) f.sim.pass(6ms);
    }
    REQUIRE(refused <= 1);
    if (f.owner.closed != 0)
      REQUIRE(f.owner.reason == Error::no_memory);
    else
      REQUIRE(f.pipe->stats().messages_received == 7);
  }
  requests = f.rig.memory.requests;
  f.finish();
  REQUIRE(f.rig.pool.stats().blocks_in_use == 0);
}

TEST_CASE("whichever request for memory is refused, a pipe works or ends for that reason") {
  std::uint64_t all = 0;
  exchange(0, all);
  CHECK(all > 10);
  for (std::uint64_t n = 1; n <= all; ++n) {
    std::uint64_t requests = 0;
    exchange(n, requests);
  }
}

}  // namespace
}  // namespace spool::io
