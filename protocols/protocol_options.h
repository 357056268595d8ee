// ProtocolOptions, ProtocolContext: what patterns can be told, and what they stand on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spool/io/message_pool.h"
#include "spool/io/pipe.h"
#include "spool/loop/memory.h"
#include "spool/loop/time.h"
#include "spool/protocols/exchange.h"

namespace spool::protocols {

class ProtocolHost;

// What a broadcast does with a peer that does not take what it is sent.
enum class Blocked : std::uint8_t {
  drop_newest,  // it misses the message
  drop_oldest,  // it misses the oldest that is not on its way yet
  disconnect,   // it is gone; it may come again
};

// Checked by core (core/options.h says what each means to the user).
struct ProtocolOptions {
  unsigned hop_limit = 8;  // words, the id word included
  ExchangeTimes request;   // of the socket's own request
  Duration survey_deadline = std::chrono::seconds(1);
  Blocked blocked = Blocked::drop_newest;
  bool polyamorous = false;                           // PAIR v1
  io::Overflow overflow = io::Overflow::drop_oldest;  // of a reader; wait means drop_newest
  std::size_t queue_messages = 16384;                 // of a survey, a reader, a backlog
  std::size_t queue_bytes = 1u << 20;
};

// Handed to a protocol when it is made. Everything in it outlives the protocol.
struct ProtocolContext {
  ProtocolHost& host;
  Memory& memory;
  MessagePool& pool;
  const ProtocolOptions& options;
  std::uint32_t seed = 1;  // where ids begin
};

}  // namespace spool::protocols
