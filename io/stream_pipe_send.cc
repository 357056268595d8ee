// How a StreamPipe sends: at once, or gathered until the end of a turn, a batch or 64,000 bytes.
#include <array>

#include "spool/io/stream_pipe.h"

namespace spool::io {

namespace {

constexpr std::size_t gather_bytes = 64'000;  // then a burst is written; see SendQueue
constexpr std::size_t write_buffers = 64;

}  // namespace

bool StreamPipe::may_write_now() noexcept {
  if (!queue_.empty() || io_.reactor.gathering()) return false;
  if (turn_ != io_.reactor.turn_number()) {
    turn_ = io_.reactor.turn_number();
    immediate_ = 0;
  }
  return immediate_++ < config_->immediate_sends;
}

Error StreamPipe::send(Message& message) noexcept {
  SPOOL_ASSERT(sendable_);
  const std::size_t size = message.payload().size();
  if (may_write_now()) {
    const Error error = write_now(message);
    if (error != Error::none) return error;
  } else {
    const Error error = queue_.push(message);
    if (error != Error::none) return error;
    if (!write_blocked_) {
      if (queue_.bytes() >= gather_bytes)
        flush();
      else
        io_.reactor.request_flush(*this);
    }
  }
  ++stats_.messages_sent;
  stats_.bytes_sent += size;
  update_sendable();
  return Error::none;
}

// Header and payload straight from where they are; only what the kernel did not take is queued.
Error StreamPipe::write_now(Message& message) noexcept {
  std::byte header[frame_header_max];
  const std::size_t header_size = frame_header_size(framing_);
  const std::span<const std::byte> payload = message.payload();
  encode_frame_header(framing_, payload.size(), header);
  const std::array<iovec, 2> buffers{
      {{header, header_size}, {const_cast<std::byte*>(payload.data()), payload.size()}}};
  const Transfer written = stream_.write({buffers.data(), payload.empty() ? 1u : 2u});
  if (written.error == Error::none && written.bytes == header_size + payload.size()) {
    message.reset();
    return Error::none;
  }
  const Error error = queue_.push_rest(message, written.bytes);
  if (error != Error::none) {
    if (written.bytes == 0) return error;
    // Half a frame is on the wire and the rest cannot be kept: this connection is over. The
    // message itself is still the caller's.
    queue_.clear();
    stream_.shutdown_write();
    on_write_error({0, Error::connection_reset, 0});
    return error;
  }
  on_write_error(written);
  return Error::none;
}

// A short or refused write: full for now, or dead. A dead one is not reported from here, because
// a send must not call back; the read side hears of it, and of what the peer said before.
void StreamPipe::on_write_error(const Transfer& transfer) noexcept {
  if (transfer.error == Error::none || transfer.error == Error::would_block) {
    write_blocked_ = true;
  } else {
    write_dead_ = true;
    sendable_ = false;
    // Not while draining, whose limit stands; and not before reading was tried again.
    if (state_ == PipeState::active && !starved_ && abandoned_ == Error::none)
      io_.reactor.schedule_after(timer_, write_dead_limit);
  }
  update_interest();
}

void StreamPipe::flush() noexcept {
  loop::Flushable::unlink();
  if (state_ == PipeState::ended || write_blocked_ || write_dead_ ||
      handshake_sent_ < handshake_size)
    return;
  std::array<iovec, write_buffers> buffers;
  while (!queue_.empty()) {
    const std::size_t count = queue_.peek(buffers);
    std::size_t asked = 0;
    for (std::size_t i = 0; i < count; ++i) asked += buffers[i].iov_len;
    const Transfer written = stream_.write({buffers.data(), count});
    queue_.consume(written.bytes);
    if (written.error != Error::none || written.bytes < asked) {
      on_write_error(written);
      if (write_dead_ && state_ == PipeState::draining)
        return fail(written.error, written.os_error);
      break;
    }
  }
  update_interest();
  update_sendable();
  if (state_ == PipeState::draining && queue_.empty()) finish_draining();
}

// What was dropped was never sent. Room for one is enough to go on; of being ready again the user
// hears at half, as ever.
bool StreamPipe::drop_oldest() noexcept {
  const std::size_t bytes = queue_.bytes();
  if (!queue_.drop_oldest()) return false;
  --stats_.messages_sent;
  stats_.bytes_sent -= bytes - queue_.bytes() - frame_header_size(framing_);
  sendable_ = may_send() && has_room();
  return true;
}

bool StreamPipe::may_send() const noexcept {
  return state_ == PipeState::active && handshake_sent_ == handshake_size && !write_dead_ &&
         abandoned_ == Error::none;
}

bool StreamPipe::has_room() const noexcept {
  return queue_.bytes() < config_->send_queue_bytes &&
         queue_.messages() < config_->send_queue_messages;
}

// Full at the limits, ready again at half of them.
void StreamPipe::update_sendable() noexcept {
  if (!may_send()) return;
  if (!has_room()) {
    sendable_ = false;
    full_ = true;
  }
  if (!full_ || queue_.bytes() > config_->send_queue_bytes / 2 ||
      queue_.messages() > config_->send_queue_messages / 2)
    return;
  full_ = false;
  sendable_ = true;
  if (user_ != nullptr) user_->on_sendable(*this);
}

}  // namespace spool::io
