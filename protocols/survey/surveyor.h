// SURVEYOR: asks everybody, and takes answers until a deadline. Any number of surveys at a time.
//
//  a survey is | start              | an answer to it    | deadline      | receive         | cancel
//  ------------+--------------------+--------------------+---------------+-----------------+-------
//  idle        | → running          | – (has no id)      | –             | wrong_state     | wrong_
//              |                    |                    |               |                 | state
//  running     | → running; forgets | queued, tell the   | → over,       | the next;       | → idle
//              | the former         | user; full or no   | tell the user | none:           |
//              |                    | memory: overflowed |               | would_block     |
//  over        | → running          | – (has no id)      | –             | the next;       | → idle
//              |                    |                    |               | none: → idle,   |
//              |                    |                    |               | deadline_passed |
//
// start() asks the peers that there are; none is no error. Without memory for it nothing changes:
// a former survey goes on. Answers that were taken in before the deadline can be received after it;
// those that are forgotten unread, and all that come too late, for nobody, or over a further hop
// are counted as stale.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spool/io/pool_deque.h"
#include "spool/loop/object_pool.h"
#include "spool/protocols/policy/broadcast.h"
#include "spool/protocols/policy/id_table.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

class Surveyor;

// Owned by its Surveyor. It has an id, and stands in the table of ids, only while it runs.
class Survey final : public Exchange {
 public:
  Survey(Surveyor& surveyor, ExchangeHost& host, const ExchangeTimes& times) noexcept;
  ~Survey() override { forget(); }

  [[nodiscard]] Error start(Message& message) noexcept override;
  [[nodiscard]] Result<Message> receive() noexcept override;
  [[nodiscard]] bool can_receive() const noexcept override;
  [[nodiscard]] Error cancel() noexcept override;

  void on_answer(Message& answer) noexcept;

 private:
  enum class State : std::uint8_t { idle, running, over };

  void forget() noexcept;
  void on_deadline() noexcept;
  [[nodiscard]] bool full() const noexcept;

  Surveyor& surveyor_;
  ExchangeHost& host_;
  Duration deadline_;
  loop::Timer timer_;  // while it runs
  io::PoolDeque<Message> answers_;
  std::size_t answers_bytes_ = 0;
  std::uint32_t id_ = 0;  // while it runs
  State state_ = State::idle;
};

class Surveyor final : public Protocol {
 public:
  explicit Surveyor(const ProtocolContext& context) noexcept
      : context_(context),
        peers_(context, stats_),
        running_(context.memory),
        surveys_(context.memory),
        next_id_(context.seed),
        own_(*this, context.host, {}) {}

  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override {
    peers_.add(pipe);
    on_receivable(pipe);
    return Error::none;
  }
  void detach(io::Pipe& pipe) noexcept override { peers_.remove(pipe); }
  // The socket's own survey.
  [[nodiscard]] Error send(Message& message) noexcept override { return own_.start(message); }
  [[nodiscard]] Result<Message> receive() noexcept override { return own_.receive(); }
  [[nodiscard]] Error cancel() noexcept override { return own_.cancel(); }
  [[nodiscard]] bool can_send() const noexcept override { return true; }
  [[nodiscard]] bool can_receive() const noexcept override { return own_.can_receive(); }

  [[nodiscard]] Result<Exchange*> open_exchange(ExchangeHost& host,
                                                const ExchangeTimes& times) noexcept override;
  void close_exchange(Exchange& exchange) noexcept override;

  void on_sendable(io::Pipe& pipe) noexcept override { peers_.on_sendable(pipe); }
  // What route() was not asked about came before the pipe was ours, and answers nothing.
  void on_receivable(io::Pipe& pipe) noexcept override {
    for (; pipe.receivable(); ++stats_.stale) static_cast<void>(pipe.take());
  }
  [[nodiscard]] bool inspects() const noexcept override { return true; }
  [[nodiscard]] bool routes() const noexcept override { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe& pipe,
                                    std::span<const std::byte> payload) noexcept override;
  [[nodiscard]] bool route(io::Pipe& pipe, Message& message) noexcept override;
  void on_pipe_ended(io::Pipe& pipe) noexcept override { peers_.remove(pipe); }

 private:
  friend class Survey;

  const ProtocolContext context_;
  Broadcast peers_;
  IdTable<Survey> running_;  // by id word
  loop::ObjectPool<Survey> surveys_;
  std::uint32_t next_id_;  // for all of them
  Survey own_;             // the last: it leaves the table before that goes
};

}  // namespace spool::protocols
