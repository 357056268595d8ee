// SubReader: one of several readers of a SUB socket, with topics and a queue of its own.
//
//  queue | a message that matches      | receive             | unsubscribe           | closed
//  ------+-----------------------------+---------------------+-----------------------+----------
//  empty | → some; tells               | would_block         | –                     | → gone
//  some  | added; tells; → full, if it | the oldest; →       | drops what no longer  | → gone
//        | reaches a limit             | empty, if last      | matches; → empty, if  |
//        |                             |                     | nothing is left       |
//  full  | drop_oldest: as some, and   | the oldest; → some, | the same; → some, if  | → gone
//        | what is in the way dropped; | if it is below both | it is below both      |
//        | else: it is dropped         | limits              | limits                |
//
// full: ProtocolOptions::queue_messages or queue_bytes is reached. What is dropped for that, or for
// want of memory, is counted (ProtocolStats::overflowed). Overflow::wait drops the newest too: to
// stop reading from the peer would starve the other readers, and what is there was not to be lost.
#pragma once

#include <cstddef>
#include <span>

#include "spool/io/pool_deque.h"
#include "spool/loop/intrusive_list.h"
#include "spool/protocols/policy/topic_set.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

struct ReaderList {};

// Owned by its Sub. Its messages share their bytes with those of other readers.
class SubReader final : public Exchange, public loop::Link<ReaderList> {
 public:
  SubReader(const ProtocolContext& context, ExchangeHost& host, ProtocolStats& stats) noexcept
      : host_(host),
        options_(context.options),
        stats_(stats),
        topics_(context.memory),
        queue_(context.pool) {}

  // What arrives next is looked at once, when it is inspected, and handed over once, when it is
  // routed.
  [[nodiscard]] bool look_at(std::span<const std::byte> body) noexcept {
    return wants_it_ = topics_.matches(body);
  }
  void hand_over(const Message& message) noexcept;

  [[nodiscard]] Error start(Message&) noexcept override { return Error::not_supported; }
  [[nodiscard]] Result<Message> receive() noexcept override;
  [[nodiscard]] bool can_receive() const noexcept override { return !queue_.empty(); }
  [[nodiscard]] Error cancel() noexcept override { return Error::not_supported; }
  [[nodiscard]] Error subscribe(std::span<const std::byte> topic) noexcept override {
    return topics_.add(topic);
  }
  [[nodiscard]] Error unsubscribe(std::span<const std::byte> topic) noexcept override;

 private:
  [[nodiscard]] bool full() const noexcept {
    return queue_.size() >= options_.queue_messages || queue_bytes_ >= options_.queue_bytes;
  }
  [[nodiscard]] bool make_room() noexcept;
  [[nodiscard]] Message take() noexcept;

  ExchangeHost& host_;
  const ProtocolOptions& options_;
  ProtocolStats& stats_;  // the socket's
  TopicSet topics_;
  io::PoolDeque<Message> queue_;
  std::size_t queue_bytes_ = 0;
  bool wants_it_ = false;
};

}  // namespace spool::protocols
