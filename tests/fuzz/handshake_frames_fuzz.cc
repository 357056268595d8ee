// A StreamPipe that is fed arbitrary bytes in arbitrary pieces. Whatever they are, the pipe keeps
// its promises, and what it delivers is what a simple reader of the same bytes would.
//
// Input: byte 0 chooses the framing, the limits and what is done on the way; byte 1 the seed of the
// pieces; the rest is what the peer says.
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>

#include "tests/support/sim_rig.h"

namespace spool::io {
namespace {

constexpr std::size_t size_limit = 5000;

void check(bool true_now) {
  if (!true_now) std::abort();
}

// What should come of the bytes, by reading them once from the front.
struct Expected {
  std::deque<std::string> messages;
  Error end = Error::peer_closed;

  Expected(std::string_view bytes, Framing framing, ProtocolId peer) {
    const std::string header = sim::hello(peer);
    if (bytes.size() < header.size()) {
      if (!bytes.empty()) end = Error::truncated;
      return;
    }
    if (bytes.substr(0, 8) != header) {
      const bool other_protocol =
          bytes.substr(0, 4) == header.substr(0, 4) && bytes.substr(6, 2) == header.substr(6);
      end = other_protocol ? Error::protocol_mismatch : Error::bad_handshake;
      return;
    }
    bytes.remove_prefix(8);
    while (!bytes.empty()) {
      end = Error::truncated;
      // No byte is judged before the header is whole.
      if (bytes.size() < frame_header_size(framing)) return;
      if (framing == Framing::ipc) {
        end = Error::malformed;
        if (bytes[0] != 1) return;
        bytes.remove_prefix(1);
      }
      std::uint64_t size = 0;
      for (int i = 0; i < 8; ++i)
        size = size << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
      bytes.remove_prefix(8);
      end = Error::message_too_large;
      if (size > size_limit) return;
      end = Error::truncated;
      if (bytes.size() < size) return;
      messages.emplace_back(bytes.substr(0, static_cast<std::size_t>(size)));
      bytes.remove_prefix(static_cast<std::size_t>(size));
      end = Error::peer_closed;
    }
  }
};

void run(unsigned choice, unsigned seed, std::string_view bytes) {
  const Framing framing = (choice & 1) != 0 ? Framing::ipc : Framing::tcp;
  const bool capped = (choice & 2) != 0;
  const bool drained = (choice & 4) != 0;
  sim::SimRig sim(seed + 1, capped ? 64 << 10 : 0);
  sim::Recorder owner;
  PipeConfig config = sim::config_of(ProtocolId::pair);
  config.max_message_size = size_limit;
  config.receive_queue_messages = 1 + (choice >> 3) % 8;
  config.handshake_timeout = std::chrono::hours(1);
  auto [near, far] = sim.network.connection();
  auto* pipe = new sim::SimPipe(sim.rig.io, std::move(near), framing, config, owner);
  pipe->stream().end().read_cut = sim::Cut::random;
  pipe->stream().end().write_cut = sim::Cut::random;
  check(pipe->start(true) == Error::none);

  std::string_view left = bytes;
  sim::Random& random = sim.network.random();
  bool draining = false;
  while (!left.empty() && owner.closed == 0) {
    const std::size_t step = 1 + random.below(left.size());
    far.put(left.substr(0, step));
    left.remove_prefix(step);
    for (std::size_t turns = random.below(4); turns != 0; --turns) sim.rig.turn();
    if (random.chance(50)) owner.take_all(*pipe);
    if (drained && !draining && owner.opened == 1 && owner.closed == 0 && random.chance(20)) {
      draining = true;
      pipe->set_user(nullptr);
      pipe->drain(std::chrono::hours(1));
    }
    if (random.chance(30)) far.take();
  }
  far.close();
  for (int i = 0; i < 10'000 && owner.closed == 0; ++i) {
    owner.take_all(*pipe);
    sim.pass(std::chrono::milliseconds(6));
  }
  check(owner.closed == 1);
  owner.take_all(*pipe);
  check(owner.broken.empty());
  if (!draining) {
    const Expected expected(bytes, framing, ProtocolId::pair);
    check(owner.reason == expected.end);
    check(owner.taken == expected.messages);
  }
  pipe->close();
  pipe->dispose();
  check(sim.rig.pool.stats().blocks_in_use == 0);
}

}  // namespace
}  // namespace spool::io

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 20'000) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  spool::io::run(data[0], data[1], bytes);
  // The same with a handshake that is right, so that what follows is looked at as well.
  spool::io::run(data[0], data[1], spool::sim::hello(spool::io::ProtocolId::pair).append(bytes));
  return 0;
}
