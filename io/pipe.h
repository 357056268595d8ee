// Pipe: one connection to one peer, as protocols see it: whole messages, ready or not.
//
// Data and life are separate lines. The *user* (a protocol) sends and takes; the *owner* (core)
// opens, closes and replaces. Neither hears what belongs to the other.
//
// Order of calls:   on_pipe_open(owner) → owner sets the user →
//                   { on_sendable | on_receivable(user), send | take(pipe) } *  →
//                   on_pipe_ended(user) → on_pipe_closed(owner) → { take } * →
//                   on_pipe_drained(owner)
// A pipe that has ended sends nothing, but keeps what it had received until it is taken.
// close() is the owner's, ends the pipe at once and calls nobody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "spool/io/message.h"
#include "spool/io/pool_deque.h"
#include "spool/io/wire.h"
#include "spool/loop/error.h"
#include "spool/loop/explanation.h"
#include "spool/loop/intrusive_list.h"
#include "spool/loop/time.h"

namespace spool::io {

class Pipe;

// The data line; implemented by protocols::Protocol. None of these may close the pipe.
class PipeUser {
 public:
  // The pipe was full and can take a message again. May come more than once.
  virtual void on_sendable(Pipe& pipe) noexcept = 0;
  // There is something to take that was not there before.
  virtual void on_receivable(Pipe& pipe) noexcept = 0;
  // Asked for each arriving message before it costs anything; false: it is dropped.
  [[nodiscard]] virtual bool admits(Pipe& pipe, std::span<const std::byte> payload) noexcept = 0;
  // No more sending; what was received can still be taken.
  virtual void on_pipe_ended(Pipe& pipe) noexcept = 0;

 protected:
  ~PipeUser() = default;
};

// The life line; implemented by core::Connector, core::Acceptor and core::Socket.
class PipeOwner {
 public:
  // The handshake is done. The owner attaches a user, or closes the pipe.
  virtual void on_pipe_open(Pipe& pipe) noexcept = 0;
  // The connection is gone, for this reason; os_error is the errno behind it, or 0.
  virtual void on_pipe_closed(Pipe& pipe, Error reason, int os_error) noexcept = 0;
  // An ended pipe has nothing left to take.
  virtual void on_pipe_drained(Pipe& pipe) noexcept = 0;

 protected:
  ~PipeOwner() = default;
};

// What happens to a message that arrives when the receive queue is full.
enum class Overflow : std::uint8_t {
  wait,         // stop reading: the peer's library sees a slow receiver
  drop_oldest,  // make room: who reads late reads the newest
  drop_newest,  // keep what is there
};

// What a pipe needs to know. Owned by the socket; outlives its pipes.
struct PipeConfig {
  ProtocolId self{};
  ProtocolId peer{};
  std::size_t max_message_size = 0;  // protocol header included
  std::size_t send_queue_bytes = 0;  // a pipe is full at or above either limit
  std::size_t send_queue_messages = 0;
  std::size_t receive_queue_bytes = 0;
  std::size_t receive_queue_messages = 0;
  Overflow overflow = Overflow::wait;
  bool filters = false;               // ask the user's admits()
  std::uint32_t immediate_sends = 0;  // per turn, written within the call
  Duration handshake_timeout{};       // from the start of the connection to the peer's header
};

struct PipeStats {
  std::uint64_t messages_sent = 0;      // accepted by the pipe
  std::uint64_t bytes_sent = 0;         // of their payload
  std::uint64_t messages_received = 0;  // arrived whole and admitted
  std::uint64_t bytes_received = 0;
  std::uint64_t filtered = 0;    // arrived, but nobody asked for it
  std::uint64_t overflowed = 0;  // arrived, and dropped by the overflow rule
  std::uint64_t lost = 0;        // accepted, and not wholly written when the pipe ended
  std::uint64_t discarded = 0;   // received, and not taken when the pipe was closed

  void add(const PipeStats& other) noexcept;
};

struct SendRing {};
struct ReceiveRing {};
struct OwnerList {};
struct PeerList {};

// Its links: one for each ring of the protocol, one for its owner (and then for the list of what
// is to be freed), one for its socket's list of peers.
class Pipe : public loop::Link<SendRing>,
             public loop::Link<ReceiveRing>,
             public loop::Link<OwnerList>,
             public loop::Link<PeerList> {
 public:
  Pipe(MessagePool& pool, const PipeConfig& config, PipeOwner& owner) noexcept
      : config_(&config), owner_(&owner), received_(pool) {}
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  virtual ~Pipe() = default;

  // The data line.
  [[nodiscard]] bool sendable() const noexcept { return sendable_; }
  // Takes the message: it is empty afterwards. Error::no_memory leaves it with the caller.
  // Only while sendable().
  [[nodiscard]] virtual Error send(Message& message) noexcept = 0;
  [[nodiscard]] bool receivable() const noexcept { return !received_.empty(); }
  // The oldest received message. Only while receivable().
  [[nodiscard]] Message take() noexcept;

  // The life line.
  void set_user(PipeUser* user) noexcept { user_ = user; }
  void set_owner(PipeOwner& owner) noexcept { owner_ = &owner; }
  virtual void close() noexcept = 0;
  // Writes what is queued, tells the peer, waits until it has closed too, then ends; after
  // `limit` it ends in any case. The user is detached before.
  virtual void drain(Duration limit) noexcept = 0;
  // Gives the object back to where it came from.
  virtual void dispose() noexcept = 0;

  [[nodiscard]] virtual bool ended() const noexcept = 0;
  [[nodiscard]] virtual std::size_t unsent_messages() const noexcept = 0;
  [[nodiscard]] virtual std::size_t unsent_bytes() const noexcept = 0;
  virtual void describe_peer(Explanation& text) const noexcept = 0;
  [[nodiscard]] const PipeStats& stats() const noexcept { return stats_; }

  // Where it stands in its socket's rings: 1 (first) to 16.
  std::uint8_t send_priority = 8;
  std::uint8_t receive_priority = 8;
  // The socket's number for this peer; 0 until it is attached.
  std::uint32_t peer_number = 0;

 protected:
  // Puts an arrived message into the queue, or drops it by the rules; counts either way.
  // Error::no_memory: the message could not be kept.
  [[nodiscard]] Error keep(Message message) noexcept;
  [[nodiscard]] bool admitted(std::span<const std::byte> payload) noexcept;
  [[nodiscard]] bool receive_queue_full() const noexcept {
    return received_.size() >= config_->receive_queue_messages ||
           received_bytes_ >= config_->receive_queue_bytes;
  }
  // Half empty: worth reading again.
  [[nodiscard]] bool receive_queue_low() const noexcept {
    return received_.size() <= config_->receive_queue_messages / 2 &&
           received_bytes_ <= config_->receive_queue_bytes / 2;
  }
  void discard_received() noexcept;
  // take() found the queue at a point that matters: low after full, or empty after the end.
  virtual void on_taken() noexcept = 0;

  const PipeConfig* config_;
  PipeOwner* owner_;
  PipeUser* user_ = nullptr;
  PoolDeque<Message> received_;
  std::size_t received_bytes_ = 0;
  PipeStats stats_;
  bool sendable_ = false;
  bool watch_takes_ = false;  // on_taken() wants to know
};

}  // namespace spool::io
