// SocketType: which pattern a socket speaks, and which side of it.
#pragma once

#include <cstdint>

namespace spool {

// Who may talk to whom is fixed (docs/wire.md §1); who binds and who connects is not.
enum class SocketType : std::uint8_t {
  // One to one, both ways. A second peer is refused until the first has gone.
  pair,
  // One to many: every message to every subscriber that can take it now; the others miss it, and
  // the loss is counted. Never blocks.
  pub,
  // Receives what begins with one of its subscriptions; nothing without one.
  sub,
  // A stage of a pipeline that hands out work: each message to one puller, by priority and turn.
  // Blocks when none can take it.
  push,
  // A stage of a pipeline that takes work from all pushers in fair turns.
  pull,
};

[[nodiscard]] constexpr const char* to_string(SocketType type) noexcept {
  switch (type) {
    case SocketType::pair:
      return "pair";
    case SocketType::pub:
      return "pub";
    case SocketType::sub:
      return "sub";
    case SocketType::push:
      return "push";
    case SocketType::pull:
      return "pull";
  }
  return "?";
}

}  // namespace spool
