// Statistics: plain counters, since the start, unless a comment says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spool/loop/time.h"

namespace spool {

// What went over one connection, or over several; and every way in which a message can get lost.
struct PeerStats {
  std::uint64_t messages_sent = 0;      // accepted; a broadcast counts once for each connection
  std::uint64_t bytes_sent = 0;         // of their payload
  std::uint64_t messages_received = 0;  // arrived, and kept
  std::uint64_t bytes_received = 0;

  std::uint64_t dropped_no_room = 0;    // broadcast copies that did not fit
  std::uint64_t dropped_overflow = 0;   // arrived, and dropped by the overflow rule
  std::uint64_t dropped_unasked = 0;    // arrived, but not subscribed, or the pattern receives none
  std::uint64_t dropped_malformed = 0;  // arrived, and made no sense
  std::uint64_t dropped_hops = 0;       // arrived, over more devices than the hop limit allows
  std::uint64_t returned = 0;           // accepted, and sent to another peer when this one was lost
  std::uint64_t lost_unsent = 0;        // accepted, not wholly written when the connection ended
  std::uint64_t lost_unread = 0;        // received, not taken when the socket was closed

  std::size_t unsent_messages = 0;  // now: accepted, not written
  std::size_t unsent_bytes = 0;     // now
};

// All connections of a socket, those that are gone included.
struct SocketStats : PeerStats {
  std::uint64_t dropped_unroutable = 0;  // answers whose requester is gone
  std::uint64_t dropped_stale = 0;       // answers that nobody waits for any more
  std::uint64_t resent = 0;              // requests sent again

  std::uint64_t blocked_episodes = 0;  // how often a broadcast peer began to miss messages
  std::uint64_t peers_joined = 0;
  std::uint64_t peers_left = 0;
  std::uint64_t peers_refused = 0;  // no place for them, or vetoed
  std::uint64_t handshakes_failed = 0;
  std::uint64_t connects_failed = 0;
  std::uint64_t accepts_failed = 0;

  std::size_t peers = 0;             // now
  std::size_t waiting_messages = 0;  // now: accepted, no peer can take them yet
  std::size_t exchanges = 0;         // now: open requests, surveys and readers
};

// One address that a socket listens on or connects to: its connections, those gone included.
struct EndpointStats : PeerStats {
  std::uint64_t attempts = 0;         // to connect
  std::uint64_t connects_failed = 0;  // of them
  std::uint64_t accepted = 0;
  std::uint64_t accepts_failed = 0;
  std::uint64_t handshakes_failed = 0;
  std::uint64_t peers_joined = 0;
  std::uint64_t peers_left = 0;
  std::uint64_t peers_refused = 0;
  std::size_t peers = 0;  // now
};

struct LoopStats {
  std::uint64_t turns = 0;
  std::uint64_t turns_cut_short = 0;  // that ended with PollResult::more
  Duration library_time{};            // in all turns: no waiting, no callbacks
  Duration longest_turn{};            // the most library time of one
  Duration callback_time{};           // in callbacks and posted tasks
  std::uint64_t events_dropped = 0;   // Events that the notice queue had no room for
  std::uint64_t messages_lost = 0;    // accepted and never wholly written; closed sockets included
  std::uint64_t allocations = 0;      // of the loop's memory
  std::uint64_t refusals = 0;         // allocations refused
  std::size_t memory_bytes = 0;       // held now
  std::size_t memory_high_water = 0;
  std::uint64_t pool_hits = 0;  // messages from recycled storage
  std::uint64_t pool_misses = 0;
  std::size_t pool_bytes_in_use = 0;  // by messages and queues, now
  std::size_t pool_bytes_high_water = 0;
  std::size_t sockets = 0;  // now, closing ones included
};

}  // namespace spool
