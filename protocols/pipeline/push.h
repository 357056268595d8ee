// PUSH: each message to one puller. No state but the set of pipes that can take one.
//
//  sendable pipes | attach / sendable | send                              | ended / detach
//  ---------------+-------------------+-----------------------------------+----------------
//  none           | → some            | would_block                       | –
//  some           | added             | to the next by priority and turn; | → none, if last
//                 |                   | → none, if that filled the last   |
//
// Whatever a peer sends is dropped on arrival and counted (PipeStats::filtered).
#pragma once

#include "spool/protocols/policy/load_balancer.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

class Push final : public Protocol {
 public:
  explicit Push(const ProtocolContext& context) noexcept : host_(context.host) {}

  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override {
    on_sendable(pipe);
    return Error::none;
  }
  void detach(io::Pipe& pipe) noexcept override { balancer_.remove(pipe); }
  [[nodiscard]] Error send(Message& message) noexcept override { return balancer_.send(message); }
  [[nodiscard]] Result<Message> receive() noexcept override { return Error::not_supported; }
  [[nodiscard]] bool can_send() const noexcept override { return balancer_.ready(); }
  [[nodiscard]] bool can_receive() const noexcept override { return false; }

  void on_sendable(io::Pipe& pipe) noexcept override {
    balancer_.activate(pipe);
    host_.on_writable();
  }
  void on_receivable(io::Pipe&) noexcept override {}
  [[nodiscard]] bool inspects() const noexcept override { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe&, std::span<const std::byte>) noexcept override {
    return io::Verdict::unasked;
  }
  void on_pipe_ended(io::Pipe& pipe) noexcept override { balancer_.remove(pipe); }

 private:
  ProtocolHost& host_;
  LoadBalancer balancer_;
};

}  // namespace spool::protocols
