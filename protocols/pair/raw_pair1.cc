#include "spool/protocols/pair/raw_pair1.h"

#include <utility>

#include "spool/protocols/pair/hop_count.h"

namespace spool::protocols {

Error RawPair1::send(Message& message) noexcept {
  if (message.header().size() != word_size) return Error::invalid_argument;
  const std::uint32_t hops = io::load_u32(message.header().data());
  if (hops >= hops_max) return Error::invalid_argument;
  if (!can_send()) return Error::would_block;
  Error error = set_hops(message, hops + 1);
  if (error != Error::none) return error;
  error = peer().send(message);
  if (error == Error::none) return error;
  // The message is ours alone by now: setting the word back cannot fail.
  const Error restored = set_hops(message, hops);
  SPOOL_ASSERT(restored == Error::none);
  return error;
}

// Replaces the one word of the header. no_memory leaves it as it was.
Error RawPair1::set_hops(Message& message, std::uint32_t hops) noexcept {
  const Word word = encode_word(hops);
  // Putting nothing in front works when the bytes are nobody else's: then the word can be
  // written over.
  if (message.prepend_in_place({})) {
    message.drop_front(word_size);
    return pool_.push_header(message, word);
  }
  Message copy = message.share();
  copy.drop_front(word_size);
  const Error error = pool_.push_header(copy, word);
  if (error == Error::none) message = std::move(copy);
  return error;
}

Result<Message> RawPair1::receive() noexcept {
  Result<Message> message = Pair::receive();
  if (message.ok()) message->body_to_header(word_size);
  return message;
}

io::Verdict RawPair1::inspect(io::Pipe&, std::span<const std::byte> payload) noexcept {
  return inspect_hops(payload, options_.hop_limit);
}

}  // namespace spool::protocols
