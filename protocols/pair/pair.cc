#include "spool/protocols/pair/pair.h"

namespace spool::protocols {

Error Pair::attach(io::Pipe& pipe) noexcept {
  if (peer_ != nullptr) return Error::refused;
  peer_ = &pipe;
  if (pipe.receivable()) on_receivable(pipe);
  host_.on_writable();
  return Error::none;
}

void Pair::detach(io::Pipe& pipe) noexcept {
  queue_.remove(pipe);
  on_pipe_ended(pipe);
}

void Pair::on_pipe_ended(io::Pipe& pipe) noexcept {
  if (peer_ == &pipe) peer_ = nullptr;
}

Error Pair::send(Message& message) noexcept {
  return can_send() ? peer_->send(message) : Error::would_block;
}

void Pair::on_sendable(io::Pipe&) noexcept { host_.on_writable(); }

void Pair::on_receivable(io::Pipe& pipe) noexcept {
  queue_.activate(pipe);
  host_.on_readable();
}

}  // namespace spool::protocols
