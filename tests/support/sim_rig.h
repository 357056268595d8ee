// What the tests of pipes and transports share: a loop's insides without core, and somebody who
// owns and uses pipes and writes down what it is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "spool/io/io_context.h"
#include "spool/io/transport.h"
#include "spool/loop/assert.h"
#include "spool/loop/reactor.h"
#include "tests/support/sim_memory.h"
#include "tests/support/sim_stream.h"

namespace spool::sim {

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

// The bytes that go out before and behind a pipe's back.
inline std::string hello(io::ProtocolId id) {
  const io::HandshakeBytes bytes = io::encode_handshake(id);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::string frame_header(io::Framing framing, std::uint64_t size) {
  std::byte bytes[io::frame_header_max];
  io::encode_frame_header(framing, size, bytes);
  return {reinterpret_cast<const char*>(bytes), io::frame_header_size(framing)};
}
inline std::string frame(io::Framing framing, std::string_view body) {
  return frame_header(framing, body.size()).append(body);
}

// Limits that are out of the way; PUSH to PULL.
inline io::PipeConfig config_of(io::ProtocolId self) {
  io::PipeConfig config;
  config.self = self;
  config.peer = io::peer_of(self);
  config.max_message_size = 1 << 20;
  config.send_queue_bytes = 256 << 10;
  config.send_queue_messages = 1000;
  config.receive_queue_bytes = 256 << 10;
  config.receive_queue_messages = 1000;
  config.immediate_sends = 16;
  config.handshake_timeout = std::chrono::seconds(10);
  return config;
}

// Reactor, pool and receive buffer, over any poller and clock.
class IoRig {
 public:
  static constexpr std::size_t buffer_size = 128 << 10;

  IoRig(Poller* poller, Clock& clock, std::size_t pool_limit = 0)
      : pool(memory, pool_limit),
        reactor(memory, clock),
        storage_(io::ReceiveBuffer::front_room + buffer_size) {
    loop::ReactorConfig config;
    config.poller = poller;
    config.threads = false;
    const Error error = reactor.open(config);
    SPOOL_ASSERT(error == Error::none);
    io.receive_buffer = {storage_.data() + io::ReceiveBuffer::front_room, buffer_size};
  }

  // One turn; returns whether there is more to do.
  PollResult turn(Timeout timeout = Timeout::none(), const Budget& budget = {}) {
    PollResult result;
    const Error error = reactor.begin_turn(timeout, budget, result);
    SPOOL_ASSERT(error == Error::none);
    reactor.flush_all();
    reactor.end_turn(result, false);
    return result;
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) turn();
  }
  // Until `done` says so; false after `limit` turns.
  template <typename Done>
  bool until(Done done, int limit = 10'000, Timeout timeout = Timeout::none()) {
    for (int i = 0; i < limit; ++i) {
      if (done()) return true;
      turn(timeout);
    }
    return done();
  }

  SimMemory memory;
  MessagePool pool;
  loop::Reactor reactor;

 private:
  std::vector<std::byte> storage_;

 public:
  io::IoContext io{reactor, pool, memory, {}};
};

// An IoRig over a SimNetwork.
struct SimRig {
  explicit SimRig(std::uint64_t seed = 1, std::size_t pool_limit = 0)
      : network(clock, seed), rig(&network, clock, pool_limit) {}
  // Lets time go by; timers fire in between.
  void pass(Duration length) {
    const Instant end = clock.now() + length;
    while (clock.now() < end) {
      const Instant before = clock.now();
      rig.turn(Timeout::after(end - before));
      if (clock.now() == before)
        clock.advance(std::min<Duration>(end - before, std::chrono::milliseconds(1)));
    }
    rig.turn();
  }
  SimClock clock;
  SimNetwork network;
  IoRig rig;
};

// Owner and user of pipes. Checks the order of calls that pipe.h promises: `broken` says what was
// wrong, and is empty when nothing was.
class Recorder final : public io::ListenerOwner, public io::PipeUser {
 public:
  // What to do.
  bool attach = true;         // as user, when a pipe opens
  bool refuse = false;        // close a pipe that opens
  bool take_at_once = false;  // within on_receivable
  bool (*admit)(std::string_view) = nullptr;
  io::Verdict refusal = io::Verdict::unasked;  // of what admit() does not want
  bool (*router)(Message&) = nullptr;

  // What was seen.
  int opened = 0;
  int closed = 0;
  int ended = 0;
  int drained = 0;
  int sendable = 0;
  int receivable = 0;
  Error reason = Error::none;
  int os_error = 0;
  Error accept_error = Error::none;
  std::vector<std::string> returned;
  std::vector<std::pair<Error, std::uint64_t>> drops;
  std::vector<io::Pipe*> accepted;
  io::Pipe* last_open = nullptr;
  std::deque<std::string> taken;
  std::string broken;

  // Takes all there is.
  void take_all(io::Pipe& pipe) {
    while (pipe.receivable()) taken.emplace_back(pipe.take().text());
  }

  void on_pipe_open(io::Pipe& pipe) noexcept override {
    ++opened;
    last_open = &pipe;
    Life& life = lives_[&pipe];
    expect(!life.open && !life.closed, "opened twice, or after it closed");
    life.open = true;
    if (refuse) return pipe.close();
    if (attach) pipe.set_user(this);
    if (pipe.receivable()) on_receivable(pipe);
  }
  void on_pipe_closed(io::Pipe& pipe, Error why, int os) noexcept override {
    ++closed;
    reason = why;
    os_error = os;
    Life& life = lives_[&pipe];
    expect(!life.closed && !life.drained, "closed twice, or after it was drained");
    life.closed = true;
    expect(why != Error::none, "closed without a reason");
    expect(pipe.ended(), "closed, but not ended");
    expect(!pipe.sendable(), "closed, but sendable");
  }
  void on_pipe_drained(io::Pipe& pipe) noexcept override {
    ++drained;
    Life& life = lives_[&pipe];
    expect(life.closed && !life.drained, "drained before it closed, or twice");
    life.drained = true;
    expect(!pipe.receivable(), "drained, but receivable");
  }
  void on_accepted(io::Pipe& pipe) noexcept override { accepted.push_back(&pipe); }
  void on_accept_error(Error error, int os) noexcept override {
    accept_error = error;
    os_error = os;
  }
  void on_sendable(io::Pipe& pipe) noexcept override {
    ++sendable;
    expect(pipe.sendable(), "told sendable, but is not");
  }
  void on_receivable(io::Pipe& pipe) noexcept override {
    ++receivable;
    expect(pipe.receivable(), "told receivable, but is not");
    if (take_at_once) take_all(pipe);
  }
  io::Verdict inspect(io::Pipe&, std::span<const std::byte> payload) noexcept override {
    return admit == nullptr ||
                   admit({reinterpret_cast<const char*>(payload.data()), payload.size()})
               ? io::Verdict::keep
               : refusal;
  }
  bool route(io::Pipe&, Message& message) noexcept override {
    return router != nullptr && router(message);
  }
  void on_returned(io::Pipe&, Message message) noexcept override {
    returned.emplace_back(message.text());
  }
  void on_pipe_dropped(io::Pipe&, Error why, std::uint64_t count) noexcept override {
    drops.emplace_back(why, count);
  }
  void on_pipe_ended(io::Pipe& pipe) noexcept override {
    ++ended;
    expect(pipe.ended() && !pipe.sendable(), "told ended, but is not");
    Life& life = lives_[&pipe];
    expect(life.open && !life.ended && !life.closed, "ended twice, or in the wrong place");
    life.ended = true;
  }

 private:
  struct Life {
    bool open = false;
    bool ended = false;
    bool closed = false;
    bool drained = false;
  };
  void expect(bool true_now, const char* what) {
    if (!true_now && broken.empty()) broken = what;
  }

  std::map<const io::Pipe*, Life> lives_;
};

}  // namespace spool::sim
