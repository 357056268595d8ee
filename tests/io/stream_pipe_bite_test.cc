// How much one read of a StreamPipe takes: what a turn may exceed its budget by.
#include <algorithm>

#include "tests/io/pipe_fixture.h"

namespace spool::io {
namespace {

constexpr std::size_t buffer_size = sim::IoRig::buffer_size;

std::string frames_of(std::size_t body, std::size_t total) {
  const std::string one = frame(Framing::tcp, std::string(body, 'b'));
  std::string all;
  while (all.size() < total) all += one;
  return all;
}

// A turn goes on while more is there, unless it may serve one descriptor.
Budget one_read() {
  Budget budget;
  budget.events = 1;
  return budget;
}

struct Bites : PipeFixture {
  Bites() {
    config.receive_queue_bytes = 64 << 20;
    config.receive_queue_messages = 10'000'000;
    open();
  }
  // One read: what it brought. What arrived is taken at once.
  PollResult read() {
    const PollResult result = rig.turn(Timeout::none(), one_read());
    static_cast<void>(taken());
    return result;
  }
};

TEST_CASE_METHOD(Bites, "a flood of tiny messages comes in bites of some thousand") {
  const std::size_t size = GENERATE(0u, 1u, 2u, 5u);
  peer->put(frames_of(size, 400'000));
  // The first read is small, whatever is in it.
  CHECK(read().messages <= 2048);
  std::uint32_t most = 0;
  std::uint32_t least = UINT32_MAX;
  for (int i = 0; i < 10; ++i) {
    const PollResult result = read();
    CHECK(result.more);
    most = std::max(most, result.messages);
    least = std::min(least, result.messages);
  }
  CHECK(most <= 1025);
  CHECK(least >= 1000);
}

TEST_CASE_METHOD(Bites, "a flood of larger messages fills the buffer with each read, soon") {
  peer->put(frames_of(1000, 2'000'000));
  for (int i = 0; i < 3; ++i) CHECK(read().bytes < buffer_size);
  for (int i = 0; i < 10; ++i) CHECK(read().bytes + 1000 >= buffer_size);
}

TEST_CASE_METHOD(Bites, "who turns from large messages to tiny ones brings too many once") {
  peer->put(frames_of(1000, 1'000'000));
  while (read().more) {
  }
  peer->put(frames_of(1, 400'000));
  CHECK(read().messages > 10'000);
  for (int i = 0; i < 10; ++i) CHECK(read().messages <= 1025);
}

TEST_CASE_METHOD(Bites, "a large message before tiny ones does not make the bites larger") {
  const std::string large = frame(Framing::tcp, std::string(60'000, 'l'));
  for (int i = 0; i < 20; ++i) peer->put(large + frames_of(1, 20'000));
  for (int i = 0; i < 4; ++i) static_cast<void>(read());
  for (int i = 0; i < 20; ++i) CHECK(read().messages <= 2100);
}

TEST_CASE_METHOD(PipeFixture, "messages that the pattern drops count like those it keeps") {
  config.inspects = true;
  owner.admit = [](std::string_view) { return false; };
  open();
  peer->put(frames_of(1, 400'000));
  rig.turn(Timeout::none(), one_read());
  for (int i = 0; i < 10; ++i) {
    const std::uint64_t before = pipe->stats().filtered;
    CHECK(rig.turn(Timeout::none(), one_read()).messages == 0);
    CHECK(pipe->stats().filtered - before <= 1025);
    CHECK(pipe->stats().filtered - before >= 1000);
  }
}

TEST_CASE_METHOD(Bites, "a read never takes more than the buffer, the body of a message included") {
  const std::size_t size = GENERATE(100'000u, 200'000u, 1u << 20);
  peer->put(frames_of(size, 8 << 20));
  std::uint64_t most = 0;
  int reads = 0;
  for (PollResult result; (result = read()).bytes != 0; ++reads)
    most = std::max(most, result.bytes);
  CHECK(most == buffer_size);
  CHECK(pipe->stats().messages_received == frames_of(size, 8 << 20).size() / (size + 8));
  CHECK(reads < 120);
}

TEST_CASE_METHOD(Bites, "a read that filled its bite says that there may be more") {
  peer->put(frames_of(1000, 100'000));
  int more = 0;
  while (read().more) ++more;
  CHECK(more == 2);  // 16 and 32 KiB; the third takes the rest
  CHECK(pipe->stats().messages_received == 100);
}

TEST_CASE_METHOD(PipeFixture, "but not when the receive queue is full and nothing more is read") {
  config.receive_queue_messages = 4;
  open();
  peer->put(frames_of(1000, 1'000'000));
  CHECK_FALSE(rig.turn(Timeout::none(), one_read()).more);
  CHECK(interest() == Interest::none);
}

}  // namespace
}  // namespace spool::io
