#include "spool/protocols/policy/broadcast.h"

#include <utility>

namespace spool::protocols {

void Broadcast::add(io::Pipe& pipe) noexcept {
  ++pipes_;
  if (pipe.sendable())
    active_.add(pipe, pipe.send_priority);
  else
    ++blocked_;
}

void Broadcast::remove(io::Pipe& pipe) noexcept {
  --pipes_;
  if (active_.contains(pipe))
    active_.remove(pipe);
  else
    --blocked_;
}

void Broadcast::activate(io::Pipe& pipe) noexcept {
  if (active_.contains(pipe) || !pipe.sendable()) return;
  --blocked_;
  active_.add(pipe, pipe.send_priority);
}

void Broadcast::send(Message& message, ProtocolStats& stats) noexcept {
  stats.dropped += blocked_;
  active_.each([&](io::Pipe& pipe) {
    bool sent = false;
    if (pipe.sendable()) {
      Message copy = message.share();
      sent = pipe.send(copy) == Error::none;
    }
    if (!sent) ++stats.dropped;
    if (pipe.sendable()) return;
    active_.remove(pipe);
    ++blocked_;
    ++stats.blocked_episodes;
  });
  message.reset();
}

}  // namespace spool::protocols
