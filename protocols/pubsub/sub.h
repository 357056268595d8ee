// SUB: receives what begins with one of its subscriptions. Filtered on arrival, before a message
// costs memory; what arrives faster than it is read is dropped by the overflow rule, and counted.
//
//  pipes with messages | receivable | receive               | ended          | detach
//  --------------------+------------+-----------------------+----------------+----------------
//  none                | → some     | would_block           | –              | –
//  some                | added      | from the next in turn | keeps its rest | → none, if last
//
// unsubscribe also holds for what has arrived and was not taken.
//
//  wanted by        | arrives
//  -----------------+-----------------------------------------------------------
//  nobody           | dropped before it costs memory (PipeStats::filtered)
//  the socket       | into the pipe's queue
//  readers          | a share to each of them, and not into the pipe's queue
//  both             | a share to each of them, and into the pipe's queue
//
// A reader is an exchange with topics and a queue of its own: sub_reader.h.
#pragma once

#include "spool/loop/object_pool.h"
#include "spool/protocols/policy/fair_queue.h"
#include "spool/protocols/policy/topic_set.h"
#include "spool/protocols/protocol.h"
#include "spool/protocols/pubsub/sub_reader.h"

namespace spool::protocols {

class Sub final : public Protocol {
 public:
  explicit Sub(const ProtocolContext& context) noexcept
      : context_(context), topics_(context.memory), reader_pool_(context.memory) {}
  ~Sub() override;

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

  // A reader; it wants nothing yet.
  [[nodiscard]] Result<Exchange*> open_exchange(ExchangeHost& host,
                                                const ExchangeTimes& times) noexcept override;
  void close_exchange(Exchange& exchange) noexcept override;

  void on_sendable(io::Pipe&) noexcept override {}
  void on_receivable(io::Pipe& pipe) noexcept override {
    queue_.activate(pipe);
    context_.host.on_readable();
  }
  [[nodiscard]] bool inspects() const noexcept override { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe& pipe,
                                    std::span<const std::byte> body) noexcept override;
  [[nodiscard]] bool routes() const noexcept override { return !readers_.empty(); }
  [[nodiscard]] bool route(io::Pipe& pipe, Message& message) noexcept override;
  void on_pipe_ended(io::Pipe&) noexcept override {}

 private:
  ProtocolContext context_;
  TopicSet topics_;
  FairQueue queue_;
  bool check_again_ = false;  // a topic went while messages were waiting
  bool wants_it_ = false;     // the socket itself; see inspect()
  loop::List<SubReader, ReaderList> readers_;
  loop::ObjectPool<SubReader> reader_pool_;
};

}  // namespace spool::protocols
