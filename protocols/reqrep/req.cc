#include "spool/protocols/reqrep/req.h"

#include <utility>

#include "spool/io/wire.h"

namespace spool::protocols {

namespace {

// How long after want of memory a request is handed out again, if nothing else comes first.
constexpr Duration retry_after = std::chrono::milliseconds(5);

}  // namespace

// --- One request --------------------------------------------------------------------------------

// The one writer of state_. Undoes what belongs to the old state; what the new one needs besides,
// the caller adds.
void Req::Request::enter(State next) noexcept {
  unlink();  // from the line, or from its pipe
  req_.host_.cancel(resend_);
  if (state_ == State::waiting) --req_.waiting_;
  if (is_open(state_) && !is_open(next)) {
    req_.open_.erase(id_);
    req_.host_.cancel(deadline_);
  }
  if (!is_open(next)) message_.reset();
  state_ = next;
  if (next != State::waiting) return;
  req_.line_.push_back(*this);
  ++req_.waiting_;
}

Error Req::Request::start(Message& message) noexcept {
  const std::uint32_t id = req_.open_.free_id(req_.next_id_);
  if (!req_.open_.insert(id, *this)) return Error::no_memory;
  const Error error = req_.push_id(message, id);
  if (error != Error::none) {
    req_.open_.erase(id);
    return error;
  }
  enter(State::idle);
  id_ = id;
  req_.next_id_ = id + 1;
  message_ = std::move(message);
  was_sent_ = false;
  enter(State::waiting);
  if (times_.deadline) req_.host_.schedule_after(deadline_, *times_.deadline);
  req_.hand_out();
  return Error::none;
}

Error Req::Request::hand_to(io::Pipe& pipe) noexcept {
  Message copy = message_.share();
  const Error error = req_.balancer_.send(copy);
  if (error != Error::none) return error;
  if (std::exchange(was_sent_, true)) ++req_.stats_.resent;
  enter(State::sent);
  carried_by(pipe).push_back(*this);
  if (times_.resends)
    req_.host_.schedule_after(resend_, times_.resend_after);
  else
    message_.reset();
  return Error::none;
}

// To the next pipe, and if that takes nothing now, to the first that does.
void Req::Request::on_resend_time() noexcept {
  enter(State::waiting);
  req_.hand_out();
}

void Req::Request::lose_pipe() noexcept {
  if (times_.resends)
    enter(State::waiting);
  else
    fail(Error::peer_closed);
}

void Req::Request::answer(Message reply) noexcept {
  enter(State::answered);
  message_ = std::move(reply);
  host_.on_readable();
}

void Req::Request::fail(Error reason) noexcept {
  enter(State::failed);
  reason_ = reason;
  host_.on_readable();
}

Result<Message> Req::Request::receive() noexcept {
  switch (state_) {
    case State::idle:
      return Error::wrong_state;
    case State::waiting:
    case State::sent:
      return Error::would_block;
    case State::answered: {
      Message reply = std::move(message_);
      enter(State::idle);
      return reply;
    }
    case State::failed:
      enter(State::idle);
      return reason_;
  }
  return Error::wrong_state;
}

Error Req::Request::cancel() noexcept {
  if (state_ == State::idle) return Error::wrong_state;
  enter(State::idle);
  return Error::none;
}

// --- All of them --------------------------------------------------------------------------------

Req::Req(const ProtocolContext& context) noexcept
    : host_(context.host),
      pool_(context.pool),
      next_id_(context.seed),
      open_(context.memory),
      carried_(context.memory),
      requests_(context.memory),
      retry_(loop::Timer::call<&Req::hand_out, Req>, this),
      own_(*this, context.host, context.options.request) {}

// In front of the body alone: who passes a request on may still have its old way back in front.
Error Req::push_id(Message& message, std::uint32_t id) noexcept {
  if (message.header().empty()) return pool_.push_header(message, encode_word(id));
  Message bare = message.share();
  bare.drop_header();
  const Error error = pool_.push_header(bare, encode_word(id));
  if (error == Error::none) message = std::move(bare);
  return error;
}

// Gives those in line to pipes, as long as one can take any. Each call is a new try, so it does no
// harm that it moves the timer.
void Req::hand_out() noexcept {
  while (Request* request = line_.front()) {
    io::Pipe* pipe = balancer_.pick();
    if (pipe == nullptr) return;
    if (request->hand_to(*pipe) != Error::none) return host_.schedule_after(retry_, retry_after);
  }
}

Error Req::attach(io::Pipe& pipe) noexcept {
  Requests* carried = carried_.create();
  if (carried == nullptr) return Error::no_memory;
  pipe.protocol_data = carried;
  on_sendable(pipe);
  return Error::none;
}

void Req::detach(io::Pipe& pipe) noexcept {
  on_pipe_ended(pipe);
  carried_.destroy(&carried_by(pipe));
  pipe.protocol_data = nullptr;
}

void Req::on_sendable(io::Pipe& pipe) noexcept {
  balancer_.activate(pipe);
  hand_out();
}

void Req::on_pipe_ended(io::Pipe& pipe) noexcept {
  balancer_.remove(pipe);
  Requests& carried = carried_by(pipe);
  while (Request* request = carried.front()) request->lose_pipe();
  hand_out();
}

bool Req::route(io::Pipe&, Message& message) noexcept {
  const std::byte* bytes = message.body().data();
  Request* request = message.size() < word_size ? nullptr : open_.find(io::load_u32(bytes));
  if (request == nullptr) {
    ++stats_.stale;
    message.reset();
    return true;
  }
  message.body_to_header(word_size);
  message.drop_header();
  request->answer(std::move(message));
  return true;
}

Result<Exchange*> Req::open_exchange(ExchangeHost& host, const ExchangeTimes& times) noexcept {
  Request* request = requests_.create(*this, host, times);
  if (request == nullptr) return Error::no_memory;
  return static_cast<Exchange*>(request);
}

void Req::close_exchange(Exchange& exchange) noexcept {
  SPOOL_ASSERT(&exchange != &own_);
  requests_.destroy(static_cast<Request*>(&exchange));
}

}  // namespace spool::protocols
