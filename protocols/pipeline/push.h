// PUSH: each message to one puller. What a lost connection gives back unwritten goes to another.
//
//  sendable pipes | attach / sendable | send                              | ended / detach
//  ---------------+-------------------+-----------------------------------+----------------
//  none           | → some            | would_block                       | –
//  some           | added             | to the next by priority and turn; | → none, if last
//                 |                   | → none, if that filled the last   |
//
//  backlog | attach / sendable, or the timer       | send        | returned
//  --------+---------------------------------------+-------------+------------------------------
//  empty   | tell the user                         | as above    | sent as above; it cannot be:
//          |                                       |             | kept, → waiting
//  waiting | sent as above, oldest first; when all | would_block | kept behind them
//          | of it went: → empty, tell the user    |             |
//
// The backlog holds up to ProtocolOptions::queue_messages and queue_bytes; what it cannot hold is
// lost, and told when the pipe ends. A pipe that has room but no memory leaves the backlog waiting
// for the timer.
//
// Whatever a peer sends is dropped on arrival and counted (PipeStats::filtered).
#pragma once

#include "spool/io/pool_deque.h"
#include "spool/loop/timer_queue.h"
#include "spool/protocols/policy/load_balancer.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

class Push final : public Protocol {
 public:
  explicit Push(const ProtocolContext& context) noexcept;
  ~Push() override { host_.cancel(timer_); }

  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override {
    on_sendable(pipe);
    return Error::none;
  }
  void detach(io::Pipe& pipe) noexcept override { on_pipe_ended(pipe); }
  [[nodiscard]] Error send(Message& message) noexcept override {
    return backlog_.empty() ? balancer_.send(message) : Error::would_block;
  }
  [[nodiscard]] Result<Message> receive() noexcept override { return Error::not_supported; }
  [[nodiscard]] bool can_send() const noexcept override {
    return backlog_.empty() && balancer_.ready();
  }
  [[nodiscard]] bool can_receive() const noexcept override { return false; }
  [[nodiscard]] std::size_t waiting_messages() const noexcept override { return backlog_.size(); }

  void on_sendable(io::Pipe& pipe) noexcept override;
  void on_receivable(io::Pipe&) noexcept override {}
  [[nodiscard]] bool inspects() const noexcept override { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe&, std::span<const std::byte>) noexcept override {
    return io::Verdict::unasked;
  }
  [[nodiscard]] bool returns_unsent() const noexcept override { return true; }
  void on_returned(io::Pipe& pipe, Message message) noexcept override;
  void on_pipe_ended(io::Pipe& pipe) noexcept override;

 private:
  [[nodiscard]] bool keep(Message& message) noexcept;
  void send_backlog() noexcept;

  // So long a pipe that had no memory for the backlog is left alone.
  static constexpr Duration memory_pause = std::chrono::milliseconds(5);

  ProtocolHost& host_;
  const ProtocolOptions& options_;
  LoadBalancer balancer_;
  io::PoolDeque<Message> backlog_;
  std::size_t backlog_bytes_ = 0;
  std::uint64_t lost_ = 0;  // of what a pipe that is about to end has returned
  loop::Timer timer_;
};

}  // namespace spool::protocols
