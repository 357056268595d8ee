// Raw SURVEYOR, for whoever forwards surveys: headers are the user's, and nothing is remembered.
//
//  a peer is | attach  | send            | sendable  | receivable       | ended     | detach
//  ----------+---------+-----------------+-----------+------------------+-----------+--------
//  gone      | → there | –               | –         | –                | –         | –
//  there     | –       | its copy, as    | caught up | joins the turns, | → leaving | → gone
//            |         | policy/         |           | tell the user    |           |
//            |         | broadcast.h says|           |                  |           |
//  leaving   | –       | –               | –         | the same         | –         | → gone
//
//  send, the header is | hop words and an id word behind them | anything else
//  --------------------+--------------------------------------+------------------
//                      | unchanged, in front of the body      | invalid_argument
//
//  an answer with            | is
//  --------------------------+-----------------------------------------------------------------
//  an id word                | received: all words up to that one are its header
//  none, or less than a word | dropped, counted (PipeStats::malformed)
//  none in the first 255     | dropped, counted (PipeStats::too_many_hops)
#pragma once

#include "spool/protocols/policy/broadcast.h"
#include "spool/protocols/policy/fair_queue.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

class RawSurveyor final : public Protocol {
 public:
  explicit RawSurveyor(const ProtocolContext& context) noexcept
      : host_(context.host), peers_(context, stats_) {}

  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override;
  void detach(io::Pipe& pipe) noexcept override;
  [[nodiscard]] Error send(Message& message) noexcept override;
  [[nodiscard]] Result<Message> receive() noexcept override;
  [[nodiscard]] bool can_send() const noexcept override { return true; }
  [[nodiscard]] bool can_receive() const noexcept override { return queue_.ready(); }

  void on_sendable(io::Pipe& pipe) noexcept override { peers_.on_sendable(pipe); }
  void on_receivable(io::Pipe& pipe) noexcept override;
  [[nodiscard]] bool inspects() const noexcept override { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe& pipe,
                                    std::span<const std::byte> payload) noexcept override;
  void on_pipe_ended(io::Pipe& pipe) noexcept override { peers_.remove(pipe); }

 private:
  ProtocolHost& host_;
  Broadcast peers_;
  FairQueue queue_;
};

}  // namespace spool::protocols
