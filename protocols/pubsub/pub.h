// PUB: every message to every subscriber that can take it now. Never blocks.
//
//  a subscriber is | attach    | send                               | sendable  | ended / detach
//  ----------------+-----------+------------------------------------+-----------+---------------
//  gone            | → there   | –                                  | –         | –
//  there           | –         | its share, as policy/broadcast.h   | caught up | → gone
//                  |           | says; what it misses is counted    |           |
//
// There is no subscription on the wire: subscribers filter. What a peer sends is dropped and
// counted (PipeStats::filtered).
#pragma once

#include "spool/protocols/policy/broadcast.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

class Pub final : public Protocol {
 public:
  explicit Pub(const ProtocolContext& context) noexcept
      : host_(context.host), subscribers_(context, stats_) {}

  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override {
    subscribers_.add(pipe);
    host_.on_writable();
    return Error::none;
  }
  void detach(io::Pipe& pipe) noexcept override { subscribers_.remove(pipe); }
  [[nodiscard]] Error send(Message& message) noexcept override {
    subscribers_.send(message);
    return Error::none;
  }
  [[nodiscard]] Result<Message> receive() noexcept override { return Error::not_supported; }
  [[nodiscard]] bool can_send() const noexcept override { return true; }
  [[nodiscard]] bool can_receive() const noexcept override { return false; }

  void on_sendable(io::Pipe& pipe) noexcept override { subscribers_.on_sendable(pipe); }
  void on_receivable(io::Pipe&) noexcept override {}
  [[nodiscard]] bool inspects() const noexcept override { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe&, std::span<const std::byte>) noexcept override {
    return io::Verdict::unasked;
  }
  void on_pipe_ended(io::Pipe& pipe) noexcept override { subscribers_.remove(pipe); }

 private:
  ProtocolHost& host_;
  Broadcast subscribers_;
};

}  // namespace spool::protocols
