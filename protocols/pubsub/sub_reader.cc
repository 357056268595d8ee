#include "spool/protocols/pubsub/sub_reader.h"

#include <utility>

namespace spool::protocols {

void SubReader::hand_over(const Message& message) noexcept {
  if (!wants_it_) return;
  if (!make_room() || !queue_.push_back(message.share())) {
    ++stats_.overflowed;
    return;
  }
  queue_bytes_ += message.size();
  host_.on_readable();
}

bool SubReader::make_room() noexcept {
  switch (options_.overflow) {
    case io::Overflow::wait:
    case io::Overflow::drop_newest:
      return !full();
    case io::Overflow::drop_oldest:
      break;
  }
  while (full()) {
    take().reset();
    ++stats_.overflowed;
  }
  return true;
}

Message SubReader::take() noexcept {
  Message message = std::move(queue_.front());
  queue_.pop_front();
  queue_bytes_ -= message.size();
  return message;
}

Result<Message> SubReader::receive() noexcept {
  if (queue_.empty()) return Error::would_block;
  return take();
}

Error SubReader::unsubscribe(std::span<const std::byte> topic) noexcept {
  const Error error = topics_.remove(topic);
  if (error != Error::none) return error;
  queue_.remove_if([&](const Message& message) {
    if (topics_.matches(message.body())) return false;
    queue_bytes_ -= message.size();
    return true;
  });
  return Error::none;
}

}  // namespace spool::protocols
