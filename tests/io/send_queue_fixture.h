// What the tests of the SendQueue share: reading it, filling it, and a model of it frame by frame.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "spool/io/send_queue.h"
#include "tests/support/sim_memory.h"
#include "tests/support/sim_random.h"
#include "tests/support/sim_rig.h"

namespace spool::io {

// The next bytes, at most `limit`, over at most `buffers` buffers.
inline std::string peeked(SendQueue& queue, std::size_t limit, std::size_t buffers = 64) {
  std::vector<iovec> vec(buffers);
  const std::size_t count = queue.peek(vec);
  std::string bytes;
  for (std::size_t i = 0; i < count && bytes.size() < limit; ++i) {
    REQUIRE(vec[i].iov_len != 0);
    bytes.append(static_cast<const char*>(vec[i].iov_base),
                 std::min(vec[i].iov_len, limit - bytes.size()));
  }
  return bytes;
}

inline std::string written(SendQueue& queue, std::size_t limit, std::size_t buffers = 64) {
  std::string bytes = peeked(queue, limit, buffers);
  queue.consume(bytes.size());
  return bytes;
}

inline std::string text_of_size(sim::Random& random, std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; i += 8) {
    const std::uint64_t bits = random.next();
    std::memcpy(text.data() + i, &bits, std::min<std::size_t>(8, size - i));
  }
  return text;
}

// Takes all storage for the blocks that a queue asks for, but `left` of them; no more can be made.
inline std::vector<Message> hold_storage(MessagePool& pool, sim::SimMemory& memory,
                                         sim::Random& random, std::size_t left) {
  memory.refuse_all();
  std::vector<Message> held;
  for (const std::size_t size : {256, 4096, 64'000})
    for (Result<Message> message = pool.make(size); message.ok(); message = pool.make(size))
      held.push_back(std::move(message).value());
  for (; left != 0 && !held.empty(); --left) {
    std::swap(held[random.below(held.size())], held.back());
    held.pop_back();
  }
  return held;
}

// What a queue should hold, frame by frame.
struct FrameModel {
  struct Frame {
    std::string payload;
    std::string bytes;        // with the frame header
    std::size_t written = 0;  // of `bytes`
  };

  Framing framing;
  std::deque<Frame> frames{};

  void push(const std::string& payload, std::size_t written = 0) {
    frames.push_back({payload, sim::frame(framing, payload), written});
  }
  void consume(std::size_t bytes) {
    while (bytes != 0) {
      Frame& first = frames.front();
      const std::size_t step = std::min(bytes, first.bytes.size() - first.written);
      first.written += step;
      bytes -= step;
      if (first.written == first.bytes.size()) frames.pop_front();
    }
  }
  bool partly_written() const { return !frames.empty() && frames.front().written != 0; }
  // The oldest of which no byte is written, taken out; false: there is none.
  bool remove_oldest(std::string& payload) {
    const auto oldest = frames.begin() + (partly_written() ? 1 : 0);
    if (oldest == frames.end()) return false;
    payload = oldest->payload;
    frames.erase(oldest);
    return true;
  }
  std::string bytes() const {
    std::string all;
    for (const Frame& frame : frames) all.append(frame.bytes, frame.written);
    return all;
  }
};

inline void check_same(SendQueue& queue, const FrameModel& model) {
  const std::string bytes = model.bytes();
  REQUIRE(queue.bytes() == bytes.size());
  REQUIRE(queue.messages() == model.frames.size());
  REQUIRE(queue.empty() == bytes.empty());
  REQUIRE((peeked(queue, SIZE_MAX, 4096) == bytes));  // too long to be printed
}

inline std::string payload_of(const Message& message) {
  return {reinterpret_cast<const char*>(message.payload().data()), message.payload().size()};
}

}  // namespace spool::io
