#include "spool/protocols/policy/broadcast.h"

namespace spool::protocols {

void Broadcast::send(Message& message, std::uint32_t except) noexcept {
  pipes_.each([&](io::Pipe& pipe) {
    if (except == 0 || pipe.peer_number != except) send_to(pipe, message);
  });
  message.reset();
}

void Broadcast::send_to(io::Pipe& pipe, const Message& message) noexcept {
  // Before anything is dropped: an emptied queue is not a drained one.
  const bool drained =
      pipe.missed_in_episode != 0 && pipe.sendable() && pipe.unsent_messages() == 0;
  if (blocked_ == Blocked::drop_oldest)
    while (!pipe.sendable() && pipe.drop_oldest()) miss(pipe);
  if (!pipe.sendable()) return miss(pipe);
  Message copy = message.share();
  if (pipe.send(copy) != Error::none) return miss(pipe);
  if (drained) end_episode(pipe);
}

void Broadcast::miss(io::Pipe& pipe) noexcept {
  ++stats_.dropped;
  pipe.count_missed();
  if (++pipe.missed_in_episode != 1) return;
  ++stats_.blocked_episodes;
  host_.on_peer_blocked(pipe);
  if (blocked_ == Blocked::disconnect) pipe.abandon(Error::too_slow);
}

void Broadcast::end_episode(io::Pipe& pipe) noexcept {
  if (pipe.missed_in_episode == 0) return;
  host_.on_peer_caught_up(pipe);
  pipe.missed_in_episode = 0;
}

}  // namespace spool::protocols
