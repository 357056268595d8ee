#include "spool/core/protocol_table.h"

#include "spool/protocols/pair/pair.h"
#include "spool/protocols/pipeline/pull.h"
#include "spool/protocols/pipeline/push.h"
#include "spool/protocols/pubsub/pub.h"
#include "spool/protocols/pubsub/sub.h"

namespace spool::core {

loop::Box<protocols::Protocol> make_protocol(SocketType type, protocols::ProtocolHost& host,
                                             Memory& memory) noexcept {
  switch (type) {
    case SocketType::pair:
      return loop::make_box<protocols::Pair>(memory, host);
    case SocketType::pub:
      return loop::make_box<protocols::Pub>(memory, host);
    case SocketType::sub:
      return loop::make_box<protocols::Sub>(memory, host, memory);
    case SocketType::push:
      return loop::make_box<protocols::Push>(memory, host);
    case SocketType::pull:
      return loop::make_box<protocols::Pull>(memory, host);
  }
  return {};
}

io::ProtocolId protocol_id(SocketType type) noexcept {
  switch (type) {
    case SocketType::pair:
      return io::ProtocolId::pair;
    case SocketType::pub:
      return io::ProtocolId::pub;
    case SocketType::sub:
      return io::ProtocolId::sub;
    case SocketType::push:
      return io::ProtocolId::push;
    case SocketType::pull:
      return io::ProtocolId::pull;
  }
  return io::ProtocolId::pair;
}

bool filters_on_arrival(SocketType type) noexcept {
  switch (type) {
    case SocketType::pair:
    case SocketType::pull:
      return false;
    case SocketType::pub:
    case SocketType::sub:
    case SocketType::push:
      return true;
  }
  return false;
}

}  // namespace spool::core
