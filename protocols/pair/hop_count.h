// The hop count: the one word in front of a PAIR v1 message. docs/wire.md §7.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "spool/io/message_pool.h"
#include "spool/io/pipe.h"
#include "spool/io/wire.h"
#include "spool/protocols/policy/backtrace.h"

namespace spool::protocols {

inline constexpr std::uint32_t hops_max = 0xff;  // of what may arrive

//  a word that is          | verdict
//  ------------------------+---------------
//  not there, or > 0xff    | hang_up
//  > hop_limit             | too_many_hops
//  0 to hop_limit          | keep
[[nodiscard]] inline io::Verdict inspect_hops(std::span<const std::byte> payload,
                                              unsigned hop_limit) noexcept {
  if (payload.size() < word_size) return io::Verdict::hang_up;
  const std::uint32_t hops = io::load_u32(payload.data());
  if (hops > hops_max) return io::Verdict::hang_up;
  return hops > hop_limit ? io::Verdict::too_many_hops : io::Verdict::keep;
}

// Takes the word off a message that has arrived and was inspected.
inline void strip_hops(Message& message) noexcept {
  message.body_to_header(word_size);
  message.drop_header();
}

// Sends it on its first hop. Only while the pipe is sendable; an Error leaves it as it was.
[[nodiscard]] inline Error send_first_hop(MessagePool& pool, io::Pipe& pipe,
                                          Message& message) noexcept {
  Error error = pool.push_header(message, encode_word(1));
  if (error != Error::none) return error;
  error = pipe.send(message);
  if (error != Error::none) message.drop_front(word_size);
  return error;
}

}  // namespace spool::protocols
