// Broadcast: one message to every pipe that can take it now (PUB, SURVEYOR, BUS). A pipe that has
// no room is passed over until it has drained; each message that it misses is counted, and each
// such time is an episode that the host hears of twice: when it begins, and when it ends.
//
//  a pipe is | add  | a message, has room  | a message, has none | sendable          | remove
//  ----------+------+----------------------+---------------------+-------------------+-----------
//  gone      | → in | –                    | –                   | –                 | –
//            | step |                      |                     |                   |
//  in step   | –    | takes it; no memory: | misses it, →        | –                 | → gone
//            |      | misses it, → behind, | behind,             |                   |
//            |      | on_peer_blocked      | on_peer_blocked     |                   |
//  behind    | –    | takes it, → in step, | one more miss       | → in step,        | → gone,
//            |      | if nothing was       |                     | on_peer_caught_up | on_peer_
//            |      | unsent; no memory:   |                     |                   | caught_up
//            |      | one more miss        |                     |                   |
//
// Which message is missed when there is no room is ProtocolOptions::blocked:
//  drop_newest | this one
//  drop_oldest | the oldest of which no byte is written, and further ones until there is room for
//              | this one; with no such left (a large one is on its way): this one
//  disconnect  | this one, and the first miss ends the connection with Error::too_slow
// Without memory for it, it is always this one that is missed (and disconnect parts there as well).
//
// Dropping makes room for one more message; that is not yet catching up. A pipe that was full says
// `sendable` when half of its queue is written, also when it has dropped something before. One that
// was not, and had no memory, says nothing: it is in step when a message finds its queue empty.
#pragma once

#include <cstdint>

#include "spool/io/message.h"
#include "spool/io/pipe.h"
#include "spool/protocols/policy/priority_ring.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

// Owns nothing. Whether a pipe has room is the pipe's to say, and Pipe::missed_in_episode, which is
// not 0 exactly while it is behind, is written here alone.
class Broadcast {
 public:
  // Counts in `stats`, which belong to the protocol.
  Broadcast(const ProtocolContext& context, ProtocolStats& stats) noexcept
      : host_(context.host), blocked_(context.options.blocked), stats_(stats) {}

  void add(io::Pipe& pipe) noexcept { pipes_.add(pipe, pipe.send_priority); }
  // It is detached, or has ended. Nothing happens when it is gone already.
  void remove(io::Pipe& pipe) noexcept {
    pipes_.remove(pipe);
    end_episode(pipe);
  }
  void on_sendable(io::Pipe& pipe) noexcept { end_episode(pipe); }

  // Shares the body with every pipe but the peer of this number (0: with every pipe); `message` is
  // empty afterwards. Cannot fail.
  void send(Message& message, std::uint32_t except = 0) noexcept;

 private:
  void send_to(io::Pipe& pipe, const Message& message) noexcept;
  void miss(io::Pipe& pipe) noexcept;
  void end_episode(io::Pipe& pipe) noexcept;

  ProtocolHost& host_;
  Blocked blocked_;
  ProtocolStats& stats_;
  PriorityRing<io::SendRing> pipes_;
};

}  // namespace spool::protocols
