#include "spool/protocols/survey/raw_surveyor.h"

#include "spool/protocols/policy/backtrace.h"

namespace spool::protocols {

Error RawSurveyor::attach(io::Pipe& pipe) noexcept {
  peers_.add(pipe);
  if (pipe.receivable()) on_receivable(pipe);
  return Error::none;
}

void RawSurveyor::detach(io::Pipe& pipe) noexcept {
  peers_.remove(pipe);
  queue_.remove(pipe);
}

Error RawSurveyor::send(Message& message) noexcept {
  if (!is_backtrace(message.header())) return Error::invalid_argument;
  peers_.send(message);
  return Error::none;
}

Result<Message> RawSurveyor::receive() noexcept {
  Result<Message> message = queue_.receive();
  if (message.ok()) message->body_to_header(find_backtrace(message->body(), hop_limit_max).size);
  return message;
}

void RawSurveyor::on_receivable(io::Pipe& pipe) noexcept {
  queue_.activate(pipe);
  host_.on_readable();
}

// Only surveys are held to the option; this is the most that any of them can have come by.
io::Verdict RawSurveyor::inspect(io::Pipe&, std::span<const std::byte> payload) noexcept {
  return find_backtrace(payload, hop_limit_max).verdict;
}

}  // namespace spool::protocols
