// Exchange, Survey, Reader, Request: the conversations of one socket, any number at a time: what
// nng calls contexts. Each of the first three is a handle like a socket: it moves, its destructor
// ends it, and every call after that, or after its socket or loop is gone, says Error::closed.
//
// All calls: from the loop's thread, also from within its callbacks; none of them calls back, none
// waits unless its name ends in _for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "spool/core/events.h"
#include "spool/core/options.h"
#include "spool/core/waiter.h"
#include "spool/io/message.h"
#include "spool/loop/function.h"
#include "spool/loop/result.h"
#include "spool/loop/time.h"

namespace spool {

namespace core {
class Anchor;
}  // namespace core

// What they share.
class ExchangeBase {
 public:
  ExchangeBase(ExchangeBase&& other) noexcept;
  ExchangeBase& operator=(ExchangeBase&& other) noexcept;
  ExchangeBase(const ExchangeBase&) = delete;
  ExchangeBase& operator=(const ExchangeBase&) = delete;
  // Like close().
  ~ExchangeBase();

  // The next message: the reply, an answer, what a reader subscribed to. would_block: none yet.
  // Reader: nothing else. Exchange and Survey: see there how they end.
  [[nodiscard]] Result<Message> try_recv() noexcept;
  // Drives the loop until try_recv says something else than would_block; timed_out when that takes
  // longer, and nothing else has happened then. Within a callback it cannot wait: reentrant.
  [[nodiscard]] Result<Message> recv_for(Timeout timeout) noexcept;
  // Would try_recv say something else than would_block and wrong_state?
  [[nodiscard]] bool can_recv() const noexcept;
  // As SocketBase::on_readable; also called when it ends without a message.
  void on_readable(Function<void()> callback) noexcept;
  // As SocketBase::wait_readable; also called when it ends without a message.
  Result<void> wait_readable(Waiter& waiter, std::optional<Instant> deadline) noexcept;

  // Ends it: what was asked is forgotten, answers that still come are dropped and counted.
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept;
  [[nodiscard]] ExchangeHandle handle() const noexcept { return handle_; }

 protected:
  ExchangeBase(core::Anchor* anchor, ExchangeHandle handle) noexcept;
  [[nodiscard]] Error start(Message& message) noexcept;
  [[nodiscard]] Error start(std::span<const std::byte> body) noexcept;
  [[nodiscard]] Error cancel_current() noexcept;
  [[nodiscard]] Error change_subscription(std::string_view topic, bool add) noexcept;

 private:
  core::Anchor* anchor_ = nullptr;
  ExchangeHandle handle_{};
};

// One request at a time of a REQ socket that may have many (Req::request, Req::open_exchange).
//
// try_recv: the reply, once. deadline_passed: its deadline is over. peer_closed: the peer that had
// it is gone, and it is never sent again (ExchangeOptions::resend). wrong_state: nothing is asked,
// or all has been said. Without a deadline it waits for as long as it takes: through reconnects,
// and through repliers that die.
class Exchange final : public ExchangeBase {
 public:
  // Asks anew; what was asked before is cancelled. Takes the message and leaves it empty; without a
  // peer it is kept until there is one. no_memory: the message is the caller's, as it was.
  Result<void> request(Message& message) noexcept { return this->start(message); }
  Result<void> request(Message&& message) noexcept { return this->start(message); }
  // The same with a copy of the bytes.
  Result<void> request(std::string_view body) noexcept {
    return this->start(std::as_bytes(std::span(body)));
  }
  Result<void> request(std::span<const std::byte> body) noexcept { return this->start(body); }
  // Forgets what was asked. wrong_state: nothing was.
  Result<void> cancel() noexcept { return this->cancel_current(); }

 private:
  friend class Req;
  using ExchangeBase::ExchangeBase;
};

// One survey at a time of a SURVEYOR socket that may have many (Surveyor::survey).
//
// try_recv: the next answer; Message::peer() says whose. deadline_passed: the survey is over, and
// all answers that came in time have been received; told once, then wrong_state.
class Survey final : public ExchangeBase {
 public:
  // Asks everybody anew; the survey before is cancelled. As Exchange::request.
  Result<void> survey(Message& message) noexcept { return this->start(message); }
  Result<void> survey(Message&& message) noexcept { return this->start(message); }
  Result<void> survey(std::string_view body) noexcept {
    return this->start(std::as_bytes(std::span(body)));
  }
  Result<void> survey(std::span<const std::byte> body) noexcept { return this->start(body); }
  // Takes no more answers, and drops those that were not received. wrong_state: none is running.
  Result<void> cancel() noexcept { return this->cancel_current(); }

 private:
  friend class Surveyor;
  using ExchangeBase::ExchangeBase;
};

// Subscriptions and a queue of its own, beside those of its SUB socket (Sub::open_reader). Several
// readers share each message, without a copy. The queue is limited like the socket's; what
// overflows is dropped by the same rule (`wait` counts as drop_newest), and counted.
class Reader final : public ExchangeBase {
 public:
  // As Sub's.
  Result<void> subscribe(std::string_view topic) noexcept {
    return this->change_subscription(topic, true);
  }
  Result<void> unsubscribe(std::string_view topic) noexcept {
    return this->change_subscription(topic, false);
  }

 private:
  friend class Sub;
  using ExchangeBase::ExchangeBase;
};

// A request (or survey) that came in, with its way back: Rep::try_recv_request. A value that the
// library knows nothing of: keep as many as you like, answer in any order, or never. A message's
// worth of memory each.
class Request {
 public:
  Request(Request&& other) noexcept;
  Request& operator=(Request&& other) noexcept;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  ~Request();

  // What was asked.
  [[nodiscard]] const Message& message() const noexcept { return message_; }
  [[nodiscard]] std::span<const std::byte> body() const noexcept { return message_.body(); }
  [[nodiscard]] std::string_view text() const noexcept { return message_.text(); }
  // By whom: the number of the peer that it came from, which may be a device.
  [[nodiscard]] std::uint32_t peer() const noexcept { return message_.peer(); }

  // Answers. Takes the message and leaves it empty; on an error it is as it was, and the caller's.
  // would_block: that peer takes nothing now; its socket's on_writable says when to try again.
  // peer_closed: it is gone, and the answer
  // goes nowhere (counted). wrong_state: answered already. no_memory, closed.
  Result<void> reply(Message& answer) noexcept;
  Result<void> reply(Message&& answer) noexcept { return reply(answer); }
  // The same with a copy of the bytes.
  Result<void> reply(std::string_view body) noexcept {
    return reply(std::as_bytes(std::span(body)));
  }
  Result<void> reply(std::span<const std::byte> body) noexcept;

 private:
  friend class SocketBase;
  Request(core::Anchor* anchor, SocketHandle socket, Message message) noexcept;

  core::Anchor* anchor_ = nullptr;
  SocketHandle socket_{};
  Message message_;  // its header is the way back
  bool answered_ = false;
};

}  // namespace spool
