// PULL: takes from all pushers in fair turns.
//
//  pipes with messages | receivable | receive                            | ended          | detach
//  --------------------+------------+------------------------------------+----------------+----------
//  none                | → some     | would_block                        | –              | –
//  some                | added      | from the next by priority and turn;| keeps its rest | → none,
//                      |            | → none, if that was the last       |                | if last
#pragma once

#include "spool/protocols/policy/fair_queue.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

class Pull final : public Protocol {
 public:
  explicit Pull(const ProtocolContext& context) noexcept : host_(context.host) {}

  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override {
    if (pipe.receivable()) on_receivable(pipe);
    return Error::none;
  }
  void detach(io::Pipe& pipe) noexcept override { queue_.remove(pipe); }
  [[nodiscard]] Error send(Message&) noexcept override { return Error::not_supported; }
  [[nodiscard]] Result<Message> receive() noexcept override { return queue_.receive(); }
  [[nodiscard]] bool can_send() const noexcept override { return false; }
  [[nodiscard]] bool can_receive() const noexcept override { return queue_.ready(); }

  void on_sendable(io::Pipe&) noexcept override {}
  void on_receivable(io::Pipe& pipe) noexcept override {
    queue_.activate(pipe);
    host_.on_readable();
  }
  void on_pipe_ended(io::Pipe&) noexcept override {}

 private:
  ProtocolHost& host_;
  FairQueue queue_;
};

}  // namespace spool::protocols
