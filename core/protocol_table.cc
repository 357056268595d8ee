#include "spool/core/protocol_table.h"

#include "spool/protocols/pair/pair.h"
#include "spool/protocols/pipeline/pull.h"
#include "spool/protocols/pipeline/push.h"
#include "spool/protocols/pubsub/pub.h"
#include "spool/protocols/pubsub/sub.h"

namespace spool::core {

namespace {

template <typename P>
loop::Box<protocols::Protocol> make(const protocols::ProtocolContext& context) noexcept {
  return loop::make_box<P>(context.memory, context);
}

}  // namespace

loop::Box<protocols::Protocol> make_protocol(SocketType type, bool raw,
                                             const protocols::ProtocolContext& context) noexcept {
  switch (type) {
    case SocketType::pair:
      return make<protocols::Pair>(context);
    case SocketType::pub:
      return make<protocols::Pub>(context);
    case SocketType::sub:
      return make<protocols::Sub>(context);
    case SocketType::push:
      return make<protocols::Push>(context);
    case SocketType::pull:
      return make<protocols::Pull>(context);
    case SocketType::req:
    case SocketType::rep:
    case SocketType::surveyor:
    case SocketType::respondent:
    case SocketType::bus:
    case SocketType::pair1:
      static_cast<void>(raw);
      return {};
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
    case SocketType::req:
      return io::ProtocolId::req;
    case SocketType::rep:
      return io::ProtocolId::rep;
    case SocketType::surveyor:
      return io::ProtocolId::surveyor;
    case SocketType::respondent:
      return io::ProtocolId::respondent;
    case SocketType::bus:
      return io::ProtocolId::bus;
    case SocketType::pair1:
      return io::ProtocolId::pair1;
  }
  return io::ProtocolId::pair;
}

}  // namespace spool::core
