#include "spool/protocols/pubsub/sub.h"

namespace spool::protocols {

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

}  // namespace spool::protocols
