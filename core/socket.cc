#include "spool/core/socket.h"

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

}  // namespace

Socket::Socket(Context& context, SocketType type, bool raw, const SocketOptions& options) noexcept
    : context_(context), options_(options), type_(type), raw_(raw) {
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

io::LinkConfig Socket::link_config() const noexcept {
  return {options_.tcp_nodelay, options_.tcp_keepalive, options_.kernel_send_buffer,
          options_.kernel_receive_buffer};
}

// --- Notices ----------------------------------------------------------------------------------

void Socket::on_readable() noexcept {
  if (state_ != State::open || !on_readable_) return;
  readable_news_ = true;
  context_.mark_changed(*this);
}

void Socket::on_writable() noexcept {
  if (state_ == State::open && on_writable_) context_.mark_changed(*this);
}

void Socket::set_on_readable(Function<void()> fn) noexcept {
  on_readable_ = std::move(fn);
  readable_replaced_ = true;
  readable_news_ = false;
  if (can_receive()) on_readable();
}

void Socket::set_on_writable(Function<void()> fn) noexcept {
  on_writable_ = std::move(fn);
  writable_replaced_ = true;
  told_writable_ = false;
  if (on_writable_ && can_send()) context_.mark_changed(*this);
}

// The function lives on the stack while it runs: it may replace itself, and close the socket.
void Socket::call(Function<void()>& slot, bool& replaced) noexcept {
  replaced = false;
  Function<void()> running = std::move(slot);
  running();
  if (!replaced) slot = std::move(running);
}

std::uint32_t Socket::notify() noexcept {
  std::uint32_t calls = 0;
  if (state_ == State::open && on_readable_ && can_receive() &&
      std::exchange(readable_news_, false)) {
    const std::uint32_t takes = takes_;
    call(on_readable_, readable_replaced_);
    ++calls;
    // Who reads is called again while there is more; who does not, when more arrives.
    if (takes_ != takes && can_receive()) on_readable();
  }
  if (state_ == State::open && on_writable_ && can_send() && !told_writable_) {
    told_writable_ = true;
    call(on_writable_, writable_replaced_);
    ++calls;
  }
  return calls;
}

// --- protocols::ProtocolHost ------------------------------------------------------------------

void Socket::report_peer(EventKind kind, const io::Pipe& pipe, Error error,
                         std::uint64_t lost) noexcept {
  Event event;
  event.kind = kind;
  event.error = error;
  event.lost = lost;
  event.peer = pipe.peer_number;
  pipe.describe_peer(event.address);
  report(event);
}

void Socket::on_peer_blocked(io::Pipe& pipe) noexcept {
  report_peer(EventKind::peer_blocked, pipe, Error::none, 0);
}

void Socket::on_peer_caught_up(io::Pipe& pipe) noexcept {
  report_peer(EventKind::peer_caught_up, pipe, Error::none, pipe.missed_in_episode);
}

void Socket::on_lost(std::uint64_t messages) noexcept {
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

// --- Pipes ------------------------------------------------------------------------------------

Error Socket::attach(io::Pipe& pipe, Endpoint&) noexcept {
  const bool was_sendable = can_send();
  pipe.peer_number = next_peer_;
  pipe.set_user(protocol_.get());
  if (const Error error = protocol_->attach(pipe); error != Error::none) {
    pipe.set_user(nullptr);
    pipe.peer_number = 0;
    return error;
  }
  // 31 bits: it is a word of a backtrace. Two billion connections later the first ones are gone.
  next_peer_ = next_peer_ == 0x7fff'ffff ? 1 : next_peer_ + 1;
  peers_.push_back(pipe);
  ++peer_count_;
  if (!was_sendable) told_writable_ = false;
  return Error::none;
}

void Socket::detach(io::Pipe& pipe) noexcept {
  if (!pipe.loop::Link<io::PeerList>::linked()) return;
  protocol_->detach(pipe);
  pipe.set_user(nullptr);
  pipe.loop::Link<io::PeerList>::unlink();
}

// The pipe's endpoint has done with it. It has ended and may hold messages to take, or its
// endpoint was closed and it may have some to write.
void Socket::release(io::Pipe& pipe) noexcept {
  --peer_count_;
  pipe.set_owner(*this);
  released_.push_back(pipe);
  ++released_count_;
  if (pipe.ended() && pipe.receivable() && state_ == State::open) {
    // Peers that come, leave a message and go must not pile up without limit.
    if (released_count_ > left_overs_max) finish_oldest_ended();
    return;
  }
  drain_or_close(pipe);
}

void Socket::drain_or_close(io::Pipe& pipe) noexcept {
  detach(pipe);
  if (pipe.ended() || linger_ == Duration::zero()) return finish(pipe);
  pipe.drain(linger_);
}

void Socket::finish_oldest_ended() noexcept {
  io::Pipe* pipe = released_.front();
  while (pipe != nullptr && !pipe->ended()) pipe = released_.next(*pipe);
  if (pipe != nullptr) finish(*pipe);
}

// The last that is heard of a released pipe.
void Socket::finish(io::Pipe& pipe) noexcept {
  detach(pipe);
  pipe.loop::Link<io::OwnerList>::unlink();
  --released_count_;
  const std::uint64_t lost_before = pipe.stats().lost;
  pipe.close();
  report_lost(pipe, pipe.stats().lost - lost_before, Error::none, 0);
  discard(pipe);
  finish_closing();
}

void Socket::report_lost(const io::Pipe& pipe, std::uint64_t lost, Error reason,
                         int os_error) noexcept {
  if (lost == 0) return;
  Event event;
  event.kind = EventKind::messages_lost;
  event.error = reason;
  event.os_error = os_error;
  event.lost = lost;
  event.peer = pipe.peer_number;
  pipe.describe_peer(event.address);
  report(event);
}

void Socket::discard(io::Pipe& pipe) noexcept {
  finished_.add(pipe.stats());
  context_.reap(pipe);
}

void Socket::on_pipe_open(io::Pipe&) noexcept { SPOOL_ASSERT(false); }

// A draining pipe is through, or its time is over, or its peer is gone.
void Socket::on_pipe_closed(io::Pipe& pipe, Error reason, int os_error) noexcept {
  report_lost(pipe, pipe.stats().lost, reason, os_error);
  finish(pipe);
}

void Socket::on_pipe_drained(io::Pipe& pipe) noexcept { finish(pipe); }

void Socket::on_pipe_dropped(io::Pipe& pipe, Error reason, std::uint64_t count) noexcept {
  report_peer(EventKind::messages_dropped, pipe, reason, count);
}

void Socket::report(Event event) noexcept {
  event.socket = handle_;
  switch (event.kind) {
    case EventKind::peer_joined:
      ++counts_.peers_joined;
      break;
    case EventKind::peer_left:
      ++counts_.peers_left;
      break;
    case EventKind::peer_refused:
      ++counts_.peers_refused;
      break;
    case EventKind::handshake_failed:
      ++counts_.handshakes_failed;
      break;
    case EventKind::connect_failed:
      ++counts_.connects_failed;
      break;
    case EventKind::accept_failed:
      ++counts_.accepts_failed;
      break;
    case EventKind::listening:
    case EventKind::connecting:
    case EventKind::accepted:
    case EventKind::peer_blocked:
    case EventKind::peer_caught_up:
    case EventKind::messages_dropped:
    case EventKind::messages_lost:
    case EventKind::closed:
      break;
  }
  context_.report(event);
}

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

void Socket::close(Duration linger) noexcept {
  if (state_ != State::open) return;
  state_ = State::closing;
  linger_ = linger;
  on_readable_ = nullptr;
  on_writable_ = nullptr;
  readable_replaced_ = writable_replaced_ = true;
  loop::Link<ChangedTag>::unlink();
  closing_endpoints_ = true;
  // Former peers whose messages nobody will take.
  for (io::Pipe* pipe = released_.front(); pipe != nullptr;) {
    io::Pipe* next = released_.next(*pipe);
    if (pipe->ended()) finish(*pipe);
    pipe = next;
  }
  close_endpoints();
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
  context_.reap(*this);
}

bool Socket::has_unsent() noexcept {
  for (io::Pipe* pipe = peers_.front(); pipe != nullptr; pipe = peers_.next(*pipe))
    if (pipe->unsent_bytes() != 0) return true;
  return !released_.empty() && state_ == State::closing;
}

SocketStats Socket::stats() noexcept {
  io::PipeStats pipes = finished_;
  SocketStats stats = counts_;
  const auto add = [&](const io::Pipe& pipe) {
    pipes.add(pipe.stats());
    stats.unsent_messages += pipe.unsent_messages();
    stats.unsent_bytes += pipe.unsent_bytes();
  };
  for (io::Pipe* pipe = peers_.front(); pipe != nullptr; pipe = peers_.next(*pipe)) add(*pipe);
  for (io::Pipe* pipe = released_.front(); pipe != nullptr; pipe = released_.next(*pipe))
    if (!pipe->loop::Link<io::PeerList>::linked()) add(*pipe);
  stats.messages_sent = pipes.messages_sent;
  stats.bytes_sent = pipes.bytes_sent;
  stats.messages_received = pipes.messages_received;
  stats.bytes_received = pipes.bytes_received;
  stats.dropped_overflow = pipes.overflowed;
  stats.dropped_unasked = pipes.filtered;
  stats.lost_unsent += pipes.lost;
  stats.lost_unread = pipes.discarded;
  stats.dropped_no_room = protocol_->stats().dropped;
  stats.blocked_episodes = protocol_->stats().blocked_episodes;
  stats.peers = peer_count_;
  return stats;
}

}  // namespace spool::core
