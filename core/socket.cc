#include "spool/core/socket.h"

#include <algorithm>
#include <utility>

#include "spool/core/context.h"
#include "spool/core/protocol_table.h"

namespace spool::core {

namespace {

io::Overflow overflow_rule(SocketType type, const SocketOptions& options) noexcept {
  if (!options.overflow.has_value())
    return type == SocketType::sub ? io::Overflow::drop_oldest : io::Overflow::wait;
  switch (*options.overflow) {
    case ReceiveOverflow::wait:
      return io::Overflow::wait;
    case ReceiveOverflow::drop_oldest:
      return io::Overflow::drop_oldest;
    case ReceiveOverflow::drop_newest:
      return io::Overflow::drop_newest;
  }
  return io::Overflow::wait;
}

protocols::Blocked blocked_rule(WhenBlocked rule) noexcept {
  switch (rule) {
    case WhenBlocked::drop_newest:
      return protocols::Blocked::drop_newest;
    case WhenBlocked::drop_oldest:
      return protocols::Blocked::drop_oldest;
    case WhenBlocked::disconnect:
      return protocols::Blocked::disconnect;
  }
  return protocols::Blocked::drop_newest;
}

void set_resend(protocols::ExchangeTimes& times, Timeout resend) noexcept {
  times.resends = resend.length().has_value();
  if (times.resends) times.resend_after = *resend.length();
}

}  // namespace

Socket::Socket(Context& context, SocketType type, bool raw, const SocketOptions& options) noexcept
    : context_(context), options_(options), type_(type), raw_(raw) {
  std::copy(options.name.begin(), options.name.end(), name_.begin());
  options_.name = {name_.data(), options.name.size()};
  pipe_config_.self = protocol_id(type);
  pipe_config_.peer = io::peer_of(pipe_config_.self);
  pipe_config_.max_message_size = options.max_message_size;
  pipe_config_.send_queue_bytes = options.send_queue_bytes;
  pipe_config_.send_queue_messages = options.send_queue_messages;
  pipe_config_.receive_queue_bytes = options.receive_queue_bytes;
  pipe_config_.receive_queue_messages = options.receive_queue_messages;
  pipe_config_.overflow = overflow_rule(type, options);
  pipe_config_.immediate_sends = options.immediate_sends;
  pipe_config_.handshake_timeout = options.handshake_timeout;
  protocol_options_.hop_limit = options.hop_limit;
  protocol_options_.survey_deadline = options.survey_deadline;
  protocol_options_.blocked = blocked_rule(options.when_blocked);
  protocol_options_.polyamorous = options.polyamorous;
  protocol_options_.overflow = pipe_config_.overflow;
  protocol_options_.queue_messages = options.receive_queue_messages;
  protocol_options_.queue_bytes = options.receive_queue_bytes;
  set_resend(protocol_options_.request, options.request_resend);
}

Socket::~Socket() { SPOOL_ASSERT(state_ == State::closed); }

Error Socket::start(SocketHandle handle) noexcept {
  handle_ = handle;
  protocol_ = make_protocol(
      type_, raw_,
      {*this, context_.memory(), context_.pool(), protocol_options_, context_.random_word()});
  if (protocol_) {
    ask_protocol();
    return Error::none;
  }
  state_ = State::closed;
  return Error::no_memory;
}

// Pipes ask the protocol only what it wants to be asked.
void Socket::ask_protocol() noexcept {
  pipe_config_.inspects = protocol_->inspects();
  pipe_config_.routes = protocol_->routes();
  pipe_config_.returns_unsent = protocol_->returns_unsent();
}

io::LinkConfig Socket::link_config(const EndpointOptions& endpoint) const noexcept {
  io::LinkConfig link;
  link.tcp_nodelay = endpoint.tcp_nodelay.value_or(options_.tcp_nodelay);
  link.tcp_keepalive = endpoint.tcp_keepalive.value_or(options_.tcp_keepalive);
  link.tcp_timeout = endpoint.tcp_timeout.value_or(options_.tcp_timeout);
  link.kernel_send_buffer = endpoint.kernel_send_buffer.value_or(options_.kernel_send_buffer);
  link.kernel_receive_buffer =
      endpoint.kernel_receive_buffer.value_or(options_.kernel_receive_buffer);
  link.ipc_permissions = endpoint.ipc_permissions;
  return link;
}

Error Socket::send(Message& message) noexcept {
  // What a former socket left in front of the body is not for these peers.
  if (!raw_ && !message.header().empty()) message.drop_header();
  const Error error = protocol_->send(message);
  // Whoever was told of room and has used it up is told again of the next.
  if (told_writable_ && (error == Error::would_block || !protocol_->can_send()))
    told_writable_ = false;
  return error;
}

Error Socket::reply(const Message& request, Message& answer) noexcept {
  const Error error = protocol_->reply(request, answer);
  if (error == Error::would_block) reply_blocked_ = true;
  return error;
}

// --- Exchanges --------------------------------------------------------------------------------

Error Socket::open_exchange(Exchange& exchange, ExchangeHandle handle,
                            const ExchangeOptions& options) noexcept {
  protocols::ExchangeTimes times = protocol_options_.request;
  times.deadline = options.deadline;
  if (options.resend.has_value()) set_resend(times, *options.resend);
  if (const Error error = exchange.open(handle, times); error != Error::none) return error;
  exchanges_.push_back(exchange);
  ++exchange_count_;
  ask_protocol();
  return Error::none;
}

void Socket::close_exchange(Exchange& exchange) noexcept {
  exchange.close();
  exchange.loop::Link<ExchangeListTag>::unlink();
  --exchange_count_;
  ask_protocol();
  context_.reap(exchange);
}

// --- Notices ----------------------------------------------------------------------------------

void Socket::on_readable() noexcept {
  if (state_ != State::open || (!on_readable_ && readers_.empty())) return;
  readable_news_ = true;
  context_.mark_changed(*this);
}

void Socket::on_writable() noexcept {
  if (state_ != State::open || (!on_writable_ && writers_.empty())) return;
  if (std::exchange(reply_blocked_, false)) reply_news_ = true;
  context_.mark_changed(*this);
}

void Socket::set_on_readable(Function<void()> fn) noexcept {
  on_readable_.set(std::move(fn));
  readable_news_ = false;
  if (can_receive()) on_readable();
}

void Socket::set_on_writable(Function<void()> fn) noexcept {
  on_writable_.set(std::move(fn));
  told_writable_ = false;
  if (on_writable_ && can_send()) context_.mark_changed(*this);
}

std::uint32_t Socket::notify() noexcept {
  std::uint32_t calls = 0;
  if (state_ == State::open && on_readable_ && can_receive() &&
      std::exchange(readable_news_, false)) {
    const std::uint32_t takes = takes_;
    on_readable_.call();
    ++calls;
    // Who reads is called again while there is more; who does not, when more arrives.
    if (takes_ != takes && can_receive()) on_readable();
  }
  const bool room = can_send();
  if (state_ == State::open && on_writable_ && ((room && !told_writable_) || reply_news_)) {
    told_writable_ = room;
    reply_news_ = false;
    on_writable_.call();
    ++calls;
  }
  return calls + serve_waiters();
}

std::uint32_t Socket::serve_waiters() noexcept {
  if (readers_.empty() && writers_.empty()) return 0;
  const auto open = [this] { return state_ == State::open; };
  const auto receivable = [this] { return can_receive(); };
  const auto sendable = [this] { return can_send(); };
  std::uint32_t calls = context_.serve(readers_, receivable, open);
  calls += context_.serve(writers_, sendable, open);
  if ((!readers_.empty() && can_receive()) || (!writers_.empty() && can_send()))
    context_.mark_changed(*this);
  return calls;
}

void Socket::wait_readable(Waiter& waiter, std::optional<Instant> deadline) noexcept {
  context_.wait(waiter, &readers_, deadline);
  if (can_receive()) context_.mark_changed(*this);
}

void Socket::wait_writable(Waiter& waiter, std::optional<Instant> deadline) noexcept {
  context_.wait(waiter, &writers_, deadline);
  if (can_send()) context_.mark_changed(*this);
}

// --- protocols::ProtocolHost ------------------------------------------------------------------

void Socket::report_peer(EventKind kind, const io::Pipe& pipe, Error error, int os_error,
                         std::uint64_t lost) noexcept {
  Event event;
  event.kind = kind;
  event.error = error;
  event.os_error = os_error;
  event.lost = lost;
  event.peer = pipe.peer_number;
  event.endpoint = EndpointHandle::from(pipe.owner_key);
  name_peer(pipe, event.address);
  report(event);
}

void Socket::on_peer_blocked(io::Pipe& pipe) noexcept {
  report_peer(EventKind::peer_blocked, pipe, Error::none, 0, 0);
}

void Socket::on_peer_caught_up(io::Pipe& pipe) noexcept {
  report_peer(EventKind::peer_caught_up, pipe, Error::none, 0, pipe.missed_in_episode);
}

void Socket::on_lost(std::uint64_t messages) noexcept {
  if (messages == 0) return;
  counts_.lost_unsent += messages;
  Event event;
  event.kind = EventKind::messages_lost;
  event.lost = messages;
  report(event);
}

void Socket::schedule_after(loop::Timer& timer, Duration delay) noexcept {
  context_.reactor().schedule_after(timer, delay);
}

void Socket::cancel(loop::Timer& timer) noexcept { context_.reactor().cancel(timer); }

// --- Closing ----------------------------------------------------------------------------------

void Socket::close_endpoint(Endpoint& endpoint) noexcept {
  linger_ = options_.linger;
  endpoint.unlink();
  endpoint.close();
}

void Socket::close_endpoints() noexcept {
  while (Endpoint* endpoint = endpoints_.pop_front()) {
    endpoint->close();
    context_.forget(*endpoint);
  }
}

void Socket::close(Duration linger, std::uint64_t* lost) noexcept {
  if (state_ != State::open) return;
  state_ = State::closing;
  linger_ = linger;
  lost_result_ = lost;
  on_readable_.set(nullptr);
  on_writable_.set(nullptr);
  context_.wake_all(readers_, Error::closed);
  context_.wake_all(writers_, Error::closed);
  admission_ = nullptr;
  loop::Link<ChangedTag>::unlink();
  // No peer can be waited for that may never come; and nothing is to be asked again when its peer
  // goes in what follows.
  const std::size_t waiting = protocol_->waiting_messages();
  while (Exchange* exchange = exchanges_.front()) close_exchange(*exchange);
  static_cast<void>(protocol_->cancel());
  closing_endpoints_ = true;
  // Former peers whose messages nobody will take.
  for (io::Pipe* pipe = released_.front(); pipe != nullptr;) {
    io::Pipe* next = released_.next(*pipe);
    if (pipe->ended()) finish(*pipe);
    pipe = next;
  }
  close_endpoints();
  on_lost(waiting);
  closing_endpoints_ = false;
  finish_closing();
}

void Socket::abort() noexcept {
  close(Duration::zero());
  while (io::Pipe* pipe = released_.front()) finish(*pipe);
}

// The last step, when nothing is left to wait for.
void Socket::finish_closing() noexcept {
  if (state_ != State::closing || closing_endpoints_ || !released_.empty()) return;
  state_ = State::closed;
  Event event;
  event.kind = EventKind::closed;
  event.lost = stats().lost_unsent;
  if (lost_result_ != nullptr) *lost_result_ = event.lost;
  report(event);
  context_.reap(*this);
}

}  // namespace spool::core
