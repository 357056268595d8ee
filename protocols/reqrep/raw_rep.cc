#include "spool/protocols/reqrep/raw_rep.h"

#include <utility>

#include "spool/protocols/policy/backtrace.h"

namespace spool::protocols {

Result<Message> RawRep::receive() noexcept {
  if (next_.payload().empty()) {
    Result<Message> request = take_request();
    if (!request.ok()) return request;
    next_ = std::move(request).value();
  }
  const Word peer = encode_word(next_.peer());
  if (const Error error = pool_.push_header(next_, peer); error != Error::none) return error;
  return std::move(next_);
}

Error RawRep::send(Message& message) noexcept {
  const std::span<const std::byte> header = message.header();
  if (header.size() <= word_size || !is_backtrace(header)) return Error::invalid_argument;
  io::Pipe* pipe = find(io::load_u32(header.data()));
  if (pipe == nullptr || !pipe->sendable()) {
    ++stats_.unroutable;
    message.reset();
    return Error::none;
  }
  // The caller's keeps its first word until nothing can fail any more.
  Message answer = message.share();
  answer.drop_front(word_size);
  const Error error = send_to(*pipe, answer);
  if (error == Error::none) message.reset();
  return error;
}

}  // namespace spool::protocols
