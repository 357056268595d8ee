#include "spool/protocols/bus/bus.h"

#include <utility>

#include "spool/protocols/policy/backtrace.h"

namespace spool::protocols {

Error Bus::attach(io::Pipe& pipe) noexcept {
  neighbours_.add(pipe);
  if (pipe.receivable()) on_receivable(pipe);
  return Error::none;
}

void Bus::detach(io::Pipe& pipe) noexcept {
  neighbours_.remove(pipe);
  queue_.remove(pipe);
}

Error Bus::send(Message& message) noexcept {
  neighbours_.send(message);
  return Error::none;
}

void Bus::on_receivable(io::Pipe& pipe) noexcept {
  queue_.activate(pipe);
  host_.on_readable();
}

Error RawBus::send(Message& message) noexcept {
  const std::span<const std::byte> header = message.header();
  if (!header.empty() && header.size() != word_size) return Error::invalid_argument;
  const std::uint32_t origin = header.empty() ? 0 : io::load_u32(header.data());
  message.drop_header();
  neighbours_.send(message, origin);
  return Error::none;
}

// The header finds room in front of the body, unless other peers of the same process hold the same
// body: then it takes a copy.
Result<Message> RawBus::receive() noexcept {
  if (!holding_) {
    Result<Message> message = queue_.receive();
    if (!message.ok()) return message;
    held_ = std::move(message).value();
    holding_ = true;
  }
  const Error error = pool_.push_header(held_, encode_word(held_.peer()));
  if (error != Error::none) return error;
  holding_ = false;
  return std::move(held_);
}

}  // namespace spool::protocols
