// Polyamorous PAIR v1: any number of peers, both ways; a message names its peer. On the wire it is
// PAIR v1: the table in pair1.h says what becomes of the word in front.
//
//  peers | attach | send, peer() is 0   | send, peer() is n       | sendable | ended / detach
//  ------+--------+---------------------+-------------------------+----------+-----------------
//  none  | → some | would_block         | peer_closed             | –        | –
//  some  | joins, | to the first there  | to n; n is full:        | tell the | leaves, tell the
//        | last   | is; it is full:     | would_block; n is not   | user     | user; → none, if
//        |        | would_block         | one of them: peer_closed|          | last
//
// Receiving is apart from that: from all in turns, also what former peers left; peer() says whose
// it is. Nothing is dropped: nng loses a message whose peer is full or gone.
#pragma once

#include "spool/loop/intrusive_list.h"
#include "spool/protocols/policy/fair_queue.h"
#include "spool/protocols/policy/id_table.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

class PolyPair1 final : public Protocol {
 public:
  explicit PolyPair1(const ProtocolContext& context) noexcept
      : host_(context.host),
        pool_(context.pool),
        options_(context.options),
        by_number_(context.memory) {}

  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override;
  void detach(io::Pipe& pipe) noexcept override;
  [[nodiscard]] Error send(Message& message) noexcept override;
  [[nodiscard]] Result<Message> receive() noexcept override;
  // Some peer can take a message; not each.
  [[nodiscard]] bool can_send() const noexcept override;
  [[nodiscard]] bool can_receive() const noexcept override { return queue_.ready(); }

  void on_sendable(io::Pipe& pipe) noexcept override;
  void on_receivable(io::Pipe& pipe) noexcept override;
  [[nodiscard]] bool inspects() const noexcept override { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe& pipe,
                                    std::span<const std::byte> payload) noexcept override;
  void on_pipe_ended(io::Pipe& pipe) noexcept override;

 private:
  ProtocolHost& host_;
  MessagePool& pool_;
  const ProtocolOptions& options_;
  loop::List<io::Pipe, io::SendRing> peers_;  // that have not ended, in the order they came
  IdTable<io::Pipe> by_number_;               // the same
  FairQueue queue_;
};

}  // namespace spool::protocols
