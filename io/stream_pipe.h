// StreamPipe: a pipe over a stream of bytes: handshake, framing, coalesced sends, bounded reads.
// Owned by its Connector, Acceptor or (when it has ended) Socket; borrowed by the protocol. Its
// functions are in stream_pipe.cc (life), stream_pipe_receive.cc and stream_pipe_send.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "spool/io/frame.h"
#include "spool/io/handshake.h"
#include "spool/io/io_context.h"
#include "spool/io/pipe.h"
#include "spool/io/pipe_state.h"
#include "spool/io/send_queue.h"
#include "spool/io/stream.h"
#include "spool/loop/timer_queue.h"

namespace spool::io {

class StreamPipe : public Pipe, public loop::Source, public loop::Flushable {
 public:
  // `stream` belongs to the derived class, which is made by a transport.
  StreamPipe(IoContext& io, Stream& stream, Framing framing, const PipeConfig& config,
             PipeOwner& owner) noexcept;
  ~StreamPipe() override;

  // Once, after construction: begins with a connect that is under way, or with the handshake.
  // An error means that the descriptor could not be watched; the pipe has then ended, unreported.
  [[nodiscard]] Error start(bool connected) noexcept;

  [[nodiscard]] Error send(Message& message) noexcept override;
  [[nodiscard]] bool drop_oldest() noexcept override;
  void admit() noexcept override;
  void abandon(Error reason) noexcept override;
  void close() noexcept override;
  void drain(Duration limit) noexcept override;
  [[nodiscard]] bool ended() const noexcept override { return state_ == PipeState::ended; }
  [[nodiscard]] std::size_t unsent_messages() const noexcept override { return queue_.messages(); }
  [[nodiscard]] std::size_t unsent_bytes() const noexcept override { return queue_.bytes(); }

  void on_ready(Readiness ready) noexcept override;
  void flush() noexcept override;

  [[nodiscard]] PipeState state() const noexcept { return state_; }

 private:
  void enter(PipeState next) noexcept;
  void begin_handshake() noexcept;
  void continue_handshake() noexcept;
  void on_connect_ready() noexcept;
  void on_time() noexcept;

  // Receiving.
  void receive() noexcept;
  [[nodiscard]] std::size_t read_limit() const noexcept;
  void parse(std::byte* data, std::size_t size) noexcept;
  [[nodiscard]] bool take_handshake(std::byte*& data, std::size_t& size) noexcept;
  [[nodiscard]] bool grow_body() noexcept;
  [[nodiscard]] Error begin_body(std::size_t frame_size, const std::byte* data,
                                 std::size_t have) noexcept;
  [[nodiscard]] Error add_to_body(std::size_t bytes) noexcept;
  [[nodiscard]] Error deliver(const std::byte* payload, std::size_t size) noexcept;
  void end_of_read(std::uint64_t received_before, std::size_t bytes) noexcept;
  void adapt_bite(std::size_t bytes, bool filled) noexcept;
  void pause_for_memory() noexcept;
  void on_end_of_stream() noexcept;
  void on_taken() noexcept override;

  // Sending.
  [[nodiscard]] Error write_now(Message& message) noexcept;
  [[nodiscard]] bool may_write_now() noexcept;
  [[nodiscard]] bool may_send() const noexcept;
  [[nodiscard]] bool has_room() const noexcept;
  void update_sendable() noexcept;
  void finish_draining() noexcept;
  void on_write_error(const Transfer& transfer) noexcept;

  void update_interest() noexcept;
  void fail(Error reason, int os_error) noexcept;
  void shut() noexcept;
  void return_unsent() noexcept;

  // A peer that takes nothing more gets this long to say why.
  static constexpr Duration write_dead_limit = std::chrono::seconds(10);
  static constexpr std::uint32_t first_bite = 16 * 1024;

  IoContext& io_;
  Stream& stream_;
  loop::Timer timer_;
  Token token_{};
  SendQueue queue_;
  Message body_;                 // of the frame that is being received, when it has one
  std::size_t body_filled_ = 0;  // of its bytes
  std::size_t frame_size_ = 0;   // what the header promised
  std::size_t largest_ = 0;      // the largest message that arrived whole: so much is trusted
  std::array<std::byte, frame_header_max> stash_{};  // the start of a header
  std::uint8_t stash_size_ = 0;
  std::uint8_t handshake_sent_ = 0;
  Framing framing_;
  PipeState state_ = PipeState::connecting;
  std::uint16_t memory_pauses_ = 0;  // since the last read
  bool full_ = true;                 // the user waits to hear that half is written
  bool write_blocked_ = false;       // the kernel said so: wait for writable
  bool write_dead_ = false;          // no more writes; reading finds out why
  bool read_paused_ = false;         // the receive queue is full
  bool starved_ = false;             // no memory to read into
  bool input_over_ = false;          // draining: the peer has closed its side
  Error abandoned_ = Error::none;    // why the user has given up this peer
  std::uint32_t bite_ = first_bite;  // what the next read may take
  std::uint32_t frames_ = 0;         // that the last read brought
  std::uint32_t turn_ = 0;           // the turn that immediate_ counts for
  std::uint32_t immediate_ = 0;
};

}  // namespace spool::io
