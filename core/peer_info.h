// PeerInfo: who a socket talks to, and what went over that connection.
#pragma once

#include <cstdint>
#include <optional>

#include "spool/core/events.h"
#include "spool/core/stats.h"
#include "spool/io/peer_credentials.h"
#include "spool/loop/explanation.h"

namespace spool {

// A value: a picture of the moment it was taken.
struct PeerInfo {
  std::uint32_t peer = 0;                      // Event::peer, Message::peer(); 0: not let in yet
  EndpointHandle endpoint;                     // that it came in by; may be closed by now
  bool incoming = false;                       // it connected to us
  bool blocked = false;                        // it is full: nothing can be sent to it now
  Explanation address;                         // tcp://..., or the name of the endpoint
  Explanation local;                           // our own end, where that has a name (tcp)
  std::optional<PeerCredentials> credentials;  // of a unix socket
  PeerStats stats;
};

}  // namespace spool
