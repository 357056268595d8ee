#include "spool/protocols/pair/pair1.h"

#include "spool/protocols/pair/hop_count.h"

namespace spool::protocols {

Error Pair1::send(Message& message) noexcept {
  return can_send() ? send_first_hop(pool_, peer(), message) : Error::would_block;
}

Result<Message> Pair1::receive() noexcept {
  Result<Message> message = Pair::receive();
  if (message.ok()) strip_hops(*message);
  return message;
}

io::Verdict Pair1::inspect(io::Pipe&, std::span<const std::byte> payload) noexcept {
  return inspect_hops(payload, options_.hop_limit);
}

}  // namespace spool::protocols
