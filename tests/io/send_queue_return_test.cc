// Taking back what was not written.
#include "tests/io/send_queue_fixture.h"

namespace spool::io {
namespace {

using sim::bytes_of;
using sim::frame;

TEST_CASE("a large body comes back as the block it was pushed in, without its frame header") {
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  const bool shared = GENERATE(false, true);
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  SendQueue queue(pool, framing);
  const std::string body(10'000, 'b');
  Message message = pool.copy_of(bytes_of(body)).value();
  REQUIRE(pool.push_header(message, bytes_of("head")) == Error::none);
  const std::byte* where = message.payload().data();
  const Message other = shared ? message.share() : Message();
  REQUIRE(queue.push(message) == Error::none);
  Message back;
  REQUIRE(queue.take_back(back));
  CHECK(back.payload().data() == where);
  CHECK(back.header().empty());
  CHECK(back.text() == "head" + body);
  CHECK(queue.empty());
  CHECK(pool.stats().blocks_in_use == 1);
  // It goes out elsewhere as it would have here.
  SendQueue next(pool, Framing::tcp);
  REQUIRE(next.push(back) == Error::none);
  CHECK(written(next, SIZE_MAX) == frame(Framing::tcp, "head" + body));
}

TEST_CASE("messages come back oldest first; the one that is partly written stays behind") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  SendQueue queue(pool, Framing::tcp);
  const std::vector<std::string> bodies = {"first", std::string(5000, 'l'), "", "last"};
  for (const std::string& body : bodies) {
    Message message = pool.copy_of(bytes_of(body)).value();
    REQUIRE(queue.push(message) == Error::none);
  }
  queue.consume(1);
  Message back = pool.copy_of(bytes_of("replaced")).value();
  for (std::size_t i = 1; i < bodies.size(); ++i) {
    REQUIRE(queue.take_back(back));
    CHECK(back.text() == bodies[i]);
    CHECK(queue.messages() == bodies.size() - i);
  }
  CHECK_FALSE(queue.take_back(back));
  CHECK(back.text() == "last");
  CHECK(queue.messages() == 1);
  CHECK(peeked(queue, SIZE_MAX) == frame(Framing::tcp, "first").substr(1));
}

TEST_CASE("without memory for the copy a small message stays in the queue, and comes later") {
  const std::size_t start = GENERATE(std::size_t{0}, std::size_t{4});
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  SendQueue queue(pool, Framing::ipc);
  FrameModel model{Framing::ipc};
  for (const std::string body : {"begun", "small", "smaller"}) {
    Message message = pool.copy_of(bytes_of(body)).value();
    REQUIRE(queue.push(message) == Error::none);
    model.push(body);
  }
  queue.consume(start);
  model.consume(start);
  std::vector<Message> held;
  memory.refuse_all();
  for (Result<Message> message = pool.make(1); message.ok(); message = pool.make(1))
    held.push_back(std::move(message).value());
  Message back;
  CHECK_FALSE(queue.take_back(back));
  CHECK(back.empty());
  check_same(queue, model);
  // Dropping needs no memory.
  std::string payload;
  REQUIRE(queue.drop_oldest());
  REQUIRE(model.remove_oldest(payload));
  check_same(queue, model);
  memory.allow();
  while (model.remove_oldest(payload)) {
    REQUIRE(queue.take_back(back));
    CHECK(back.text() == payload);
    check_same(queue, model);
  }
  CHECK_FALSE(queue.take_back(back));
  CHECK(queue.messages() == (start == 0 ? 0u : 1u));
}

TEST_CASE("a large message comes back even when there is no memory at all") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  SendQueue queue(pool, Framing::tcp);
  Message message = pool.make(100'000).value();
  const Message other = GENERATE(false, true) ? message.share() : Message();
  REQUIRE(queue.push(message) == Error::none);
  memory.refuse_all();
  CHECK(queue.take_back(message));
  CHECK(message.size() == 100'000);
  CHECK(queue.empty());
}

}  // namespace
}  // namespace spool::io
