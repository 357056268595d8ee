// Protocol: one pattern as a state machine over pipes. It knows no descriptor, no address and no
// clock: everything reaches it as one of the events below.
//
// Order of calls on one pipe:  attach → { on_sendable | on_receivable | send | receive }* →
//                              on_pipe_ended → { receive }* → detach,   or detach at any time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "spool/io/message.h"
#include "spool/io/pipe.h"
#include "spool/loop/result.h"
#include "spool/loop/timer_queue.h"
#include "spool/protocols/exchange.h"
#include "spool/protocols/protocol_options.h"

namespace spool::protocols {

// Implemented by core::Socket. Whatever it is told, it marks or reports, and calls nobody.
class ProtocolHost : public ExchangeHost {
 public:
  // can_send() may have become true.
  virtual void on_writable() noexcept = 0;
  // A broadcast pipe is full and misses its first message of this episode.
  virtual void on_peer_blocked(io::Pipe& pipe) noexcept = 0;
  // It has drained and is back, or it has gone: the episode cost it pipe.missed_in_episode
  // messages.
  virtual void on_peer_caught_up(io::Pipe& pipe) noexcept = 0;
  // Messages that were accepted, given back by a lost connection and could not be kept.
  virtual void on_lost(std::uint64_t messages) noexcept = 0;

  // Time is the host's. Both as in loop::Reactor.
  virtual void schedule_after(loop::Timer& timer, Duration delay) noexcept = 0;
  virtual void cancel(loop::Timer& timer) noexcept = 0;

 protected:
  ~ProtocolHost() = default;
};

// Counts that belong to a pattern, not to a pipe.
struct ProtocolStats {
  std::uint64_t dropped = 0;           // copies that a broadcast could not hand to a full pipe
  std::uint64_t blocked_episodes = 0;  // how often a full pipe began to miss messages
  std::uint64_t unroutable = 0;        // replies whose requester is gone; raw: or cannot take it
  std::uint64_t stale = 0;             // answers that nobody waits for (any more)
  std::uint64_t overflowed = 0;        // that a survey or a reader had no room for
  std::uint64_t resent = 0;            // requests sent again
};

// Owned by its socket; borrows the pipes between attach and detach.
class Protocol : public io::PipeUser {
 public:
  virtual ~Protocol() = default;

  // A new peer, with its peer_number set. Error::refused: the pattern has no place for it, and the
  // pipe stays detached. no_memory.
  [[nodiscard]] virtual Error attach(io::Pipe& pipe) noexcept = 0;
  // Forgets the pipe, wherever it stands.
  virtual void detach(io::Pipe& pipe) noexcept = 0;

  // Takes the message and leaves it empty, or returns an Error and leaves it as it is:
  // would_block, not_supported, no_memory, wrong_state (REP without a request), peer_closed (the
  // one peer that it was for is gone), invalid_argument (a raw message without its header).
  [[nodiscard]] virtual Error send(Message& message) noexcept = 0;
  // would_block, not_supported; of an exchange: see Exchange::receive. A raw socket: no_memory for
  // the word in front, and the message waits.
  [[nodiscard]] virtual Result<Message> receive() noexcept = 0;

  // Derived from the state, never stored.
  [[nodiscard]] virtual bool can_send() const noexcept = 0;
  [[nodiscard]] virtual bool can_receive() const noexcept = 0;
  // Messages that were accepted and wait for a pipe.
  [[nodiscard]] virtual std::size_t waiting_messages() const noexcept { return 0; }

  // SUB only; the others return not_supported. A topic is a prefix of the body, bytewise.
  [[nodiscard]] virtual Error subscribe(std::span<const std::byte> topic) noexcept;
  [[nodiscard]] virtual Error unsubscribe(std::span<const std::byte> topic) noexcept;

  // REQ, SURVEYOR: the socket's own exchange. As Exchange::cancel.
  [[nodiscard]] virtual Error cancel() noexcept;
  // REQ, SURVEYOR, SUB: one more exchange. not_supported, no_memory.
  [[nodiscard]] virtual Result<Exchange*> open_exchange(ExchangeHost& host,
                                                        const ExchangeTimes& options) noexcept;
  virtual void close_exchange(Exchange& exchange) noexcept;

  // REP, RESPONDENT: the next request with its way back: the backtrace is in the header, and
  // peer() says whose it is. The socket's own request is not touched. would_block, not_supported.
  [[nodiscard]] virtual Result<Message> receive_request() noexcept;
  // Answers it. As send(); would_block: the requester's pipe is full.
  [[nodiscard]] virtual Error reply(const Message& request, Message& answer) noexcept;

  // What it wants to be asked: see io::PipeConfig. May change with open_exchange.
  [[nodiscard]] virtual bool inspects() const noexcept { return false; }
  [[nodiscard]] virtual bool routes() const noexcept { return false; }
  [[nodiscard]] virtual bool returns_unsent() const noexcept { return false; }

  [[nodiscard]] const ProtocolStats& stats() const noexcept { return stats_; }

  // For patterns that did not ask for them.
  [[nodiscard]] io::Verdict inspect(io::Pipe&, std::span<const std::byte>) noexcept override {
    return io::Verdict::keep;
  }
  [[nodiscard]] bool route(io::Pipe&, Message&) noexcept override { return false; }
  void on_returned(io::Pipe&, Message) noexcept override {}

 protected:
  ProtocolStats stats_;
};

}  // namespace spool::protocols
