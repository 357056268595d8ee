// SocketType: which pattern a socket speaks, and which side of it.
#pragma once

#include <cstdint>

namespace spool {

// Who may talk to whom is fixed (docs/wire.md §1); who binds and who connects is not. What each is
// for, guarantees and drops is on its page.
enum class SocketType : std::uint8_t {
  // One to one, both ways. A second peer is refused until the first has gone.
  // docs/patterns/pair.md
  pair,
  // One to many: every message to every subscriber that can take it now; the others miss it, and
  // the loss is counted. Never blocks. docs/patterns/pubsub.md
  pub,
  // Receives what begins with one of its subscriptions; nothing without one.
  // docs/patterns/pubsub.md
  sub,
  // A stage of a pipeline that hands out work: each message to one puller, by priority and turn.
  // Blocks when none can take it. docs/patterns/pipeline.md
  push,
  // A stage of a pipeline that takes work from all pushers in fair turns.
  // docs/patterns/pipeline.md
  pull,
  // Asks: each request goes to one replier, by priority and turn, and is sent again until there is
  // a reply. Never blocks: without a replier the request waits. One request at a time, or any
  // number as exchanges. docs/patterns/reqrep.md
  req,
  // Answers: takes requests from all requesters in fair turns, and each reply finds its way back,
  // over devices too. One request at a time, or any number as requests with their way back.
  // docs/patterns/reqrep.md
  rep,
  // Asks everybody: each survey goes to all respondents there are, and takes answers until its
  // deadline. Never blocks. One survey at a time, or any number as exchanges.
  // docs/patterns/survey.md
  surveyor,
  // Answers surveys, as REP does requests. docs/patterns/survey.md
  respondent,
  // Many to many: every message to all direct peers that can take it now; the others miss it, and
  // the loss is counted. Nothing is forwarded, nothing echoed. Never blocks.
  // docs/patterns/bus.md
  bus,
  // PAIR v1 of nng and mangos: like PAIR, with a hop count against loops; one to many in
  // polyamorous mode, where a message names its peer. Does not talk to PAIR (v0).
  // docs/patterns/pair1.md
  pair1,
};

[[nodiscard]] constexpr const char* to_string(SocketType type) noexcept {
  switch (type) {
    case SocketType::pair:
      return "pair";
    case SocketType::pub:
      return "pub";
    case SocketType::sub:
      return "sub";
    case SocketType::push:
      return "push";
    case SocketType::pull:
      return "pull";
    case SocketType::req:
      return "req";
    case SocketType::rep:
      return "rep";
    case SocketType::surveyor:
      return "surveyor";
    case SocketType::respondent:
      return "respondent";
    case SocketType::bus:
      return "bus";
    case SocketType::pair1:
      return "pair1";
  }
  return "?";
}

}  // namespace spool
