#include "spool/protocols/pubsub/sub.h"

namespace spool::protocols {

Sub::~Sub() {
  while (SubReader* reader = readers_.front()) close_exchange(*reader);
}

Error Sub::unsubscribe(std::span<const std::byte> topic) noexcept {
  const Error error = topics_.remove(topic);
  if (error == Error::none && queue_.ready()) check_again_ = true;
  return error;
}

Result<Message> Sub::receive() noexcept {
  for (;;) {
    Result<Message> message = queue_.receive();
    if (!message.ok()) {
      check_again_ = false;
      return message;
    }
    if (!check_again_ || topics_.matches(message->body())) return message;
  }
}

Result<Exchange*> Sub::open_exchange(ExchangeHost& host, const ExchangeTimes&) noexcept {
  SubReader* reader = reader_pool_.create(context_, host, stats_);
  if (reader == nullptr) return Error::no_memory;
  readers_.push_back(*reader);
  return static_cast<Exchange*>(reader);
}

void Sub::close_exchange(Exchange& exchange) noexcept {
  auto& reader = static_cast<SubReader&>(exchange);
  reader.unlink();
  reader_pool_.destroy(&reader);
}

// Every message is inspected, and those that are kept are routed next: each set of topics is
// searched once.
io::Verdict Sub::inspect(io::Pipe&, std::span<const std::byte> body) noexcept {
  bool keep = wants_it_ = topics_.matches(body);
  for (SubReader* reader = readers_.front(); reader != nullptr; reader = readers_.next(*reader))
    if (reader->look_at(body)) keep = true;
  return keep ? io::Verdict::keep : io::Verdict::unasked;
}

bool Sub::route(io::Pipe&, Message& message) noexcept {
  for (SubReader* reader = readers_.front(); reader != nullptr; reader = readers_.next(*reader))
    reader->hand_over(message);
  return !wants_it_;
}

}  // namespace spool::protocols
