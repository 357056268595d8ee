// Raw PAIR v1: for devices. The hop count is the header of each message; sending raises it.
// Attaching, blocking and whose message is next: the table in pair.h.
//
//  the header is           | send
//  ------------------------+----------------------------------------
//  not exactly one word    | invalid_argument
//  one word, 0xff or more  | invalid_argument
//  one word below that     | to the peer, as one more; or would_block
//
// What arrives is judged by the table in pair1.h; what is received keeps the word as its header.
// It has one peer, whatever ProtocolOptions::polyamorous says: a device passes on what it receives,
// and there Message::peer() names a peer of the other socket.
#pragma once

#include "spool/protocols/pair/pair.h"

namespace spool::protocols {

class RawPair1 final : public Pair {
 public:
  explicit RawPair1(const ProtocolContext& context) noexcept
      : Pair(context), pool_(context.pool), options_(context.options) {}

  // invalid_argument goes before would_block: waiting does not help.
  [[nodiscard]] Error send(Message& message) noexcept override;
  [[nodiscard]] Result<Message> receive() noexcept override;
  [[nodiscard]] bool inspects() const noexcept override { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe& pipe,
                                    std::span<const std::byte> payload) noexcept override;

 private:
  [[nodiscard]] Error set_hops(Message& message, std::uint32_t hops) noexcept;

  MessagePool& pool_;
  const ProtocolOptions& options_;
};

}  // namespace spool::protocols
