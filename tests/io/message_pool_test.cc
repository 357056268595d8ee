#include "spool/io/message_pool.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/sim_memory.h"
#include "tests/support/sim_random.h"

namespace spool {
namespace {

TEST_CASE("the footprint is a power of two of at least 64 bytes, and a head") {
  const std::size_t head = MessagePool::footprint(0) - 64;
  CHECK(head < 128);
  for (std::size_t size : {0, 1, 63, 64}) CHECK(MessagePool::footprint(size) == 64 + head);
  CHECK(MessagePool::footprint(65) == 128 + head);
  CHECK(MessagePool::footprint(128) == 128 + head);
  CHECK(MessagePool::footprint(129) == 256 + head);
  CHECK(MessagePool::footprint(1 << 20) == (1 << 20) + head);
  CHECK(MessagePool::footprint((1 << 20) + 1) == (2 << 20) + head);
  CHECK(MessagePool::footprint(Message::max_size) == (std::size_t{1} << 31) + head);
}

TEST_CASE("a message has the size that was asked for, and takes its footprint") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  for (std::size_t size = 0; size < 300'000; size = size * 5 / 4 + 1) {
    const Message message = pool.make(size).value();
    CHECK(message.size() == size);
    CHECK(message.header().empty());
    CHECK(pool.stats().bytes_in_use == MessagePool::footprint(size));
    CHECK(pool.stats().blocks_in_use == 1);
  }
  CHECK(pool.stats().bytes_in_use == 0);
}

TEST_CASE("a size above the largest is refused before anything is asked for") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  CHECK(pool.make(Message::max_size + 1).error() == Error::message_too_large);
  CHECK(pool.make(SIZE_MAX).error() == Error::message_too_large);
  CHECK(memory.requests == 0);
}

TEST_CASE("storage is used again: hits and misses are counted") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  { const Message message = pool.make(100).value(); }
  CHECK(pool.stats().misses == 1);
  const std::uint64_t requests = memory.requests;
  { const Message message = pool.make(128).value(); }
  CHECK(pool.stats().hits == 1);
  CHECK(memory.requests == requests);
  { const Message message = pool.make(129).value(); }
  CHECK(pool.stats().misses == 2);
  CHECK(memory.requests > requests);
  CHECK(pool.stats().bytes_cached == memory.in_use);
  CHECK(pool.stats().bytes_high_water == MessagePool::footprint(129));
}

TEST_CASE("traffic that wavers a little above its warm-up finds storage made ahead") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  std::vector<Message> messages;
  while (messages.size() < 40 || pool.stats().bytes_cached == 0)
    messages.push_back(pool.make(1000).value());
  const std::uint64_t misses = pool.stats().misses;
  while (pool.stats().misses == misses) messages.push_back(pool.make(1000).value());
  // This one was a miss: a quarter more is there now.
  const std::uint64_t requests = memory.requests;
  for (std::size_t more = messages.size() / 4; more != 0; --more)
    messages.push_back(pool.make(1000).value());
  CHECK(memory.requests == requests);
}

TEST_CASE("storage made ahead is bounded, and never costs a message its own") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  { const Message message = pool.make(1 << 20).value(); }
  CHECK(memory.in_use == MessagePool::footprint(1 << 20));
  // The allocator refuses the spare: what is cached stays.
  const std::size_t cached = pool.stats().bytes_cached;
  memory.refuse_after(2);
  const Message message = pool.make(100).value();
  CHECK(pool.stats().bytes_cached == cached);
}

TEST_CASE("everything goes back to the allocator with the pool") {
  sim::SimMemory memory;
  {
    MessagePool pool(memory, 0);
    for (std::size_t size = 1; size < 100'000; size *= 3)
      static_cast<void>(pool.make(size).value());
    CHECK(memory.live != 0);
  }
  CHECK(memory.live == 0);
  CHECK(memory.in_use == 0);
}

TEST_CASE("the cap holds for what is in use and what is cached together") {
  constexpr std::size_t limit = 10'000;
  sim::SimMemory memory;
  MessagePool pool(memory, limit);
  std::vector<Message> messages;
  for (;;) {
    Result<Message> message = pool.make(1000);
    if (!message.ok()) {
      CHECK(message.error() == Error::no_memory);
      break;
    }
    messages.push_back(std::move(message).value());
  }
  CHECK(messages.size() == limit / MessagePool::footprint(1000));
  CHECK(pool.stats().refusals == 1);
  CHECK(pool.available() == limit - pool.stats().bytes_in_use);
  messages.clear();
  CHECK(pool.available() == limit);

  // What is cached is no obstacle: it is trimmed.
  messages.push_back(pool.make(4096).value());
  CHECK(memory.in_use <= limit);
  CHECK(pool.make(8192).error() == Error::no_memory);
  CHECK(pool.make(100'000).error() == Error::no_memory);
  CHECK(pool.stats().refusals == 3);
  messages.clear();
  messages.push_back(pool.make(8192).value());
  CHECK(memory.in_use <= limit);
}

TEST_CASE("without a cap there is no end to what is available") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  CHECK(pool.available() == SIZE_MAX);
}

TEST_CASE("a refusing allocator gets the cache back before a message is refused") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  { const Message message = pool.make(100).value(); }
  memory.refuse_after(1);
  const Result<Message> message = pool.make(200'000);
  CHECK(message.ok());
  CHECK(pool.stats().bytes_cached == 0);
  CHECK(pool.stats().refusals == 0);
  memory.refuse_all();
  CHECK(pool.make(200'000).error() == Error::no_memory);
  CHECK(pool.stats().refusals == 1);
}

TEST_CASE("reserved storage is used without asking the allocator") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  CHECK(pool.reserve(1000, 8) == Error::none);
  CHECK(pool.stats().bytes_cached == 8 * MessagePool::footprint(1000));
  CHECK(pool.stats().bytes_in_use == 0);
  memory.refuse_all();
  std::vector<Message> messages;
  for (int i = 0; i < 8; ++i) messages.push_back(pool.make(600).value());
  CHECK(pool.stats().hits == 8);
  CHECK_FALSE(pool.make(600).ok());
}

TEST_CASE("a reservation above the cap is refused") {
  sim::SimMemory memory;
  MessagePool pool(memory, 10'000);
  CHECK(pool.reserve(1000, 100) == Error::no_memory);
  CHECK(memory.in_use <= 10'000);
  CHECK(pool.make(2000).ok());
}

TEST_CASE("a reservation that the allocator cuts short is refused, and keeps what it got") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  memory.refuse_after(5);
  CHECK(pool.reserve(1000, 8) == Error::no_memory);
  CHECK(pool.stats().bytes_cached == 4 * MessagePool::footprint(1000));
}

TEST_CASE("when_idle tells when the last message has come back, even if the pool goes then") {
  struct Owner {
    sim::SimMemory memory;
    MessagePool* pool = new MessagePool(memory, 0);
    int calls = 0;
    static void idle(void* target) noexcept {
      auto* owner = static_cast<Owner*>(target);
      if (++owner->calls == 2) delete owner->pool;
    }
  };
  Owner owner;
  Message first = owner.pool->make(10).value();
  Message second = first.share();
  Message third = owner.pool->make(1000).value();
  owner.pool->when_idle(&Owner::idle, &owner);
  first.reset();
  third.reset();
  CHECK(owner.calls == 0);
  second.reset();
  CHECK(owner.calls == 1);
  first = owner.pool->make(10).value();
  first.reset();
  CHECK(owner.calls == 2);
  CHECK(owner.memory.live == 0);
}

// A fixed course of actions, whatever is refused on the way.
void exercise(MessagePool& pool, std::uint64_t seed) {
  sim::Random random(seed);
  std::vector<Message> held;
  for (int step = 0; step < 300; ++step) {
    switch (random.below(6)) {
      case 0:
      case 1: {
        Result<Message> made = pool.make(random.below(20'000));
        if (made.ok()) held.push_back(std::move(made).value());
        break;
      }
      case 2:
        if (!held.empty()) held.push_back(held[random.below(held.size())].share());
        break;
      case 3:
        if (!held.empty()) {
          std::swap(held[random.below(held.size())], held.back());
          held.pop_back();
        }
        break;
      case 4:
        if (!held.empty()) {
          Message& message = held[random.below(held.size())];
          const std::size_t before = message.payload().size();
          const std::byte header[40] = {};
          const std::size_t size = random.below(sizeof header + 1);
          const Error error = pool.push_header(message, {header, size});
          REQUIRE(message.payload().size() == before + (error == Error::none ? size : 0));
        }
        break;
      case 5:
        if (!held.empty()) {
          Message& message = held[random.below(held.size())];
          const std::size_t before = message.size();
          const std::size_t size = random.below(20'000);
          const Error error = pool.resize(message, size);
          REQUIRE(message.size() == (error == Error::none ? size : before));
        }
        break;
    }
  }
}

TEST_CASE("whichever request the allocator refuses, every block comes back") {
  const std::uint64_t seed = 4711;
  CAPTURE(seed);
  std::uint64_t requests = 0;
  {
    sim::SimMemory memory;
    MessagePool pool(memory, 0);
    exercise(pool, seed);
    requests = memory.requests;
  }
  CHECK(requests > 50);
  for (std::uint64_t n = 1; n <= requests; ++n) {
    CAPTURE(n);
    sim::SimMemory memory;
    {
      MessagePool pool(memory, 0);
      memory.refuse_after(n);
      exercise(pool, seed);
      REQUIRE(pool.stats().blocks_in_use == 0);
      REQUIRE(pool.stats().bytes_in_use == 0);
      REQUIRE(pool.stats().bytes_cached == memory.in_use);
    }
    REQUIRE(memory.live == 0);
  }
}

TEST_CASE("under any cap the pool never holds more than that") {
  for (std::size_t limit = 1000; limit < 600'000; limit = limit * 3 / 2) {
    CAPTURE(limit);
    sim::SimMemory memory;
    MessagePool pool(memory, limit);
    exercise(pool, limit);
    REQUIRE(pool.stats().bytes_high_water <= limit);
    REQUIRE(pool.stats().blocks_in_use == 0);
    REQUIRE(memory.most_in_use <= limit);
  }
}

}  // namespace
}  // namespace spool
