// PUB: every message to every subscriber that can take it now. Never blocks.
//
//  a pipe is | attach       | send                             | sendable  | ended / detach
//  ----------+--------------+----------------------------------+-----------+----------------
//  in the set| –            | gets its share; full: → blocked  | –         | → gone
//  blocked   | –            | misses it, counted               | → in the set | → gone
//  gone      | → in the set | –                                | –         | –
//
// There is no subscription on the wire: subscribers filter. What a peer sends is dropped and
// counted (PipeStats::filtered).
#pragma once

#include "spool/protocols/policy/broadcast.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

class Pub final : public Protocol {
 public:
  explicit Pub(const ProtocolContext& context) noexcept : host_(context.host) {}

  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override {
    subscribers_.add(pipe);
    host_.on_writable();
    return Error::none;
  }
  // A pipe that has ended is blocked for good; it leaves the count here.
  void detach(io::Pipe& pipe) noexcept override { subscribers_.remove(pipe); }
  [[nodiscard]] Error send(Message& message) noexcept override {
    subscribers_.send(message, stats_);
    return Error::none;
  }
  [[nodiscard]] Result<Message> receive() noexcept override { return Error::not_supported; }
  [[nodiscard]] bool can_send() const noexcept override { return true; }
  [[nodiscard]] bool can_receive() const noexcept override { return false; }

  void on_sendable(io::Pipe& pipe) noexcept override { subscribers_.activate(pipe); }
  void on_receivable(io::Pipe&) noexcept override {}
  [[nodiscard]] bool inspects() const noexcept override { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe&, std::span<const std::byte>) noexcept override {
    return io::Verdict::unasked;
  }
  void on_pipe_ended(io::Pipe&) noexcept override {}

 private:
  ProtocolHost& host_;
  Broadcast subscribers_;
};

}  // namespace spool::protocols
