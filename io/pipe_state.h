// PipeState: the life of a connection over a byte stream.
//
//  state       | connected     | readable                | writable
//  ------------+---------------+-------------------------+-------------------
//  connecting  | → handshaking | –                       | ask how it is
//  handshaking | –             | 8 bytes: → active; no   | send the rest of
//              |               | peer of ours: → ended   | our header
//  active      | –             | messages; their end:    | flush
//              |               | → ended                 |
//  draining    | –             | discard; at their end   | flush, then say
//              |               | and ours: → ended       | that we are done
//  ended       | –             | –                       | –
//
//  state       | time is over                        | lost    | drain
//  ------------+-------------------------------------+---------+------------
//  connecting  | → ended                             | → ended | → ended
//  handshaking | → ended                             | → ended | → ended
//  active      | it was want of memory: read again;  | → ended | → draining
//              | given up, or stuck: → ended         |         |
//  draining    | → ended                             | → ended | –
//  ended       | –                                   | –       | –
//
// "Time" is the handshake deadline in the first two, the linger in draining. In active it is the
// pause for want of memory (ten seconds of it within a body: ended), and the limit for a peer that
// takes nothing more (ended).
#pragma once

#include <cstdint>

namespace spool::io {

enum class PipeState : std::uint8_t { connecting, handshaking, active, draining, ended };

[[nodiscard]] constexpr bool may_move(PipeState from, PipeState to) noexcept {
  switch (from) {
    case PipeState::connecting:
      return to == PipeState::handshaking || to == PipeState::ended;
    case PipeState::handshaking:
      return to == PipeState::active || to == PipeState::ended;
    case PipeState::active:
      return to == PipeState::draining || to == PipeState::ended;
    case PipeState::draining:
      return to == PipeState::ended;
    case PipeState::ended:
      return false;
  }
  return false;
}

[[nodiscard]] constexpr const char* to_string(PipeState state) noexcept {
  switch (state) {
    case PipeState::connecting:
      return "connecting";
    case PipeState::handshaking:
      return "handshaking";
    case PipeState::active:
      return "active";
    case PipeState::draining:
      return "draining";
    case PipeState::ended:
      return "ended";
  }
  return "?";
}

}  // namespace spool::io
