// The sockets: one class for each pattern, with the calls that the pattern has; AnySocket and
// RawSocket with all of them, for tools and devices. See SocketType for what each pattern does, and
// docs/patterns/ for when to use which.
#pragma once

#include "spool/exchange.h"
#include "spool/protocols/socket_type.h"
#include "spool/socket.h"

namespace spool {

class Pair final : public Receiver<Sender<SocketBase>> {
 public:
  static constexpr SocketType type = SocketType::pair;

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

// With SocketOptions::polyamorous, a message goes to the peer that Message::peer() names, or to the
// one that has been there longest when it names none.
class Pair1 final : public Receiver<Sender<SocketBase>> {
 public:
  static constexpr SocketType type = SocketType::pair1;

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

// What was accepted and is not on its way when its peer is lost goes to another one, or waits for
// the next.
class Push final : public Sender<SocketBase> {
 public:
  static constexpr SocketType type = SocketType::push;

 private:
  friend class EventLoop;
  using Sender::Sender;
};

class Pull final : public Receiver<SocketBase> {
 public:
  static constexpr SocketType type = SocketType::pull;

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

// A Pub never blocks, so a program that does nothing but publish has to call poll_once itself, or
// nobody ever joins.
class Pub final : public Sender<SocketBase> {
 public:
  static constexpr SocketType type = SocketType::pub;

 private:
  friend class EventLoop;
  using Sender::Sender;
};

class Sub final : public Receiver<SocketBase> {
 public:
  static constexpr SocketType type = SocketType::sub;

  // Receives what begins with `topic`, from now on; "" is everything. The same topic twice needs
  // two unsubscribe. invalid_argument above 4096 bytes; no_memory, closed.
  Result<void> subscribe(std::string_view topic) noexcept {
    return this->change_subscription(topic, true);
  }
  // Also for messages that have arrived and were not received yet. invalid_argument when there is
  // no such subscription.
  Result<void> unsubscribe(std::string_view topic) noexcept {
    return this->change_subscription(topic, false);
  }
  // One more queue with subscriptions of its own. limit_reached (SocketOptions::exchanges_max),
  // no_memory, closed.
  [[nodiscard]] Result<Reader> open_reader() noexcept {
    const Result<ExchangeHandle> handle = this->open_exchange_handle({});
    if (!handle.ok()) return handle.error();
    return Reader(this->anchor(), handle.value());
  }

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

// try_send asks, try_recv has the reply: one request at a time, a new one cancels the one before.
// request() asks beside that, any number at a time.
class Req final : public Receiver<Sender<SocketBase>> {
 public:
  static constexpr SocketType type = SocketType::req;

  // Asks, as an exchange of its own: a Message, which is taken and left empty, or a copy of text or
  // bytes. On an error the message is as it was: invalid_argument (options; last_error names it),
  // limit_reached, no_memory, closed.
  template <typename Body>
  [[nodiscard]] Result<Exchange> request(Body&& body,
                                         const ExchangeOptions& options = {}) noexcept {
    Result<Exchange> exchange = open_exchange(options);
    if (!exchange.ok()) return exchange;
    const Result<void> begun = exchange->request(std::forward<Body>(body));
    return begun.ok() ? std::move(exchange) : Result<Exchange>(begun.error());
  }
  // One that asks later, and again and again.
  [[nodiscard]] Result<Exchange> open_exchange(const ExchangeOptions& options = {}) noexcept {
    const Result<ExchangeHandle> handle = this->open_exchange_handle(options);
    if (!handle.ok()) return handle.error();
    return Exchange(this->anchor(), handle.value());
  }
  // Forgets what try_send asked. wrong_state: nothing was.
  Result<void> cancel() noexcept { return this->cancel_current(); }

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

// try_recv takes a request, try_send answers it: one at a time, a further try_recv forgets the one
// before. try_recv_request takes them beside that, any number at a time.
class Rep final : public Receiver<Sender<SocketBase>> {
 public:
  static constexpr SocketType type = SocketType::rep;

  // The next request with its way back; would_block. closed.
  [[nodiscard]] Result<Request> try_recv_request() noexcept { return this->receive_request(); }
  [[nodiscard]] Result<Request> recv_request_for(Timeout timeout) noexcept {
    return this->receive_request_for(timeout);
  }

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

// try_send asks everybody, try_recv has the answers until the survey is over: one survey at a time,
// a new one cancels the one before. survey() asks beside that, any number at a time.
class Surveyor final : public Receiver<Sender<SocketBase>> {
 public:
  static constexpr SocketType type = SocketType::surveyor;

  // Asks, as a survey of its own. As Req::request.
  template <typename Body>
  [[nodiscard]] Result<Survey> survey(Body&& body, const ExchangeOptions& options = {}) noexcept {
    Result<Survey> survey = open_survey(options);
    if (!survey.ok()) return survey;
    const Result<void> begun = survey->survey(std::forward<Body>(body));
    return begun.ok() ? std::move(survey) : Result<Survey>(begun.error());
  }
  // One that asks later, and again and again.
  [[nodiscard]] Result<Survey> open_survey(const ExchangeOptions& options = {}) noexcept {
    const Result<ExchangeHandle> handle = this->open_exchange_handle(options);
    if (!handle.ok()) return handle.error();
    return Survey(this->anchor(), handle.value());
  }
  // Ends what try_send began. wrong_state: nothing is running.
  Result<void> cancel() noexcept { return this->cancel_current(); }

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

// As Rep, for surveys.
class Respondent final : public Receiver<Sender<SocketBase>> {
 public:
  static constexpr SocketType type = SocketType::respondent;

  [[nodiscard]] Result<Request> try_recv_request() noexcept { return this->receive_request(); }
  [[nodiscard]] Result<Request> recv_request_for(Timeout timeout) noexcept {
    return this->receive_request_for(timeout);
  }

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

class Bus final : public Receiver<Sender<SocketBase>> {
 public:
  static constexpr SocketType type = SocketType::bus;

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

// Any pattern, chosen at run time; what the pattern has not is not_supported.
class AnySocket final : public Receiver<Sender<SocketBase>> {
 public:
  Result<void> subscribe(std::string_view topic) noexcept {
    return this->change_subscription(topic, true);
  }
  Result<void> unsubscribe(std::string_view topic) noexcept {
    return this->change_subscription(topic, false);
  }
  Result<void> cancel() noexcept { return this->cancel_current(); }
  [[nodiscard]] Result<Request> try_recv_request() noexcept { return this->receive_request(); }

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

// Any pattern without its memory: what others keep in the socket (which peer, which request, how
// many hops) is in Message::header() of what is received, and must be there in what is sent
// (docs/patterns/devices.md). For devices (Device), and for programs that do routing of their own.
class RawSocket final : public Receiver<Sender<SocketBase>> {
 private:
  friend class Device;
  friend class EventLoop;
  [[nodiscard]] core::Anchor* anchor_of() const noexcept { return this->anchor(); }
  using Receiver::Receiver;
};

}  // namespace spool
