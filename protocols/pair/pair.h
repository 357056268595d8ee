// PAIR: one peer, both ways.
//
//  state   | attach        | send          | peer sendable | ended / detach of the peer
//  --------+---------------+---------------+---------------+---------------------------
//  alone   | → paired      | would_block   | –             | –
//  paired  | refused       | to the peer   | tell the user | → alone
//
// Receiving is apart from that: what a former peer left is taken first, then what the peer sent.
// PAIR v1 is the same with a word in front of each message: pair1.h, raw_pair1.h.
#pragma once

#include "spool/protocols/policy/fair_queue.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

class Pair : public Protocol {
 public:
  explicit Pair(const ProtocolContext& context) noexcept : host_(context.host) {}

  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override;
  void detach(io::Pipe& pipe) noexcept override;
  [[nodiscard]] Error send(Message& message) noexcept override;
  [[nodiscard]] Result<Message> receive() noexcept override { return queue_.receive_in_order(); }
  [[nodiscard]] bool can_send() const noexcept override {
    return peer_ != nullptr && peer_->sendable();
  }
  [[nodiscard]] bool can_receive() const noexcept override { return queue_.ready(); }

  void on_sendable(io::Pipe& pipe) noexcept override;
  void on_receivable(io::Pipe& pipe) noexcept override;
  void on_pipe_ended(io::Pipe& pipe) noexcept override;

 protected:
  [[nodiscard]] io::Pipe& peer() noexcept { return *peer_; }  // only while can_send()

 private:
  ProtocolHost& host_;
  io::Pipe* peer_ = nullptr;  // null: alone
  FairQueue queue_;
};

}  // namespace spool::protocols
