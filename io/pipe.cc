#include "spool/io/pipe.h"

#include <utility>

namespace spool::io {

Message Pipe::take() noexcept {
  SPOOL_ASSERT(receivable());
  Message message = std::move(received_.front());
  received_.pop_front();
  received_bytes_ -= message.payload().size();
  if (watch_takes_) on_taken();
  return message;
}

Verdict Pipe::inspected(std::span<const std::byte> payload) noexcept {
  if (!config_->inspects || user_ == nullptr) return Verdict::keep;
  const Verdict verdict = user_->inspect(*this, payload);
  switch (verdict) {
    case Verdict::keep:
      break;
    case Verdict::unasked:
      ++stats_.filtered;
      break;
    case Verdict::malformed:
    case Verdict::hang_up:
      ++stats_.malformed;
      note_dropped(Error::malformed);
      break;
    case Verdict::too_many_hops:
      ++stats_.too_many_hops;
      note_dropped(Error::too_many_hops);
      break;
  }
  return verdict;
}

void Pipe::note_dropped(Error reason) noexcept {
  if (dropped_count_ != 0 && dropped_reason_ != reason) report_dropped();
  dropped_reason_ = reason;
  ++dropped_count_;
}

void Pipe::report_dropped() noexcept {
  if (dropped_count_ != 0)
    owner_->on_pipe_dropped(*this, dropped_reason_, std::exchange(dropped_count_, 0));
}

Error Pipe::keep(Message message) noexcept {
  const std::size_t size = message.payload().size();
  message.set_peer(peer_number);
  if (config_->routes && user_ != nullptr && user_->route(*this, message)) {
    ++stats_.messages_received;
    stats_.bytes_received += size;
    return Error::none;
  }
  if (receive_queue_full() && config_->overflow != Overflow::wait) {
    if (!std::exchange(overflowing_, true)) note_dropped(Error::queue_full);
    watch_takes_ = true;
    if (config_->overflow == Overflow::drop_newest) {
      ++stats_.overflowed;
      return Error::none;
    }
    while (receive_queue_full() && !received_.empty()) {
      received_bytes_ -= received_.front().payload().size();
      received_.pop_front();
      ++stats_.overflowed;
    }
  }
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
