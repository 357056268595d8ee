// SimNetwork, SimStream, SimPipe: connections in memory that behave as badly as a seed says, and a
// Poller over them, so that a real Reactor drives real StreamPipes without a system call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spool/io/stream.h"
#include "spool/io/stream_pipe.h"
#include "spool/loop/poller.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_random.h"

namespace spool::sim {

// Where transfers are cut.
enum class Cut : std::uint8_t {
  never,   // as much as fits
  single,  // one byte per call
  random,  // anywhere; now and then nothing at all, although the poller said there was
};

// One end of a connection. Owned by the streams and the network together.
struct SimEnd {
  NativeHandle handle = invalid_handle;
  std::vector<std::byte> arrived;  // not yet read, from `taken` on
  std::size_t taken = 0;
  std::size_t room = 64 * 1024;  // how much may wait here before the peer's writes block
  bool arrived_end = false;      // the peer says no more
  bool connecting = false;
  bool closed = false;
  bool shut_down = false;           // our side said no more
  Error read_error = Error::none;   // after what has arrived
  Error write_error = Error::none;  // at once
  int os_error = 0;                 // with either
  Cut read_cut = Cut::never;
  Cut write_cut = Cut::never;
  std::uint64_t reads = 0;  // calls
  std::uint64_t writes = 0;
  std::size_t most_asked = 0;  // the largest read
  std::weak_ptr<SimEnd> peer;

  [[nodiscard]] std::size_t waiting() const noexcept { return arrived.size() - taken; }
  [[nodiscard]] bool readable() const noexcept;
  [[nodiscard]] bool writable() const noexcept;
};

// What a pipe uses. The functions below the first group are the test's: what a peer or the network
// does, without a pipe.
class SimStream final : public io::Stream {
 public:
  SimStream(std::shared_ptr<SimEnd> end, Random& random) noexcept
      : end_(std::move(end)), random_(&random) {}
  SimStream(SimStream&&) noexcept = default;
  SimStream(const SimStream&) = delete;
  ~SimStream() {
    if (end_ != nullptr) close();
  }

  [[nodiscard]] io::Transfer read(std::span<iovec> buffers) noexcept override;
  [[nodiscard]] io::Transfer write(std::span<const iovec> buffers) noexcept override;
  [[nodiscard]] io::Transfer finish_connect() noexcept override;
  void shutdown_write() noexcept override;
  void close() noexcept override;
  [[nodiscard]] NativeHandle handle() const noexcept override {
    return end_->closed ? invalid_handle : end_->handle;
  }

  // Puts bytes into the peer's hands, whatever room there is.
  void put(std::string_view bytes);
  // Takes all that has arrived here.
  std::string take();
  // The connection is broken: both ends read what they have, then this error; writes fail.
  void break_off(Error error, int os_error);
  [[nodiscard]] SimEnd& end() noexcept { return *end_; }
  [[nodiscard]] std::shared_ptr<SimEnd> share_end() noexcept { return end_; }

 private:
  [[nodiscard]] std::size_t cut(Cut how, std::size_t size) noexcept;
  std::shared_ptr<SimEnd> end_;
  Random* random_;
};

// The network, and the poller that watches it. Outlives its streams' pipes.
class SimNetwork final : public Poller {
 public:
  SimNetwork(SimClock& clock, std::uint64_t seed) noexcept : clock_(clock), random_(seed) {}

  // Two connected ends.
  [[nodiscard]] std::pair<SimStream, SimStream> connection();
  [[nodiscard]] Random& random() noexcept { return random_; }

  [[nodiscard]] Error add(NativeHandle fd, Interest interest, Token token) noexcept override;
  [[nodiscard]] Error modify(NativeHandle fd, Interest interest, Token token) noexcept override;
  void remove(NativeHandle fd, Token token) noexcept override;
  // When nothing is ready, the clock moves by `max_wait`: the sleep.
  [[nodiscard]] Result<std::size_t> wait(std::span<PollEvent> events,
                                         std::optional<Duration> max_wait) noexcept override;
  [[nodiscard]] Result<NativeHandle> backend_fd() noexcept override { return Error::not_supported; }
  void set_deadline(std::optional<Instant>, Instant) noexcept override {}

  // What is asked for of a handle; none when it is not registered.
  [[nodiscard]] Interest interest_in(NativeHandle fd) const noexcept;
  [[nodiscard]] std::size_t watched() const noexcept { return watches_.size(); }
  Error refuse_add = Error::none;

 private:
  struct Watch {
    Interest interest;
    Token token;
  };
  [[nodiscard]] Readiness ready(NativeHandle fd, Interest interest) const noexcept;

  SimClock& clock_;
  Random random_;
  std::map<NativeHandle, std::weak_ptr<SimEnd>> ends_;
  std::map<NativeHandle, Watch> watches_;
  NativeHandle next_handle_ = 1000;
};

namespace detail {
struct SimStreamHolder {
  explicit SimStreamHolder(SimStream stream) noexcept : sim_stream(std::move(stream)) {}
  SimStream sim_stream;
};
}  // namespace detail

// A StreamPipe that owns its SimStream. Made by `new`, given back by dispose().
class SimPipe final : private detail::SimStreamHolder, public io::StreamPipe {
 public:
  SimPipe(io::IoContext& io, SimStream stream, io::Framing framing, const io::PipeConfig& config,
          io::PipeOwner& owner) noexcept
      : SimStreamHolder(std::move(stream)), StreamPipe(io, sim_stream, framing, config, owner) {}

  void dispose() noexcept override;
  void describe_peer(Explanation& text) const noexcept override { text << "sim"; }
  [[nodiscard]] SimStream& stream() noexcept { return sim_stream; }
};

}  // namespace spool::sim
