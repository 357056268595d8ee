// FairQueue: which pipe the next message is taken from: the lowest priority number that has one, in
// turns within it. Lower classes starve while a higher one has messages (as in nanomsg). A pipe that
// has ended keeps its turn until it is empty: its peer may be back on a new pipe behind it, and what
// that one brings was sent later.
#pragma once

#include "spool/io/pipe.h"
#include "spool/loop/result.h"
#include "spool/protocols/policy/priority_ring.h"

namespace spool::protocols {

// Holds the pipes that have something to take.
class FairQueue {
 public:
  void activate(io::Pipe& pipe) noexcept {
    if (pipe.receivable()) ring_.add(pipe, pipe.receive_priority);
  }
  void remove(io::Pipe& pipe) noexcept { ring_.remove(pipe); }
  [[nodiscard]] bool ready() const noexcept { return !ring_.empty(); }

  // would_block when no pipe has a message.
  [[nodiscard]] Result<Message> receive() noexcept {
    io::Pipe* pipe = ring_.front();
    if (pipe == nullptr) return Error::would_block;
    // Before take(), which may detach a pipe that has ended and is empty now.
    if (!pipe->ended()) ring_.rotate(*pipe, pipe->receive_priority);
    return take_from(*pipe);
  }
  // The same, but stays with one pipe until it is empty.
  [[nodiscard]] Result<Message> receive_in_order() noexcept {
    io::Pipe* pipe = ring_.front();
    return pipe == nullptr ? Result<Message>(Error::would_block) : take_from(*pipe);
  }

 private:
  [[nodiscard]] Result<Message> take_from(io::Pipe& pipe) noexcept {
    Message message = pipe.take();
    if (!pipe.receivable()) ring_.remove(pipe);
    return message;
  }

  PriorityRing<io::ReceiveRing> ring_;
};

}  // namespace spool::protocols
