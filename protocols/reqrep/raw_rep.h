// Raw REP and raw RESPONDENT: the side of a device that faces requesters. No state: the way back is
// in the message.
//
//  requests there | receive                                       | send
//  ---------------+-----------------------------------------------+--------------------------------
//  none           | would_block                                   | to the peer that its first word
//  some           | header: the peer's number, then the backtrace | names, without that word; gone
//                 |                                               | or full: dropped (unroutable)
//
// Whose request is next: see replier.h.
#pragma once

#include "spool/protocols/reqrep/replier.h"

namespace spool::protocols {

class RawRep final : public Replier {
 public:
  explicit RawRep(const ProtocolContext& context) noexcept : Replier(context) {}

  // invalid_argument: the header is not a peer's number and a backtrace.
  [[nodiscard]] Error send(Message& message) noexcept override;
  // no_memory: only if somebody else holds the same bytes. The request is not lost.
  [[nodiscard]] Result<Message> receive() noexcept override;
  [[nodiscard]] bool can_send() const noexcept override { return true; }
  [[nodiscard]] bool can_receive() const noexcept override {
    return !next_.payload().empty() || Replier::can_receive();
  }

 private:
  Message next_;  // taken from its pipe, and there was no memory for its peer's number
};

}  // namespace spool::protocols
