// Broadcast: one message to every pipe that can take it now. A full pipe leaves the set until it
// has drained; what it misses is counted.
#pragma once

#include <cstddef>

#include "spool/io/message.h"
#include "spool/io/pipe.h"
#include "spool/protocols/policy/priority_ring.h"
#include "spool/protocols/protocol.h"

namespace spool::protocols {

class Broadcast {
 public:
  void add(io::Pipe& pipe) noexcept;
  // The pipe is detached: it is neither in the set nor blocked any more.
  void remove(io::Pipe& pipe) noexcept;
  // A blocked pipe has drained, and is back in the set.
  void activate(io::Pipe& pipe) noexcept;

  // Shares the body with every pipe in the set; `message` is empty afterwards. Cannot fail.
  void send(Message& message, ProtocolStats& stats) noexcept;

  [[nodiscard]] std::size_t pipes() const noexcept { return pipes_; }
  [[nodiscard]] std::size_t blocked() const noexcept { return blocked_; }

 private:
  PriorityRing<io::SendRing> active_;
  std::size_t pipes_ = 0;
  std::size_t blocked_ = 0;
};

}  // namespace spool::protocols
