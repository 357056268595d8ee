// Raw REQ: the side of a device that faces repliers. No state but two sets of pipes, as in PUSH and
// PULL; whoever sends keeps the ids.
//
//  sendable pipes | attach / sendable | send                              | ended / detach
//  ---------------+-------------------+-----------------------------------+----------------
//  none           | → some            | would_block                       | –
//  some           | added             | to the next by priority and turn; | → none, if last
//                 |                   | → none, if that filled the last   |
//
//  pipes with | attach / receivable | receive                          | ended          | detach
//  replies    |                     |                                  |                |
//  -----------+---------------------+----------------------------------+----------------+---------
//  none       | → some              | would_block                      | –              | –
//  some       | added               | from the next by priority and    | keeps its rest | → none,
//             |                     | turn; → none, if it was the last |                | if last
//
// A reply without an id word is dropped on arrival, counted and reported by the pipe.
#pragma once

#include "spool/protocols/policy/backtrace.h"
#include "spool/protocols/policy/fair_queue.h"
#include "spool/protocols/policy/load_balancer.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

class RawReq final : public Protocol {
 public:
  explicit RawReq(const ProtocolContext& context) noexcept : host_(context.host) {}

  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override;
  void detach(io::Pipe& pipe) noexcept override;

  // The header, a backtrace, goes out unchanged. invalid_argument: it is none.
  [[nodiscard]] Error send(Message& message) noexcept override;
  // The header of what is received is the whole backtrace.
  [[nodiscard]] Result<Message> receive() noexcept override;
  [[nodiscard]] bool can_send() const noexcept override { return balancer_.ready(); }
  [[nodiscard]] bool can_receive() const noexcept override { return queue_.ready(); }

  void on_sendable(io::Pipe& pipe) noexcept override;
  void on_receivable(io::Pipe& pipe) noexcept override;
  [[nodiscard]] bool inspects() const noexcept override { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe&,
                                    std::span<const std::byte> payload) noexcept override {
    return find_backtrace(payload, no_hop_limit).verdict;
  }
  void on_pipe_ended(io::Pipe& pipe) noexcept override { balancer_.remove(pipe); }

 private:
  ProtocolHost& host_;
  LoadBalancer balancer_;
  FairQueue queue_;
};

}  // namespace spool::protocols
