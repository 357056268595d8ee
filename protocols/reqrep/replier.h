// Replier: what REP and RESPONDENT have in common, cooked and raw: whose request is next, and which
// way an answer goes. Requests wait in the queues of their pipes.
//
//  a pipe  | a request comes  | an answer    | it has     | it ended  | its last request | detached
//  is      |                  | fills it     | room again |           | is taken         |
//  --------+------------------+--------------+------------+-----------+------------------+---------
//  quiet   | room: → offered; | –            | –          | –         | –                | → gone
//          | full: → held     |              |            |           |                  |
//  offered | –                | → held       | –          | –         | → quiet          | → gone
//  held    | –                | –            | → offered  | → offered | –                | → gone
//
// Offered pipes are served by priority and turn. So a requester that does not read its answers is
// not served, and holds up nobody. What an ended one has left is offered like everything that was
// received: its sender may have gone on purpose. Only the answer finds nobody (peer_closed).
//
// A request without a backtrace, or with one above the hop limit, is dropped on arrival, counted
// and reported by the pipe; the connection stays up.
#pragma once

#include <cstdint>

#include "spool/protocols/policy/fair_queue.h"
#include "spool/protocols/policy/id_table.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

// Owned as Protocol; Rep and RawRep are made of it.
class Replier : public Protocol {
 public:
  // refused: the number of this peer is still that of another one.
  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept final;
  void detach(io::Pipe& pipe) noexcept final;
  [[nodiscard]] bool can_receive() const noexcept override { return queue_.ready(); }

  void on_sendable(io::Pipe& pipe) noexcept final;
  void on_receivable(io::Pipe& pipe) noexcept final { settle(pipe); }
  [[nodiscard]] bool inspects() const noexcept final { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe&, std::span<const std::byte> payload) noexcept final;
  void on_pipe_ended(io::Pipe& pipe) noexcept final;

 protected:
  explicit Replier(const ProtocolContext& context) noexcept;

  // The next request: the backtrace is its header, the rest its body. would_block.
  [[nodiscard]] Result<Message> take_request() noexcept;
  // The peer with this number. Null: it is gone.
  [[nodiscard]] io::Pipe* find(std::uint32_t peer) const noexcept { return peers_.find(peer); }
  // As io::Pipe::send. Only while the pipe is sendable.
  [[nodiscard]] Error send_to(io::Pipe& pipe, Message& answer) noexcept;

  ProtocolHost& host_;
  MessagePool& pool_;

 private:
  void settle(io::Pipe& pipe) noexcept;
  void forget(io::Pipe& pipe) noexcept;

  const ProtocolOptions& options_;
  IdTable<io::Pipe> peers_;  // that have not ended
  FairQueue queue_;          // the offered ones
};

}  // namespace spool::protocols
