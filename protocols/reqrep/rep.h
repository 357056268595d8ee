// REP and RESPONDENT: answer requests, and surveys.
//
// The socket's own request, one at a time:
//
//  state     | receive: there is one    | there is none | send
//  ----------+--------------------------+---------------+------------------------------------------
//  idle      | → answering              | would_block   | wrong_state
//  answering | → answering; the former  | would_block   | its requester has room: → idle;
//            | one is forgotten         |               | is full: would_block;
//            |                          |               | is gone: → idle, peer_closed (unroutable)
//
// The user is told of room when a request was taken, and when a requester has room again or is
// gone.
//
// Beside that any number at a time, each with its way back in its header, in any order. Whose
// request is next, and what becomes of those whose requester is full or gone: see replier.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "spool/protocols/policy/backtrace.h"
#include "spool/protocols/reqrep/replier.h"

namespace spool::protocols {

class Rep final : public Replier {
 public:
  explicit Rep(const ProtocolContext& context) noexcept : Replier(context) {}

  // A header that the message still has from where it was received is not sent.
  [[nodiscard]] Error send(Message& message) noexcept override;
  [[nodiscard]] Result<Message> receive() noexcept override;
  // The requester is gone: true as well, so that send() tells.
  [[nodiscard]] bool can_send() const noexcept override;

  [[nodiscard]] Result<Message> receive_request() noexcept override { return take_request(); }
  // `answer` may be the request itself. invalid_argument: the request has no header.
  [[nodiscard]] Error reply(const Message& request, Message& answer) noexcept override;

 private:
  [[nodiscard]] bool answering() const noexcept { return backtrace_size_ != 0; }
  [[nodiscard]] Error answer_to(std::uint32_t peer, std::span<const std::byte> backtrace,
                                Message& answer) noexcept;

  // The way back of the socket's own request.
  std::uint32_t requester_ = 0;
  std::size_t backtrace_size_ = 0;  // in bytes; 0: idle
  std::array<std::byte, hop_limit_max * word_size> backtrace_;
};

}  // namespace spool::protocols
