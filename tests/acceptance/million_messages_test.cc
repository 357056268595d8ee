// A million 64-byte messages between two processes, with every call of malloc counted on both
// sides: none after warm-up. No poll_once exceeds its budget by more than one read.
#include <spool/spool.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/acceptance/child.h"

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {
std::atomic<long> allocations{0};
}

// In place of libc's: whoever allocates, the library, the C++ runtime or the test, is counted.
extern "C" {
void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  ++allocations;
  return __libc_realloc(old, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  ++allocations;
  *block = __libc_memalign(alignment, size);
  return *block == nullptr;
}
}

using namespace spool;
using namespace std::chrono_literals;

namespace {

// Warm means: every queue on the way has been full once. So the receiver lets the warm-up pile up
// until nothing moves any more, and takes it then.
constexpr int warm_up = 300'000;
constexpr int counted = 1'000'000;
constexpr std::size_t message_size = 64;

// Exit code 3: there were allocations. Sends as a program would: try_send until it would block,
// then a turn.
int send_all(const std::string& address) {
  auto loop = EventLoop::create({}).value();
  auto push = loop.open<Push>().value();
  push.connect(address).value();
  char body[message_size] = {};
  const auto send = [&](int first, int count) {
    for (int i = first; i < first + count; ++i) {
      std::memcpy(body, &i, sizeof i);
      while (true) {
        const Error error = push.try_send(std::string_view(body, sizeof body)).error();
        if (error == Error::none) break;
        if (error != Error::would_block) return false;
        loop.poll_once(1s);
      }
    }
    return true;
  };
  if (!send(0, warm_up)) return 1;
  const long before = allocations;
  if (!send(warm_up, counted)) return 2;
  const bool none = allocations == before;
  push.close();
  if (!loop.drain_for(60s).value()) return 4;
  return none ? 0 : 3;
}

void run(std::string_view listen_on) {
  const Budget budget;
  const std::size_t receive_buffer = EventLoopConfig().receive_buffer;
  auto loop = EventLoop::create({}).value();
  auto pull = loop.open<Pull>().value();
  const std::string address(pull.listen(listen_on).value().address().text());
  Child sender([&] { return send_all(address); });
  int received = 0;
  int out_of_order = 0;
  long before = 0;
  std::uint64_t most_bytes = 0;
  std::uint32_t most_messages = 0;
  const auto end = std::chrono::steady_clock::now() + 120s;
  const std::size_t full = SocketOptions().receive_queue_messages;
  while (pull.stats().messages_received < full && std::chrono::steady_clock::now() < end)
    loop.poll_once(16ms);
  for (std::uint64_t bytes = 1; bytes != 0;) bytes = loop.poll_once(200ms).bytes;
  while (received < warm_up + counted && std::chrono::steady_clock::now() < end) {
    const PollResult turn = loop.poll_once(16ms);
    most_bytes = std::max(most_bytes, turn.bytes);
    most_messages = std::max(most_messages, turn.messages);
    while (auto message = pull.try_recv()) {
      int number = -1;
      if (message->size() == message_size)
        std::memcpy(&number, message->body().data(), sizeof number);
      if (number != received) ++out_of_order;
      if (++received == warm_up) before = allocations;
    }
  }
  const long during = allocations - before;
  const int sender_exit = received == warm_up + counted ? sender.wait() : -1;
  CHECK(sender_exit == 0);
  REQUIRE(received == warm_up + counted);
  CHECK(out_of_order == 0);
  CHECK(during == 0);
  // One read brings at most the buffer (and the rest of one body), so:
  CHECK(most_bytes < budget.bytes + receive_buffer);
  CHECK(most_messages < budget.messages + receive_buffer / (message_size + 8));
}

}  // namespace

TEST_CASE("A million messages over tcp need no allocation on either side") {
  run("tcp://127.0.0.1:0");
}

TEST_CASE("A million messages over ipc need no allocation on either side") {
  run("ipc:///tmp/spool_million_" + std::to_string(::getpid()));
}
