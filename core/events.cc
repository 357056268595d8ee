#include "spool/core/events.h"

namespace spool {

namespace {

const char* fate_in(EventKind kind) noexcept {
  if (kind == EventKind::messages_dropped) return "dropped";
  return kind == EventKind::peer_caught_up ? "missed" : "lost";
}

}  // namespace

Explanation describe(const Event& event) noexcept {
  Explanation text;
  if (event.address.empty())
    text << "socket " << event.socket.index;
  else
    text << event.address.text();
  text << ": " << to_string(event.kind);
  if (event.peer != 0) text << " (" << event.peer << ")";
  if (event.error != Error::none) text << ": " << to_string(event.error);
  if (event.os_error != 0) text << " (errno " << event.os_error << ")";
  if (event.lost != 0)
    text << ", " << event.lost << (event.lost == 1 ? " message " : " messages ")
         << fate_in(event.kind);
  if (event.retry_in != Duration::zero()) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(event.retry_in).count();
    text << ", again in " << std::int64_t{ms} << " ms";
  }
  return text;
}

}  // namespace spool
