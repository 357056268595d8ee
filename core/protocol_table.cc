#include "spool/core/protocol_table.h"

#include "spool/protocols/bus/bus.h"
#include "spool/protocols/pair/pair.h"
#include "spool/protocols/pair/pair1.h"
#include "spool/protocols/pair/poly_pair1.h"
#include "spool/protocols/pair/raw_pair1.h"
#include "spool/protocols/pipeline/pull.h"
#include "spool/protocols/pipeline/push.h"
#include "spool/protocols/pubsub/pub.h"
#include "spool/protocols/pubsub/sub.h"
#include "spool/protocols/reqrep/raw_rep.h"
#include "spool/protocols/reqrep/raw_req.h"
#include "spool/protocols/reqrep/rep.h"
#include "spool/protocols/reqrep/req.h"
#include "spool/protocols/survey/raw_surveyor.h"
#include "spool/protocols/survey/surveyor.h"

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
    case SocketType::pair1:
      if (raw) return make<protocols::RawPair1>(context);
      return context.options.polyamorous ? make<protocols::PolyPair1>(context)
                                         : make<protocols::Pair1>(context);
    case SocketType::pub:
      return make<protocols::Pub>(context);
    case SocketType::sub:
      // A raw one forwards everything: it is Pull that talks to PUB (docs/wire.md §9).
      return raw ? make<protocols::Pull>(context) : make<protocols::Sub>(context);
    case SocketType::push:
      return make<protocols::Push>(context);
    case SocketType::pull:
      return make<protocols::Pull>(context);
    case SocketType::req:
      return raw ? make<protocols::RawReq>(context) : make<protocols::Req>(context);
    case SocketType::rep:
    case SocketType::respondent:
      return raw ? make<protocols::RawRep>(context) : make<protocols::Rep>(context);
    case SocketType::surveyor:
      return raw ? make<protocols::RawSurveyor>(context) : make<protocols::Surveyor>(context);
    case SocketType::bus:
      return raw ? make<protocols::RawBus>(context) : make<protocols::Bus>(context);
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
