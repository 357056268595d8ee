// Statistics: plain counters, since the start, unless a comment says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spool {

struct SocketStats {
  std::uint64_t messages_sent = 0;      // handed to a pipe; a broadcast counts once for each
  std::uint64_t bytes_sent = 0;         // of their payload
  std::uint64_t messages_received = 0;  // arrived and admitted
  std::uint64_t bytes_received = 0;

  // Every way in which a message can get lost.
  std::uint64_t dropped_no_room = 0;   // broadcast copies that a full pipe did not take
  std::uint64_t dropped_overflow = 0;  // arrived, and dropped by the overflow rule
  std::uint64_t dropped_unasked = 0;   // arrived, but not subscribed, or the pattern receives none
  std::uint64_t lost_unsent = 0;       // accepted, not wholly written when the connection ended
  std::uint64_t lost_unread = 0;       // received, not taken when the socket was closed

  std::uint64_t blocked_episodes = 0;  // how often a broadcast pipe became full
  std::uint64_t peers_joined = 0;
  std::uint64_t peers_left = 0;
  std::uint64_t peers_refused = 0;
  std::uint64_t handshakes_failed = 0;
  std::uint64_t connects_failed = 0;
  std::uint64_t accepts_failed = 0;

  std::size_t peers = 0;            // now
  std::size_t unsent_messages = 0;  // now: accepted, not written
  std::size_t unsent_bytes = 0;     // now
};

struct LoopStats {
  std::uint64_t turns = 0;
  std::uint64_t events_dropped = 0;  // Events that the notice queue had no room for
  std::uint64_t messages_lost = 0;   // accepted and never wholly written; closed sockets included
  std::uint64_t allocations = 0;     // of the loop's memory
  std::uint64_t refusals = 0;        // allocations refused
  std::size_t memory_bytes = 0;      // held now
  std::size_t memory_high_water = 0;
  std::uint64_t pool_hits = 0;  // messages from recycled storage
  std::uint64_t pool_misses = 0;
  std::size_t pool_bytes_in_use = 0;  // by messages and queues, now
  std::size_t pool_bytes_high_water = 0;
  std::size_t sockets = 0;  // now, closing ones included
};

}  // namespace spool
