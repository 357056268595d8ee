// PeerCredentials: who is at the other end of a unix socket, as the system says.
#pragma once

#include <cstdint>

namespace spool {

// Of the process that connected (or listened) at that time.
struct PeerCredentials {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int32_t pid = 0;  // 0: the system does not tell
};

namespace io {
using spool::PeerCredentials;
}  // namespace io

}  // namespace spool
