// The peers of a socket: how pipes come in, are watched, and go.
#include <algorithm>
#include <utility>

#include "spool/core/context.h"
#include "spool/core/socket.h"

namespace spool::core {

namespace {

void add_to(PeerStats& stats, const io::PipeStats& pipe) noexcept {
  stats.messages_sent += pipe.messages_sent;
  stats.bytes_sent += pipe.bytes_sent;
  stats.messages_received += pipe.messages_received;
  stats.bytes_received += pipe.bytes_received;
  stats.dropped_no_room += pipe.missed;
  stats.dropped_overflow += pipe.overflowed;
  stats.dropped_unasked += pipe.filtered;
  stats.dropped_malformed += pipe.malformed;
  stats.dropped_hops += pipe.too_many_hops;
  stats.returned += pipe.returned;
  stats.lost_unsent += pipe.lost;
  stats.lost_unread += pipe.discarded;
}

void add_to(PeerStats& stats, const io::Pipe& pipe) noexcept {
  add_to(stats, pipe.stats());
  stats.unsent_messages += pipe.unsent_messages();
  stats.unsent_bytes += pipe.unsent_bytes();
}

}  // namespace

// --- Coming -----------------------------------------------------------------------------------

Error Socket::attach(io::Pipe& pipe) noexcept {
  const bool was_sendable = can_send();
  pipe.peer_number = context_.new_peer_number();
  pipe.set_user(protocol_.get());
  if (const Error error = protocol_->attach(pipe); error != Error::none) {
    pipe.set_user(nullptr);
    pipe.peer_number = 0;
    return error;
  }
  peers_.push_back(pipe);
  ++peer_count_;
  if (!was_sendable) told_writable_ = false;
  return Error::none;
}

bool Socket::has_peer(std::uint32_t number) noexcept {
  for (io::Pipe* pipe = peers_.front(); pipe != nullptr; pipe = peers_.next(*pipe))
    if (pipe->peer_number == number) return true;
  return false;
}

void Socket::set_admission(Function<bool(const PeerInfo&)> fn) noexcept {
  admission_ = std::move(fn);
  admission_replaced_ = true;
  pipe_config_.asks_first = static_cast<bool>(admission_);
}

void Socket::ask(io::Pipe& pipe) noexcept { context_.ask(pipe); }

bool Socket::admits(const io::Pipe& pipe) noexcept {
  if (!admission_) return true;  // it was taken away meanwhile
  const PeerInfo info = describe(pipe);
  // On the stack while it runs: it may replace itself, and close the socket.
  admission_replaced_ = false;
  Function<bool(const PeerInfo&)> running = std::move(admission_);
  const bool answer = running(info);
  if (!admission_replaced_ && state_ == State::open) admission_ = std::move(running);
  return answer;
}

// --- Going ------------------------------------------------------------------------------------

void Socket::detach(io::Pipe& pipe) noexcept {
  if (pipe.user() == nullptr) return;
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
  if (lost != 0) report_peer(EventKind::messages_lost, pipe, reason, os_error, lost);
}

void Socket::discard(io::Pipe& pipe) noexcept {
  add_to(counts_, pipe.stats());
  Endpoint* endpoint = context_.find(EndpointHandle::from(pipe.owner_key));
  if (endpoint != nullptr) add_to(endpoint->finished(), pipe.stats());
  pipe.loop::Link<io::PeerList>::unlink();  // it may have waited to be let in
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
  report_peer(EventKind::messages_dropped, pipe, reason, 0, count);
}

bool Socket::disconnect(std::uint32_t peer) noexcept {
  for (io::Pipe* pipe = peers_.front(); pipe != nullptr; pipe = peers_.next(*pipe)) {
    if (pipe->peer_number != peer || pipe->ended()) continue;
    pipe->abandon(Error::closed);
    return true;
  }
  return false;
}

// --- Looking ----------------------------------------------------------------------------------

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

void Socket::name_peer(const io::Pipe& pipe, Explanation& text) noexcept {
  pipe.describe_peer(text);
  if (!text.empty()) return;
  const Endpoint* endpoint = context_.find(EndpointHandle::from(pipe.owner_key));
  if (endpoint != nullptr) text << endpoint->address().text();
}

PeerInfo Socket::describe(const io::Pipe& pipe) noexcept {
  PeerInfo info;
  info.peer = pipe.peer_number;
  info.endpoint = EndpointHandle::from(pipe.owner_key);
  info.blocked = pipe.peer_number != 0 && !pipe.sendable() && !pipe.ended();
  const Endpoint* endpoint = context_.find(info.endpoint);
  if (endpoint != nullptr) info.incoming = endpoint->listens();
  name_peer(pipe, info.address);
  pipe.describe_local(info.local);
  PeerCredentials credentials;
  if (pipe.credentials(credentials)) info.credentials = credentials;
  add_to(info.stats, pipe);
  return info;
}

std::size_t Socket::list_peers(std::span<PeerInfo> out) noexcept {
  std::size_t count = 0;
  for (io::Pipe* pipe = peers_.front(); pipe != nullptr; pipe = peers_.next(*pipe)) {
    if (pipe->ended()) continue;
    if (count < out.size()) out[count] = describe(*pipe);
    ++count;
  }
  return count;
}

bool Socket::has_unsent() noexcept {
  if (state_ == State::open && protocol_->waiting_messages() != 0) return true;
  for (io::Pipe* pipe = peers_.front(); pipe != nullptr; pipe = peers_.next(*pipe))
    if (pipe->unsent_bytes() != 0) return true;
  for (io::Pipe* pipe = released_.front(); pipe != nullptr; pipe = released_.next(*pipe))
    if (!pipe->ended()) return true;  // its endpoint is closed, and it is not through
  return false;
}

SocketStats Socket::stats() noexcept {
  SocketStats stats = counts_;
  for (io::Pipe* pipe = peers_.front(); pipe != nullptr; pipe = peers_.next(*pipe))
    add_to(stats, *pipe);
  for (io::Pipe* pipe = released_.front(); pipe != nullptr; pipe = released_.next(*pipe))
    if (!pipe->loop::Link<io::PeerList>::linked()) add_to(stats, *pipe);
  const protocols::ProtocolStats& protocol = protocol_->stats();
  stats.dropped_overflow += protocol.overflowed;
  stats.dropped_unroutable = protocol.unroutable;
  stats.dropped_stale = protocol.stale;
  stats.resent = protocol.resent;
  stats.blocked_episodes = protocol.blocked_episodes;
  stats.peers = peer_count_;
  stats.waiting_messages = protocol_->waiting_messages();
  stats.exchanges = exchange_count_;
  return stats;
}

EndpointStats Socket::stats(Endpoint& endpoint) noexcept {
  EndpointStats stats = endpoint.finished();
  for (io::Pipe* pipe = peers_.front(); pipe != nullptr; pipe = peers_.next(*pipe)) {
    if (pipe->owner_key != endpoint.handle.value()) continue;
    add_to(stats, *pipe);
    if (!pipe->ended()) ++stats.peers;
  }
  return stats;
}

}  // namespace spool::core
