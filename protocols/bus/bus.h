// BUS: every message to every neighbour that can take it now; from all of them in fair turns. What
// arrives is not forwarded, and nothing comes back to its sender by itself.
//
//  a neighbour is | attach  | send           | sendable  | receivable       | ended     | detach
//  ---------------+---------+----------------+-----------+------------------+-----------+--------
//  gone           | → there | –              | –         | –                | –         | –
//  there          | –       | its copy, as   | caught up | joins the turns, | → leaving | → gone
//                 |         | policy/        |           | tell the user    |           |
//                 |         | broadcast.h    |           |                  |           |
//                 |         | says           |           |                  |           |
//  leaving        | –       | –              | –         | the same         | –         | → gone
//
//  received       | receive
//  ---------------+-------------------------------
//  nothing        | would_block
//  something      | from the next in turn; what a leaving neighbour had sent is taken as well
#pragma once

#include "spool/protocols/policy/broadcast.h"
#include "spool/protocols/policy/fair_queue.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

// An answer to a message reaches who sent it, like everybody else.
class Bus : public Protocol {
 public:
  explicit Bus(const ProtocolContext& context) noexcept
      : host_(context.host), neighbours_(context, stats_) {}

  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override;
  void detach(io::Pipe& pipe) noexcept override;
  [[nodiscard]] Error send(Message& message) noexcept override;
  [[nodiscard]] Result<Message> receive() noexcept override { return queue_.receive(); }
  [[nodiscard]] bool can_send() const noexcept override { return true; }
  [[nodiscard]] bool can_receive() const noexcept override { return queue_.ready(); }

  void on_sendable(io::Pipe& pipe) noexcept override { neighbours_.on_sendable(pipe); }
  void on_receivable(io::Pipe& pipe) noexcept override;
  void on_pipe_ended(io::Pipe& pipe) noexcept override { neighbours_.remove(pipe); }

 protected:
  ProtocolHost& host_;
  Broadcast neighbours_;
  FairQueue queue_;
};

// For whoever forwards. A received message has the number of its peer as header (4 bytes, big-
// endian, bit 31 clear); a message that is sent with such a header goes to all but that peer. The
// header is never on the wire.
//
//  send, the header is | without       | 4 bytes                        | of another size
//  --------------------+---------------+--------------------------------+-----------------
//                      | to all        | to all but that peer; to all   | invalid_argument
//                      |               | if it is not there any more    |
//
//  held back | receive, memory for the header | without
//  ----------+--------------------------------+------------------------------------------
//  nothing   | the next                       | no_memory; the message is held back
//  a message | that one                       | no_memory
class RawBus final : public Bus {
 public:
  explicit RawBus(const ProtocolContext& context) noexcept : Bus(context), pool_(context.pool) {}

  [[nodiscard]] Error send(Message& message) noexcept override;
  [[nodiscard]] Result<Message> receive() noexcept override;
  [[nodiscard]] bool can_receive() const noexcept override {
    return holding_ || Bus::can_receive();
  }

 private:
  MessagePool& pool_;
  Message held_;  // taken from its pipe, and still without its header
  bool holding_ = false;
};

}  // namespace spool::protocols
