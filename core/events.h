// Event: what happens to connections, with the reason. And the handles that name sockets and
// endpoints outside the library.
#pragma once

#include <cstdint>
#include <string_view>

#include "spool/loop/error.h"
#include "spool/loop/explanation.h"
#include "spool/loop/handle.h"
#include "spool/loop/time.h"

namespace spool {

struct SocketTag {};
struct EndpointTag {};
struct ExchangeTag {};
struct WatchTag {};
using SocketHandle = Handle<SocketTag>;
using EndpointHandle = Handle<EndpointTag>;
using ExchangeHandle = Handle<ExchangeTag>;
using WatchHandle = Handle<WatchTag>;

enum class EventKind : std::uint8_t {
  listening,         // an address is bound
  connecting,        // an attempt to connect begins, the first or a later one
  connect_failed,    // an attempt to connect failed; retry_in says when the next one starts
  accepted,          // somebody connected to a listener; the handshake comes next
  accept_failed,     // accepting pauses for retry_in (descriptors, memory) and goes on
  handshake_failed,  // connected or accepted, but no peer of ours: `error` says why
  peer_joined,       // the handshake is done and the socket uses the peer
  peer_refused,      // no place for a further peer (PAIR), or the host's veto: `error` says which
  peer_left,         // the connection is gone; `lost` messages were accepted and not written
  peer_blocked,      // a broadcast peer is full and begins to miss messages
  peer_caught_up,    // it takes messages again, or has gone; it missed `lost` meanwhile
  messages_dropped,  // `lost` messages arrived and were dropped: malformed, too_many_hops; or the
                     // queue is full (queue_full; told once until half of it was taken)
  messages_lost,     // `lost` messages were accepted and can go nowhere any more
  closed,            // a closed socket is through; of what it had accepted, `lost` were not written
};

[[nodiscard]] constexpr const char* to_string(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::listening:
      return "listening";
    case EventKind::connecting:
      return "connecting";
    case EventKind::connect_failed:
      return "connect failed";
    case EventKind::accepted:
      return "accepted";
    case EventKind::accept_failed:
      return "accept failed";
    case EventKind::handshake_failed:
      return "handshake failed";
    case EventKind::peer_joined:
      return "peer joined";
    case EventKind::peer_refused:
      return "peer refused";
    case EventKind::peer_left:
      return "peer left";
    case EventKind::peer_blocked:
      return "peer blocked";
    case EventKind::peer_caught_up:
      return "peer caught up";
    case EventKind::messages_dropped:
      return "messages dropped";
    case EventKind::messages_lost:
      return "messages lost";
    case EventKind::closed:
      return "closed";
  }
  return "?";
}

// A value. Delivered by poll_once in the notice step, in order.
struct Event {
  EventKind kind{};
  Error error = Error::none;
  int os_error = 0;  // the errno behind it, or 0
  SocketHandle socket;
  EndpointHandle endpoint;  // may be closed by now
  std::uint32_t peer = 0;   // the peer's number, unique in the loop; 0: none
  std::uint64_t lost = 0;   // messages
  Duration retry_in{};      // for failures that are tried again
  Explanation address;      // of the peer where there is one, else of the endpoint
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// How much an event matters to somebody who reads a log.
[[nodiscard]] constexpr LogLevel level_of(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::connecting:
    case EventKind::connect_failed:
    case EventKind::accepted:
    case EventKind::closed:
      return LogLevel::debug;
    case EventKind::listening:
    case EventKind::peer_joined:
    case EventKind::peer_left:
    case EventKind::peer_caught_up:
      return LogLevel::info;
    case EventKind::accept_failed:
    case EventKind::handshake_failed:
    case EventKind::peer_refused:
    case EventKind::peer_blocked:
    case EventKind::messages_dropped:
    case EventKind::messages_lost:
      return LogLevel::warning;
  }
  return LogLevel::info;
}

// The event in one line, for people.
[[nodiscard]] Explanation describe(const Event& event) noexcept;

}  // namespace spool
