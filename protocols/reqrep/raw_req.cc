#include "spool/protocols/reqrep/raw_req.h"

namespace spool::protocols {

Error RawReq::attach(io::Pipe& pipe) noexcept {
  on_sendable(pipe);
  if (pipe.receivable()) on_receivable(pipe);
  return Error::none;
}

void RawReq::detach(io::Pipe& pipe) noexcept {
  balancer_.remove(pipe);
  queue_.remove(pipe);
}

void RawReq::on_sendable(io::Pipe& pipe) noexcept {
  balancer_.activate(pipe);
  host_.on_writable();
}

void RawReq::on_receivable(io::Pipe& pipe) noexcept {
  queue_.activate(pipe);
  host_.on_readable();
}

Error RawReq::send(Message& message) noexcept {
  return is_backtrace(message.header()) ? balancer_.send(message) : Error::invalid_argument;
}

Result<Message> RawReq::receive() noexcept {
  Result<Message> reply = queue_.receive();
  if (reply.ok()) reply->body_to_header(find_backtrace(reply->body(), no_hop_limit).size);
  return reply;
}

}  // namespace spool::protocols
