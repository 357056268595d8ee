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

namespace spool::protocols {

// Implemented by core::Socket.
class ProtocolHost {
 public:
  // Both mark, and call nobody.
  // Something arrived that can be received.
  virtual void on_readable() noexcept = 0;
  // can_send() may have become true.
  virtual void on_writable() noexcept = 0;

 protected:
  ~ProtocolHost() = default;
};

// Counts that belong to a pattern, not to a pipe.
struct ProtocolStats {
  std::uint64_t dropped = 0;           // copies that a broadcast could not hand to a full pipe
  std::uint64_t blocked_episodes = 0;  // how often a pipe left the broadcast set for being full
};

// Owned by its socket; borrows the pipes between attach and detach.
class Protocol : public io::PipeUser {
 public:
  virtual ~Protocol() = default;

  // A new peer. Error::refused: the pattern has no place for it, and the pipe stays detached.
  [[nodiscard]] virtual Error attach(io::Pipe& pipe) noexcept = 0;
  // Forgets the pipe, wherever it stands.
  virtual void detach(io::Pipe& pipe) noexcept = 0;

  // Takes the message and leaves it empty, or returns an Error and leaves it as it is:
  // would_block, not_supported, no_memory.
  [[nodiscard]] virtual Error send(Message& message) noexcept = 0;
  // would_block, not_supported.
  [[nodiscard]] virtual Result<Message> receive() noexcept = 0;

  // Derived from the state, never stored.
  [[nodiscard]] virtual bool can_send() const noexcept = 0;
  [[nodiscard]] virtual bool can_receive() const noexcept = 0;

  // SUB only; the others return not_supported. A topic is a prefix of the body, bytewise.
  [[nodiscard]] virtual Error subscribe(std::span<const std::byte> topic) noexcept;
  [[nodiscard]] virtual Error unsubscribe(std::span<const std::byte> topic) noexcept;

  [[nodiscard]] const ProtocolStats& stats() const noexcept { return stats_; }

  // For patterns that take everything, and nothing: see io::PipeConfig::filters.
  [[nodiscard]] bool admits(io::Pipe&, std::span<const std::byte>) noexcept override {
    return true;
  }

 protected:
  ProtocolStats stats_;
};

}  // namespace spool::protocols
