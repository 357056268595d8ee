#include "spool/protocols/pair/poly_pair1.h"

#include "spool/protocols/pair/hop_count.h"

namespace spool::protocols {

Error PolyPair1::attach(io::Pipe& pipe) noexcept {
  if (!by_number_.insert(pipe.peer_number, pipe)) return Error::no_memory;
  peers_.push_back(pipe);
  if (pipe.receivable()) on_receivable(pipe);
  host_.on_writable();
  return Error::none;
}

void PolyPair1::detach(io::Pipe& pipe) noexcept {
  queue_.remove(pipe);
  on_pipe_ended(pipe);
}

// Who waits for this peer learns that it is gone; who waits for the first one has another.
void PolyPair1::on_pipe_ended(io::Pipe& pipe) noexcept {
  if (!pipe.loop::Link<io::SendRing>::linked()) return;
  pipe.loop::Link<io::SendRing>::unlink();
  by_number_.erase(pipe.peer_number);
  host_.on_writable();
}

Error PolyPair1::send(Message& message) noexcept {
  const std::uint32_t number = message.peer();
  io::Pipe* pipe = number == 0 ? peers_.front() : by_number_.find(number);
  if (pipe == nullptr && number != 0) return Error::peer_closed;
  if (pipe == nullptr || !pipe->sendable()) return Error::would_block;
  return send_first_hop(pool_, *pipe, message);
}

Result<Message> PolyPair1::receive() noexcept {
  Result<Message> message = queue_.receive();
  if (message.ok()) strip_hops(*message);
  return message;
}

bool PolyPair1::can_send() const noexcept {
  io::Pipe* pipe = peers_.front();
  while (pipe != nullptr && !pipe->sendable()) pipe = peers_.next(*pipe);
  return pipe != nullptr;
}

void PolyPair1::on_sendable(io::Pipe&) noexcept { host_.on_writable(); }

void PolyPair1::on_receivable(io::Pipe& pipe) noexcept {
  queue_.activate(pipe);
  host_.on_readable();
}

io::Verdict PolyPair1::inspect(io::Pipe&, std::span<const std::byte> payload) noexcept {
  return inspect_hops(payload, options_.hop_limit);
}

}  // namespace spool::protocols
