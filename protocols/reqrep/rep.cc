#include "spool/protocols/reqrep/rep.h"

#include <cstring>

namespace spool::protocols {

Result<Message> Rep::receive() noexcept {
  Result<Message> request = take_request();
  if (!request.ok()) return request;
  requester_ = request->peer();
  backtrace_size_ = request->header().size();
  std::memcpy(backtrace_.data(), request->header().data(), backtrace_size_);
  request->drop_header();
  host_.on_writable();
  return request;
}

Error Rep::send(Message& message) noexcept {
  if (!answering()) return Error::wrong_state;
  const Error error = answer_to(requester_, {backtrace_.data(), backtrace_size_}, message);
  if (error == Error::none || error == Error::peer_closed) backtrace_size_ = 0;
  return error;
}

bool Rep::can_send() const noexcept {
  if (!answering()) return false;
  const io::Pipe* pipe = find(requester_);
  return pipe == nullptr || pipe->sendable();
}

Error Rep::reply(const Message& request, Message& answer) noexcept {
  if (request.header().empty()) return Error::invalid_argument;
  return answer_to(request.peer(), request.header(), answer);
}

Error Rep::answer_to(std::uint32_t peer, std::span<const std::byte> backtrace,
                     Message& answer) noexcept {
  io::Pipe* pipe = find(peer);
  if (pipe == nullptr) {
    ++stats_.unroutable;
    return Error::peer_closed;
  }
  if (!pipe->sendable()) return Error::would_block;
  // A request that is its own answer has the way back in front already.
  if (answer.header().data() == backtrace.data()) return send_to(*pipe, answer);
  answer.drop_header();
  if (const Error error = pool_.push_header(answer, backtrace); error != Error::none) return error;
  const Error error = send_to(*pipe, answer);
  if (error != Error::none) answer.drop_header();
  return error;
}

}  // namespace spool::protocols
