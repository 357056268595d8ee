#include "tests/io/send_queue_fixture.h"

namespace spool::io {
namespace {

using sim::bytes_of;
using sim::frame;

// What the queue should hold: bytes, and where the frames end.
struct Model {
  std::string bytes;
  std::deque<std::uint64_t> ends;
  std::uint64_t start = 0;  // of `bytes`, counted from the first byte ever

  void push(const std::string& more) {
    bytes += more;
    ends.push_back(start + bytes.size());
  }
  void consume(std::size_t size) {
    bytes.erase(0, size);
    start += size;
    while (!ends.empty() && ends.front() <= start) ends.pop_front();
  }
};

void check_same(const SendQueue& queue, const Model& model) {
  REQUIRE(queue.bytes() == model.bytes.size());
  REQUIRE(queue.messages() == model.ends.size());
  REQUIRE(queue.empty() == model.bytes.empty());
}

// A size as they come: many tiny ones, the threshold, and some large.
std::size_t any_size(sim::Random& random) {
  switch (random.below(6)) {
    case 0:
      return 0;
    case 1:
      return random.below(16);
    case 2:
      return random.between(SendQueue::copy_max - 2, SendQueue::copy_max + 2);
    case 3:
      return random.below(5000);
    case 4:
      return random.below(200 << 10);
    default:
      return random.below(300);
  }
}

TEST_CASE("a small frame and a large one are written as header and body, one behind the other") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  SendQueue queue(pool, framing);
  std::string expected;
  for (const std::string& body :
       {std::string("abc"), std::string(), std::string(2048, 's'), std::string(2049, 'l'),
        std::string(100'000, 'x'), std::string("end")}) {
    Message message = pool.copy_of(bytes_of(body)).value();
    REQUIRE(queue.push(message) == Error::none);
    CHECK(message.empty());
    expected += frame(framing, body);
  }
  CHECK(queue.messages() == 6);
  CHECK(queue.bytes() == expected.size());
  CHECK(written(queue, SIZE_MAX) == expected);
  CHECK(queue.empty());
  CHECK(queue.messages() == 0);
  CHECK(pool.stats().blocks_in_use == 0);
}

TEST_CASE("the protocol header goes in front of the body, and is counted in the length") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  const std::size_t size = GENERATE(std::size_t{5}, std::size_t{5000});
  SendQueue queue(pool, Framing::tcp);
  const std::string body(size, 'b');
  Message message = pool.copy_of(bytes_of(body)).value();
  REQUIRE(pool.push_header(message, bytes_of("head")) == Error::none);
  REQUIRE(queue.push(message) == Error::none);
  CHECK(written(queue, SIZE_MAX) == frame(Framing::tcp, "head" + body));
}

TEST_CASE("any frames, written in any pieces, are the model's bytes, and the count is exact") {
  const std::uint64_t seed = GENERATE(range(1, 13));
  const Framing framing = seed % 2 == 0 ? Framing::tcp : Framing::ipc;
  CAPTURE(seed);
  sim::Random random(seed);
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  {
    SendQueue queue(pool, framing);
    Model model;
    for (int step = 0; step < 400; ++step) {
      if (random.chance(model.bytes.size() > 1'000'000 ? 20 : 60)) {
        const std::string body = text_of_size(random, any_size(random));
        Message message = pool.copy_of(bytes_of(body)).value();
        // Some bodies are shared, and then no header fits in front of them.
        const Message other = random.chance(30) ? message.share() : Message();
        REQUIRE(queue.push(message) == Error::none);
        REQUIRE(message.empty());
        model.push(frame(framing, body));
      } else {
        const std::size_t limit =
            random.chance(50) ? random.between(1, 30) : random.between(1, 150'000);
        const std::string bytes = written(queue, limit, random.between(1, 8));
        REQUIRE(bytes == model.bytes.substr(0, bytes.size()));
        model.consume(bytes.size());
      }
      check_same(queue, model);
    }
    if (seed % 3 == 0) queue.clear();
    while (!queue.empty()) {
      const std::string bytes = written(queue, random.between(1, 100'000), random.between(1, 64));
      REQUIRE(bytes == model.bytes.substr(0, bytes.size()));
      model.consume(bytes.size());
      check_same(queue, model);
    }
    CHECK(queue.messages() == 0);
    CHECK(pool.stats().blocks_in_use == 0);
  }
}

TEST_CASE("the rest of a frame of which the start is written is queued from any byte on") {
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  const std::size_t size = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{2048},
                                    std::size_t{2049}, std::size_t{70'000});
  const bool shared = GENERATE(false, true);
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  SendQueue queue(pool, framing);
  sim::Random random(size);
  const std::string body = text_of_size(random, size);
  const std::string whole = frame(framing, body);
  for (std::size_t written_before = 0; written_before < whole.size();
       written_before += written_before < 20 || written_before + 20 > whole.size() ? 1 : 1013) {
    CAPTURE(size, written_before, shared);
    Message message = pool.copy_of(bytes_of(body)).value();
    Message other = shared ? message.share() : Message();
    REQUIRE(queue.push_rest(message, written_before) == Error::none);
    REQUIRE(message.empty());
    REQUIRE(queue.messages() == 1);
    REQUIRE(queue.bytes() == whole.size() - written_before);
    // Another frame behind it, and both in pieces: the count is right at every step.
    Message next = pool.copy_of(bytes_of("next")).value();
    REQUIRE(queue.push(next) == Error::none);
    const std::string rest = whole.substr(written_before) + frame(framing, "next");
    std::string got;
    const std::size_t first = rest.size() - frame(framing, "next").size();
    while (!queue.empty()) {
      got += written(queue, rest.size() < 64 ? 1 : 1 + rest.size() / 7);
      REQUIRE(queue.messages() == (got.size() < first ? 2u : got.size() < rest.size() ? 1u : 0u));
    }
    REQUIRE(got == rest);
  }
  CHECK(pool.stats().blocks_in_use == 0);
}

TEST_CASE("a body above the threshold is referenced, not copied") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  SendQueue first(pool, Framing::tcp);
  SendQueue second(pool, Framing::ipc);
  Message message = pool.make(SendQueue::copy_max + 1).value();
  const std::byte* where = message.body().data();
  Message share = message.share();
  REQUIRE(first.push(share) == Error::none);
  share = message.share();
  REQUIRE(second.push(share) == Error::none);
  for (SendQueue* queue : {&first, &second}) {
    iovec buffers[4];
    const std::size_t count = queue->peek(buffers);
    REQUIRE(count == 2);
    CHECK(buffers[1].iov_base == where);
    CHECK(buffers[1].iov_len == SendQueue::copy_max + 1);
  }
}

TEST_CASE("a body that nobody shares carries its frame header in its own headroom") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  SendQueue queue(pool, Framing::ipc);
  Message message = pool.make(100'000).value();
  const std::byte* where = message.body().data();
  REQUIRE(queue.push(message) == Error::none);
  iovec buffers[4];
  REQUIRE(queue.peek(buffers) == 1);
  CHECK(buffers[0].iov_base == where - 9);
  CHECK(buffers[0].iov_len == 100'009);
}

TEST_CASE("small frames lie side by side: a thousand of them are a few buffers") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  SendQueue queue(pool, Framing::tcp);
  for (int i = 0; i < 1000; ++i) {
    Message message = pool.make(50).value();
    REQUIRE(queue.push(message) == Error::none);
  }
  std::vector<iovec> buffers(64);
  const std::size_t count = queue.peek(buffers);
  CHECK(count <= 2);
  // A write of 65,536 bytes at once is slow on loopback tcp.
  for (std::size_t i = 0; i < count; ++i) CHECK(buffers[i].iov_len < 65'536);
}

TEST_CASE("whichever request for memory fails, a push changes everything or nothing") {
  const std::uint64_t seed = GENERATE(range(1, 7));
  CAPTURE(seed);
  std::uint64_t refused = 0;
  for (std::uint64_t n = 1; n < 60; ++n) {
    CAPTURE(n);
    sim::Random random(seed);
    sim::SimMemory memory;
    MessagePool pool(memory, 0);
    SendQueue queue(pool, Framing::tcp);
    Model model;
    for (int step = 0; step < 60; ++step) {
      const std::string body = text_of_size(random, any_size(random) % 20'000);
      Message message = pool.copy_of(bytes_of(body)).value();
      Message other = random.chance(60) ? message.share() : Message();
      std::vector<Message> held;
      if (random.chance(40)) held = hold_storage(pool, memory, random, n % 3);
      const Error error = queue.push(message);
      held.clear();
      memory.allow();
      if (error == Error::none) {
        model.push(frame(Framing::tcp, body));
      } else {
        ++refused;
        REQUIRE(error == Error::no_memory);
        REQUIRE(message.text() == body);
        REQUIRE(message.header().empty());
      }
      check_same(queue, model);
      if (random.chance(40)) {
        const std::string bytes = written(queue, random.between(1, 30'000));
        REQUIRE(bytes == model.bytes.substr(0, bytes.size()));
        model.consume(bytes.size());
        check_same(queue, model);
      }
    }
    std::string rest;
    while (!queue.empty()) rest += written(queue, SIZE_MAX);
    REQUIRE(rest == model.bytes);
    REQUIRE(pool.stats().blocks_in_use == 0);
  }
  CHECK(refused > 50);
}

TEST_CASE("a queue that is dropped gives its bodies and chunks back") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  {
    SendQueue queue(pool, Framing::tcp);
    for (int i = 0; i < 100; ++i) {
      Message message = pool.make(static_cast<std::size_t>(i) * 100).value();
      REQUIRE(queue.push(message) == Error::none);
    }
    queue.consume(5);
    queue.clear();
    CHECK(queue.empty());
    CHECK(queue.messages() == 0);
    CHECK(pool.stats().blocks_in_use == 0);
    Message message = pool.make(10).value();
    REQUIRE(queue.push(message) == Error::none);
    CHECK(written(queue, 4) == std::string(4, '\0'));
    CHECK(queue.messages() == 1);
  }
  CHECK(pool.stats().blocks_in_use == 0);
}

}  // namespace
}  // namespace spool::io
