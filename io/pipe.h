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
#include "spool/io/peer_credentials.h"
#include "spool/io/pool_deque.h"
#include "spool/io/wire.h"
#include "spool/loop/error.h"
#include "spool/loop/explanation.h"
#include "spool/loop/intrusive_list.h"
#include "spool/loop/time.h"

namespace spool::io {

class Pipe;

// What a protocol makes of an arriving message before that costs anything.
enum class Verdict : std::uint8_t {
  keep,
  unasked,        // nobody asked for it: dropped and counted
  malformed,      // dropped, counted and reported
  too_many_hops,  // the same
  hang_up,        // no correct peer sends this: the connection ends with Error::malformed
};

// The data line; implemented by protocols::Protocol. None of these may close the pipe.
class PipeUser {
 public:
  // The pipe was full and can take a message again. May come more than once.
  virtual void on_sendable(Pipe& pipe) noexcept = 0;
  // There is something to take that was not there before.
  virtual void on_receivable(Pipe& pipe) noexcept = 0;
  // Only when PipeConfig::inspects.
  [[nodiscard]] virtual Verdict inspect(Pipe& pipe,
                                        std::span<const std::byte> payload) noexcept = 0;
  // Only when PipeConfig::routes, for patterns that know at once whom a message is for. True:
  // taken, whatever became of it; false: it goes into the pipe's queue as usual.
  [[nodiscard]] virtual bool route(Pipe& pipe, Message& message) noexcept = 0;
  // Only when PipeConfig::returns_unsent: accepted, no byte of it written, and the connection is
  // gone. Header and body are joined in the body. Comes before on_pipe_ended, oldest first.
  virtual void on_returned(Pipe& pipe, Message message) noexcept = 0;
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
  // `count` messages that arrived were dropped, for this reason: malformed, too_many_hops; or the
  // receive queue became full and the overflow rule dropped the first (queue_full; once until
  // somebody has taken half of it). At most once per read.
  virtual void on_pipe_dropped(Pipe& pipe, Error reason, std::uint64_t count) noexcept = 0;

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
  bool inspects = false;              // ask the user's inspect()
  bool routes = false;                // ask the user's route()
  bool returns_unsent = false;        // tell on_returned() of what could not be written
  bool asks_first = false;            // open: read nothing before admit()
  std::uint32_t immediate_sends = 0;  // per turn, written within the call
  Duration handshake_timeout{};       // from the start of the connection to the peer's header
};

struct PipeStats {
  std::uint64_t messages_sent = 0;      // accepted by the pipe
  std::uint64_t bytes_sent = 0;         // of their payload
  std::uint64_t messages_received = 0;  // arrived whole and admitted
  std::uint64_t bytes_received = 0;
  std::uint64_t filtered = 0;       // arrived, but nobody asked for it
  std::uint64_t malformed = 0;      // arrived, and made no sense
  std::uint64_t too_many_hops = 0;  // arrived over too many devices
  std::uint64_t overflowed = 0;     // arrived, and dropped by the overflow rule
  std::uint64_t missed = 0;         // broadcast copies that it was too full for
  std::uint64_t returned = 0;       // accepted, not written, and given back to go elsewhere
  std::uint64_t lost = 0;           // accepted, and not wholly written when the pipe ended
  std::uint64_t discarded = 0;      // received, and not taken when the pipe was closed
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
      : max_message_size(config.max_message_size),
        config_(&config),
        owner_(&owner),
        received_(pool) {}
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
  // Drops the oldest accepted message of which no byte is written; false: there is none.
  virtual bool drop_oldest() noexcept = 0;
  // A broadcast copy was not for this pipe, or made it drop another.
  void count_missed() noexcept { ++stats_.missed; }

  // The life line.
  void set_user(PipeUser* user) noexcept { user_ = user; }
  [[nodiscard]] PipeUser* user() const noexcept { return user_; }
  void set_owner(PipeOwner& owner) noexcept { owner_ = &owner; }
  virtual void close() noexcept = 0;
  // PipeConfig::asks_first: open, and reads nothing until the host has let the peer in.
  [[nodiscard]] bool held() const noexcept { return held_; }
  // It has; a user is set.
  virtual void admit() noexcept { held_ = false; }
  // The user has had enough of this peer: the connection ends for this reason, from within the
  // loop, as if it were lost. Nothing is sent any more.
  virtual void abandon(Error reason) noexcept = 0;
  // Writes what is queued, tells the peer, waits until it has closed too, then ends; after
  // `limit` it ends in any case. The user is detached before.
  virtual void drain(Duration limit) noexcept = 0;
  // Gives the object back to where it came from.
  virtual void dispose() noexcept = 0;

  [[nodiscard]] virtual bool ended() const noexcept = 0;
  [[nodiscard]] virtual std::size_t unsent_messages() const noexcept = 0;
  [[nodiscard]] virtual std::size_t unsent_bytes() const noexcept = 0;
  virtual void describe_peer(Explanation& text) const noexcept = 0;
  // Our own end of it; nothing where that has no name (ipc, inproc), or once it is closed.
  virtual void describe_local(Explanation&) const noexcept {}
  // False where there is no such thing (tcp, inproc).
  [[nodiscard]] virtual bool credentials(PeerCredentials&) const noexcept { return false; }
  [[nodiscard]] const PipeStats& stats() const noexcept { return stats_; }

  // Where it stands in its socket's rings: 1 (first) to 16.
  std::uint8_t send_priority = 8;
  std::uint8_t receive_priority = 8;
  // The socket's number for this peer: 31 bits, never 0; 0 until it is attached.
  std::uint32_t peer_number = 0;
  // The largest message it accepts, protocol header included. The config's, unless its endpoint
  // says otherwise before the first read.
  std::size_t max_message_size;
  // The owner's own: core keeps the handle of the endpoint here.
  std::uint64_t owner_key = 0;
  // The protocol's own, between attach and detach.
  void* protocol_data = nullptr;
  std::uint64_t missed_in_episode = 0;  // by Broadcast, since the first that it missed

 protected:
  // Routes an arrived message, puts it into the queue, or drops it by the rules; counts in any
  // case. Error::no_memory: the message could not be kept.
  [[nodiscard]] Error keep(Message message) noexcept;
  // Asks the protocol what to make of it; counts what is not kept.
  [[nodiscard]] Verdict inspected(std::span<const std::byte> payload) noexcept;
  // Tells the owner of what was dropped since the last time.
  void report_dropped() noexcept;
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
  void note_dropped(Error reason) noexcept;
  // take() found the queue at a point that matters: low after full, or empty after the end.
  virtual void on_taken() noexcept = 0;

  const PipeConfig* config_;
  PipeOwner* owner_;
  PipeUser* user_ = nullptr;
  PoolDeque<Message> received_;
  std::size_t received_bytes_ = 0;
  PipeStats stats_;
  bool sendable_ = false;
  bool held_ = false;
  bool watch_takes_ = false;  // on_taken() wants to know
  bool overflowing_ = false;  // the rule has dropped something, and the queue is not low again
  Error dropped_reason_ = Error::none;
  std::uint32_t dropped_count_ = 0;  // not reported yet
};

}  // namespace spool::io
