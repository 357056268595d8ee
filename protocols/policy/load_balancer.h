// LoadBalancer: which pipe the next message goes to: the lowest priority number that can take one,
// in turns within it.
#pragma once

#include "spool/io/pipe.h"
#include "spool/protocols/policy/priority_ring.h"

namespace spool::protocols {

// Holds the pipes that can send, as far as is known: a full one leaves when it is found, and comes
// back by activate().
class LoadBalancer {
 public:
  void activate(io::Pipe& pipe) noexcept {
    if (pipe.sendable()) ring_.add(pipe, pipe.send_priority);
  }
  void remove(io::Pipe& pipe) noexcept { ring_.remove(pipe); }

  // Null when no pipe can take a message.
  [[nodiscard]] io::Pipe* pick() noexcept {
    io::Pipe* pipe = ring_.front();
    while (pipe != nullptr && !pipe->sendable()) {
      ring_.remove(*pipe);
      pipe = ring_.front();
    }
    return pipe;
  }
  [[nodiscard]] bool ready() const noexcept {
    return const_cast<LoadBalancer*>(this)->pick() != nullptr;
  }

  // Sends to the pipe whose turn it is. would_block when there is none.
  [[nodiscard]] Error send(Message& message) noexcept {
    io::Pipe* pipe = pick();
    if (pipe == nullptr) return Error::would_block;
    const Error error = pipe->send(message);
    if (error != Error::none) return error;
    if (pipe->sendable())
      ring_.rotate(*pipe, pipe->send_priority);
    else
      ring_.remove(*pipe);
    return Error::none;
  }

 private:
  PriorityRing<io::SendRing> ring_;
};

}  // namespace spool::protocols
