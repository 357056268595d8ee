// REQ: asks one of its peers and waits for the answer. Each exchange has one request at a time; the
// socket's own exchange is one of them.
//
//  state    | start     | a pipe can | reply with | resend    | its pipe ends | deadline
//           |           | send       | its id     | time      | or is detached|
//  ---------+-----------+------------+------------+-----------+---------------+----------
//  idle     | → waiting | –          | stale      | –         | –             | –
//  waiting  | → waiting | → sent *   | → answered | –         | –             | → failed
//  sent     | → waiting | –          | → answered | → waiting | → waiting **  | → failed
//  answered | → waiting | –          | stale      | –         | –             | –
//  failed   | → waiting | –          | stale      | –         | –             | –
//
//  state    | cancel      | close | receive
//  ---------+-------------+-------+-------------------
//  idle     | wrong_state | → gone| wrong_state
//  waiting  | → idle      | → gone| would_block
//  sent     | → idle      | → gone| would_block
//  answered | → idle      | → gone| the reply, → idle
//  failed   | → idle      | → gone| the reason, → idle
//
// *  First come, first served; also from within the call that made it wait, so that a request waits
//    only while no pipe can take one. Without memory it stays, and this is tried again shortly.
// ** A request that is never sent again: → failed (peer_closed).
//
// start begins anew, under a new id, whatever there was; without memory nothing changes. A reply
// counts whichever pipe it comes from: the one that had the request before may be late. stale:
// dropped and counted. The user is told on entering answered and failed, and never else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "spool/loop/intrusive_list.h"
#include "spool/loop/object_pool.h"
#include "spool/loop/timer_queue.h"
#include "spool/protocols/policy/backtrace.h"
#include "spool/protocols/policy/id_table.h"
#include "spool/protocols/policy/load_balancer.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

class Req final : public Protocol {
 public:
  explicit Req(const ProtocolContext& context) noexcept;
  // Pipes are detached, and exchanges closed, before.
  ~Req() override { host_.cancel(retry_); }

  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override;
  void detach(io::Pipe& pipe) noexcept override;

  // The socket's own exchange.
  [[nodiscard]] Error send(Message& message) noexcept override { return own_.start(message); }
  [[nodiscard]] Result<Message> receive() noexcept override { return own_.receive(); }
  [[nodiscard]] Error cancel() noexcept override { return own_.cancel(); }
  [[nodiscard]] bool can_send() const noexcept override { return true; }
  [[nodiscard]] bool can_receive() const noexcept override { return own_.can_receive(); }

  // Of all exchanges.
  [[nodiscard]] std::size_t waiting_messages() const noexcept override { return waiting_; }
  [[nodiscard]] Result<Exchange*> open_exchange(ExchangeHost& host,
                                                const ExchangeTimes& times) noexcept override;
  void close_exchange(Exchange& exchange) noexcept override;

  [[nodiscard]] bool inspects() const noexcept override { return true; }
  [[nodiscard]] bool routes() const noexcept override { return true; }
  // Requests are kept here until they are answered, and sent again: those that come back unwritten
  // are not lost.
  [[nodiscard]] bool returns_unsent() const noexcept override { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe&,
                                    std::span<const std::byte> payload) noexcept override {
    return payload.size() < word_size ? io::Verdict::malformed : io::Verdict::keep;
  }
  [[nodiscard]] bool route(io::Pipe& pipe, Message& message) noexcept override;
  void on_sendable(io::Pipe& pipe) noexcept override;
  void on_receivable(io::Pipe&) noexcept override {}  // route() leaves nothing in a queue
  void on_pipe_ended(io::Pipe& pipe) noexcept override;

 private:
  struct InLine {};

  // Owned by the Req. Linked in the line while waiting, and in the list of its pipe while sent.
  class Request final : public Exchange, public loop::Link<InLine> {
   public:
    Request(Req& req, ExchangeHost& host, const ExchangeTimes& times) noexcept
        : req_(req),
          host_(host),
          times_(times),
          resend_(loop::Timer::call<&Request::on_resend_time, Request>, this),
          deadline_(loop::Timer::call<&Request::on_deadline, Request>, this) {}
    ~Request() override { enter(State::idle); }

    [[nodiscard]] Error start(Message& message) noexcept override;
    [[nodiscard]] Result<Message> receive() noexcept override;
    [[nodiscard]] bool can_receive() const noexcept override {
      return state_ == State::answered || state_ == State::failed;
    }
    [[nodiscard]] Error cancel() noexcept override;

    // Waiting: `pipe`, whose turn it is, takes it. no_memory: it goes on waiting.
    [[nodiscard]] Error hand_to(io::Pipe& pipe) noexcept;
    // Waiting or sent: the first reply.
    void answer(Message reply) noexcept;
    // Sent: the pipe is gone.
    void lose_pipe() noexcept;

   private:
    enum class State : std::uint8_t {
      idle,      // nothing was asked, or everything was said
      waiting,   // for a pipe that can take it
      sent,      // a pipe has it
      answered,  // the reply is here
      failed,    // there will be none, and nobody was told why yet
    };
    [[nodiscard]] static bool is_open(State state) noexcept {
      return state == State::waiting || state == State::sent;
    }
    void enter(State next) noexcept;
    void fail(Error reason) noexcept;
    void on_resend_time() noexcept;
    void on_deadline() noexcept { fail(Error::deadline_passed); }

    Req& req_;
    ExchangeHost& host_;
    ExchangeTimes times_;
    State state_ = State::idle;
    bool was_sent_ = false;       // once at least
    Error reason_ = Error::none;  // of failed
    std::uint32_t id_ = 0;        // in the table while waiting or sent
    Message message_;             // what is asked, as long as it may be sent; then the reply
    loop::Timer resend_;          // while sent
    loop::Timer deadline_;        // while waiting or sent
  };
  using Requests = loop::List<Request, InLine>;

  [[nodiscard]] static Requests& carried_by(io::Pipe& pipe) noexcept {
    return *static_cast<Requests*>(pipe.protocol_data);
  }
  [[nodiscard]] Error push_id(Message& message, std::uint32_t id) noexcept;
  void hand_out() noexcept;

  ProtocolHost& host_;
  MessagePool& pool_;
  std::uint32_t next_id_;
  IdTable<Request> open_;  // waiting and sent ones, by id
  LoadBalancer balancer_;
  Requests line_;  // those that wait for a pipe
  std::size_t waiting_ = 0;
  loop::ObjectPool<Requests> carried_;  // one list for each attached pipe
  loop::ObjectPool<Request> requests_;
  loop::Timer retry_;
  Request own_;
};

}  // namespace spool::protocols
