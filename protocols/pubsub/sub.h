// SUB: receives what begins with one of its subscriptions. Filtered on arrival, before a message
// costs memory; what arrives faster than it is read is dropped by the overflow rule, and counted.
//
//  pipes with messages | receivable | receive                      | ended          | detach
//  --------------------+------------+------------------------------+----------------+--------------
//  none                | → some     | would_block                  | –              | –
//  some                | added      | from the next in turn        | keeps its rest | → none, if
//  last
//
// unsubscribe also holds for what has arrived and was not taken.
#pragma once

#include "spool/loop/memory.h"
#include "spool/protocols/policy/fair_queue.h"
#include "spool/protocols/policy/topic_set.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

class Sub final : public Protocol {
 public:
  explicit Sub(const ProtocolContext& context) noexcept
      : host_(context.host), topics_(context.memory) {}

  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override {
    if (pipe.receivable()) on_receivable(pipe);
    return Error::none;
  }
  void detach(io::Pipe& pipe) noexcept override { queue_.remove(pipe); }
  [[nodiscard]] Error send(Message&) noexcept override { return Error::not_supported; }
  [[nodiscard]] Result<Message> receive() noexcept override;
  [[nodiscard]] bool can_send() const noexcept override { return false; }
  [[nodiscard]] bool can_receive() const noexcept override { return queue_.ready(); }
  [[nodiscard]] Error subscribe(std::span<const std::byte> topic) noexcept override {
    return topics_.add(topic);
  }
  [[nodiscard]] Error unsubscribe(std::span<const std::byte> topic) noexcept override;

  void on_sendable(io::Pipe&) noexcept override {}
  void on_receivable(io::Pipe& pipe) noexcept override {
    queue_.activate(pipe);
    host_.on_readable();
  }
  [[nodiscard]] bool inspects() const noexcept override { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe&, std::span<const std::byte> body) noexcept override {
    return topics_.matches(body) ? io::Verdict::keep : io::Verdict::unasked;
  }
  void on_pipe_ended(io::Pipe&) noexcept override {}

 private:
  ProtocolHost& host_;
  TopicSet topics_;
  FairQueue queue_;
  bool check_again_ = false;  // a topic went while messages were waiting
};

}  // namespace spool::protocols
