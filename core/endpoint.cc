#include "spool/core/endpoint.h"

namespace spool::core {

void Endpoint::prepare_pipe(io::Pipe& pipe) noexcept {
  pipe.owner_key = handle.value();
  pipe.send_priority = options_.send_priority;
  pipe.receive_priority = options_.receive_priority;
  if (options_.max_message_size.has_value()) pipe.max_message_size = *options_.max_message_size;
}

bool Endpoint::open_pipe(io::Pipe& pipe) noexcept {
  if (!pipe.held()) return attach_pipe(pipe);
  host_.ask(pipe);
  return true;
}

bool Endpoint::decide_pipe(io::Pipe& pipe, bool let_in) noexcept {
  if (let_in) return attach_pipe(pipe);
  refuse_pipe(pipe, Error::vetoed);
  return false;
}

bool Endpoint::attach_pipe(io::Pipe& pipe) noexcept {
  const Error error = host_.attach(pipe);
  if (error != Error::none) {
    refuse_pipe(pipe, error);
    return false;
  }
  report(EventKind::peer_joined, Error::none, 0, &pipe);
  if (pipe.held()) pipe.admit();
  return true;
}

void Endpoint::refuse_pipe(io::Pipe& pipe, Error reason) noexcept {
  report(EventKind::peer_refused, reason, 0, &pipe);
  pipe.close();
  host_.discard(pipe);
}

void Endpoint::lost_pipe(io::Pipe& pipe, Error reason, int os_error, EventKind before_open,
                         Duration retry_in) noexcept {
  const bool was_open = pipe.peer_number != 0;
  const EventKind kind = was_open ? EventKind::peer_left : before_open;
  report(kind, reason, os_error, &pipe, retry_in);
  if (was_open)
    host_.release(pipe);
  else
    host_.discard(pipe);
}

Event Endpoint::event_about(EventKind kind, Error error, const io::Pipe* pipe,
                            std::string_view where) const noexcept {
  Event event;
  event.kind = kind;
  event.error = error;
  event.endpoint = handle;
  if (pipe != nullptr) {
    event.peer = pipe->peer_number;
    pipe->describe_peer(event.address);
  }
  if (event.address.empty()) event.address << (where.empty() ? address().text() : where);
  return event;
}

void Endpoint::report_dropped(const io::Pipe& pipe, Error reason, std::uint64_t count) noexcept {
  Event event = event_about(EventKind::messages_dropped, reason, &pipe, {});
  event.lost = count;
  host_.report(event);
}

void Endpoint::report(EventKind kind, Error error, int os_error, const io::Pipe* pipe,
                      Duration retry_in, std::string_view where) noexcept {
  Event event = event_about(kind, error, pipe, where);
  event.os_error = os_error;
  event.retry_in = retry_in;
  if (pipe != nullptr) event.lost = pipe->stats().lost;
  count(kind);
  host_.report(event);
}

void Endpoint::count(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::connecting:
      ++finished_.attempts;
      break;
    case EventKind::connect_failed:
      ++finished_.connects_failed;
      break;
    case EventKind::accepted:
      ++finished_.accepted;
      break;
    case EventKind::accept_failed:
      ++finished_.accepts_failed;
      break;
    case EventKind::handshake_failed:
      ++finished_.handshakes_failed;
      break;
    case EventKind::peer_joined:
      ++finished_.peers_joined;
      break;
    case EventKind::peer_refused:
      ++finished_.peers_refused;
      break;
    case EventKind::peer_left:
      ++finished_.peers_left;
      break;
    case EventKind::listening:
    case EventKind::peer_blocked:
    case EventKind::peer_caught_up:
    case EventKind::messages_dropped:
    case EventKind::messages_lost:
    case EventKind::closed:
      break;
  }
}

}  // namespace spool::core
