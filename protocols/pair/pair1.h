// PAIR v1: PAIR with a hop count in front of each message, against messages that run in circles
// through devices. Attaching, blocking and whose message is next: the table in pair.h.
//
//  the word in front is        | arrives                        | sent
//  ----------------------------+--------------------------------+------
//  not there, or > 0xff        | the connection ends: malformed | –
//  > ProtocolOptions::hop_limit| dropped, counted and reported  | –
//  up to there                 | received without it            | 1
#pragma once

#include "spool/protocols/pair/pair.h"

namespace spool::protocols {

class Pair1 final : public Pair {
 public:
  explicit Pair1(const ProtocolContext& context) noexcept
      : Pair(context), pool_(context.pool), options_(context.options) {}

  [[nodiscard]] Error send(Message& message) noexcept override;
  [[nodiscard]] Result<Message> receive() noexcept override;
  [[nodiscard]] bool inspects() const noexcept override { return true; }
  [[nodiscard]] io::Verdict inspect(io::Pipe& pipe,
                                    std::span<const std::byte> payload) noexcept override;

 private:
  MessagePool& pool_;
  const ProtocolOptions& options_;
};

}  // namespace spool::protocols
