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
using SocketHandle = Handle<SocketTag>;
using EndpointHandle = Handle<EndpointTag>;

enum class EventKind : std::uint8_t {
  listening,         // an address is bound
  connect_failed,    // an attempt to connect failed; retry_in says when the next one starts
  handshake_failed,  // connected or accepted, but no peer of ours: `error` says why
  peer_joined,       // the handshake is done and the socket uses the peer
  peer_refused,      // the socket has no place for a further peer (PAIR)
  peer_left,         // the connection is gone; `lost` messages were accepted and not written
  accept_failed,     // accepting pauses for retry_in (descriptors, memory) and goes on
  messages_lost,     // a socket was closed before everything was written
};

[[nodiscard]] constexpr const char* to_string(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::listening:
      return "listening";
    case EventKind::connect_failed:
      return "connect failed";
    case EventKind::handshake_failed:
      return "handshake failed";
    case EventKind::peer_joined:
      return "peer joined";
    case EventKind::peer_refused:
      return "peer refused";
    case EventKind::peer_left:
      return "peer left";
    case EventKind::accept_failed:
      return "accept failed";
    case EventKind::messages_lost:
      return "messages lost";
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
  std::uint32_t peer = 0;   // numbers the socket's peers; 0: none
  std::uint64_t lost = 0;   // messages
  Duration retry_in{};      // for failures that are tried again
  Explanation address;      // of the peer where there is one, else of the endpoint
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// How much an event matters to somebody who reads a log.
[[nodiscard]] constexpr LogLevel level_of(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::listening:
    case EventKind::peer_joined:
    case EventKind::peer_left:
      return LogLevel::info;
    case EventKind::connect_failed:
      return LogLevel::debug;
    case EventKind::handshake_failed:
    case EventKind::peer_refused:
    case EventKind::accept_failed:
    case EventKind::messages_lost:
      return LogLevel::warning;
  }
  return LogLevel::info;
}

// The event in one line, for people.
[[nodiscard]] Explanation describe(const Event& event) noexcept;

}  // namespace spool
