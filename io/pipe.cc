#include "spool/io/pipe.h"

#include <utility>

namespace spool::io {

void PipeStats::add(const PipeStats& other) noexcept {
  messages_sent += other.messages_sent;
  bytes_sent += other.bytes_sent;
  messages_received += other.messages_received;
  bytes_received += other.bytes_received;
  filtered += other.filtered;
  overflowed += other.overflowed;
  lost += other.lost;
  discarded += other.discarded;
}

Message Pipe::take() noexcept {
  SPOOL_ASSERT(receivable());
  Message message = std::move(received_.front());
  received_.pop_front();
  received_bytes_ -= message.payload().size();
  if (watch_takes_) on_taken();
  return message;
}

bool Pipe::admitted(std::span<const std::byte> payload) noexcept {
  if (!config_->filters || user_ == nullptr || user_->admits(*this, payload)) return true;
  ++stats_.filtered;
  return false;
}

Error Pipe::keep(Message message) noexcept {
  if (receive_queue_full()) {
    switch (config_->overflow) {
      case Overflow::wait:
        break;  // the pipe stops reading; what is here already is kept
      case Overflow::drop_newest:
        ++stats_.overflowed;
        return Error::none;
      case Overflow::drop_oldest:
        while (receive_queue_full() && !received_.empty()) {
          received_bytes_ -= received_.front().payload().size();
          received_.pop_front();
          ++stats_.overflowed;
        }
        break;
    }
  }
  const std::size_t size = message.payload().size();
  if (!received_.push_back(std::move(message))) return Error::no_memory;
  received_bytes_ += size;
  ++stats_.messages_received;
  stats_.bytes_received += size;
  return Error::none;
}

void Pipe::discard_received() noexcept {
  stats_.discarded += received_.size();
  received_.clear();
  received_bytes_ = 0;
}

}  // namespace spool::io
