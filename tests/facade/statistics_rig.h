// Statistics, field by field: adding them up, and comparing them.
#pragma once

#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"

namespace spool {

struct Field {
  const char* name;
  std::uint64_t PeerStats::*counter;
};
inline constexpr Field counters[] = {
    {"messages_sent", &PeerStats::messages_sent},
    {"bytes_sent", &PeerStats::bytes_sent},
    {"messages_received", &PeerStats::messages_received},
    {"bytes_received", &PeerStats::bytes_received},
    {"dropped_no_room", &PeerStats::dropped_no_room},
    {"dropped_overflow", &PeerStats::dropped_overflow},
    {"dropped_unasked", &PeerStats::dropped_unasked},
    {"dropped_malformed", &PeerStats::dropped_malformed},
    {"dropped_hops", &PeerStats::dropped_hops},
    {"returned", &PeerStats::returned},
    {"lost_unsent", &PeerStats::lost_unsent},
    {"lost_unread", &PeerStats::lost_unread},
};

inline void add(PeerStats& sum, const PeerStats& part) {
  for (const Field& field : counters) sum.*field.counter += part.*field.counter;
  sum.unsent_messages += part.unsent_messages;
  sum.unsent_bytes += part.unsent_bytes;
}

inline void check_same(const PeerStats& one, const PeerStats& other) {
  for (const Field& field : counters) {
    INFO(field.name);
    CHECK(one.*field.counter == other.*field.counter);
  }
  CHECK(one.unsent_messages == other.unsent_messages);
  CHECK(one.unsent_bytes == other.unsent_bytes);
}

inline PeerStats sum_of_peers(const SocketBase& socket) {
  std::vector<PeerInfo> peers(socket.peers());
  REQUIRE(socket.list_peers(peers) == peers.size());
  PeerStats sum;
  for (const PeerInfo& peer : peers) add(sum, peer.stats);
  return sum;
}

// All of its endpoints.
inline PeerStats sum_of(const std::vector<Endpoint>& endpoints) {
  PeerStats sum;
  for (const Endpoint& endpoint : endpoints) add(sum, endpoint.stats());
  return sum;
}

}  // namespace spool
