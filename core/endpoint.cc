#include "spool/core/endpoint.h"

namespace spool::core {

bool Endpoint::open_pipe(io::Pipe& pipe) noexcept {
  pipe.send_priority = options_.send_priority;
  pipe.receive_priority = options_.receive_priority;
  const Error error = host_.attach(pipe, *this);
  if (error == Error::none) {
    report(EventKind::peer_joined, Error::none, 0, &pipe);
    return true;
  }
  report(EventKind::peer_refused, error, 0, &pipe);
  pipe.close();
  host_.discard(pipe);
  return false;
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

void Endpoint::report_dropped(const io::Pipe& pipe, Error reason, std::uint64_t count) noexcept {
  Event event;
  event.kind = EventKind::messages_dropped;
  event.error = reason;
  event.endpoint = handle;
  event.peer = pipe.peer_number;
  event.lost = count;
  pipe.describe_peer(event.address);
  host_.report(event);
}

void Endpoint::report(EventKind kind, Error error, int os_error, const io::Pipe* pipe,
                      Duration retry_in) noexcept {
  Event event;
  event.kind = kind;
  event.error = error;
  event.os_error = os_error;
  event.endpoint = handle;
  event.retry_in = retry_in;
  if (pipe != nullptr) {
    event.peer = pipe->peer_number;
    event.lost = pipe->stats().lost;
    pipe->describe_peer(event.address);
  }
  if (event.address.empty()) event.address << address().text();
  host_.report(event);
}

}  // namespace spool::core
