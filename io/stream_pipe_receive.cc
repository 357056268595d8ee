// How a StreamPipe receives: bounded reads, frames cut out of them, back-pressure.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "spool/io/stream_pipe.h"

namespace spool::io {

namespace {

constexpr std::size_t eager_body = 64 * 1024;  // a length field is trusted so far
constexpr Duration memory_pause = std::chrono::milliseconds(5);
constexpr std::uint16_t memory_pauses_max = 2000;  // ten seconds
constexpr std::size_t smallest_read = 512;
// One read is what a turn may exceed its budget by. Bytes cost little, messages by the piece: see
// adapt_bite.
constexpr std::uint32_t bite_frames = 1024;
// The worst case: frames of one byte (nine on the wire), each in the smallest block and a queue
// slot of its own. Beside them, what comes in steps: a new node of the queue, the last block's
// start.
constexpr std::size_t memory_per_byte = 18;
constexpr std::size_t memory_per_read = 5000;

}  // namespace

// How much may be read without risking that what was read cannot be kept.
std::size_t StreamPipe::read_limit() const noexcept {
  if (state_ == PipeState::draining) return smallest_read;
  const std::size_t available = io_.pool.available();
  const std::size_t room =
      available < memory_per_read ? 0 : (available - memory_per_read) / memory_per_byte;
  if (state_ == PipeState::active) return std::min(std::size_t{bite_}, room);
  // A header costs nothing; what may come behind it does, and waits until the host lets it in.
  if (config_->asks_first) return handshake_size - stash_size_;
  return room < smallest_read ? handshake_size - stash_size_ : smallest_read;
}

void StreamPipe::receive() noexcept {
  const std::size_t limit = read_limit();
  const bool may_start = limit >= smallest_read || state_ == PipeState::handshaking;
  if (!grow_body()) return pause_for_memory();
  std::array<iovec, 2> buffers;
  std::size_t count = 0;
  std::size_t asked = 0;
  const std::size_t most = io_.receive_buffer.size;  // also of a body, and of both together
  const std::size_t body_rest = body_.size() - body_filled_;
  if (body_rest == 0 && !may_start) return pause_for_memory();
  // A known body is filled in place: its memory is there already. What follows it lands in the
  // shared buffer.
  if (body_rest != 0) {
    asked = std::min(body_rest, most);
    buffers[count++] = {body_.mutable_body().data() + body_filled_, asked};
  }
  if (body_rest == 0 || (may_start && body_.size() == frame_size_ && asked < most)) {
    const std::size_t behind = std::min(limit, most - asked);
    buffers[count++] = {io_.receive_buffer.bytes, behind};
    asked += behind;
  }
  const Transfer read = stream_.read({buffers.data(), count});
  if (read.error == Error::would_block) return;
  if (read.error != Error::none) return fail(read.error, read.os_error);
  if (read.bytes == 0) return on_end_of_stream();
  if (state_ == PipeState::draining) return;
  memory_pauses_ = 0;
  frames_ = 0;
  const std::uint64_t before = stats_.messages_received;
  const std::size_t into_body = std::min(read.bytes, body_rest);
  if (into_body != 0) {
    if (const Error error = add_to_body(into_body); error != Error::none) return fail(error, 0);
  }
  if (read.bytes != into_body) parse(io_.receive_buffer.bytes, read.bytes - into_body);
  end_of_read(before, read.bytes);
  if (state_ == PipeState::ended) return;
  const bool filled = read.bytes == asked;
  if (filled && !read_paused_ && !held_) io_.reactor.note_more();
  adapt_bite(read.bytes - into_body, filled);
}

// So much that the next one brings some thousand messages, if they go on being as small as these.
// Starts small, and doubles while few fill it.
void StreamPipe::adapt_bite(std::size_t bytes, bool filled) noexcept {
  if (frames_ > bite_frames)
    bite_ = static_cast<std::uint32_t>(bytes * bite_frames / frames_);
  else if (filled && frames_ <= bite_frames / 2)
    bite_ = std::min(2 * bite_, static_cast<std::uint32_t>(io_.receive_buffer.size));
}

void StreamPipe::end_of_read(std::uint64_t received_before, std::size_t bytes) noexcept {
  const std::uint64_t received = stats_.messages_received - received_before;
  io_.reactor.count(static_cast<std::uint32_t>(received), bytes);
  if (state_ == PipeState::ended) return;
  report_dropped();
  if (received != 0 && user_ != nullptr && receivable()) user_->on_receivable(*this);
  if (!read_paused_ && config_->overflow == Overflow::wait && receive_queue_full()) {
    read_paused_ = watch_takes_ = true;
    update_interest();
  }
}

// Cuts complete frames out of [data, data + size). Nothing of it is left behind.
void StreamPipe::parse(std::byte* data, std::size_t size) noexcept {
  if (stash_size_ != 0) {
    data -= stash_size_;
    std::memcpy(data, stash_.data(), stash_size_);
    size += stash_size_;
    stash_size_ = 0;
  }
  if (state_ == PipeState::handshaking && !take_handshake(data, size)) return;
  const std::size_t header_size = frame_header_size(framing_);
  while (size >= header_size) {
    std::uint64_t announced = 0;
    const Error error = decode_frame_header(framing_, data, max_message_size, announced);
    if (error != Error::none) return fail(error, 0);
    const auto frame_size = static_cast<std::size_t>(announced);
    data += header_size;
    size -= header_size;
    if (size < frame_size) {
      if (const Error begun = begin_body(frame_size, data, size); begun != Error::none)
        fail(begun, 0);
      return;
    }
    ++frames_;
    if (const Error kept = deliver(data, frame_size); kept != Error::none) return fail(kept, 0);
    data += frame_size;
    size -= frame_size;
  }
  std::memcpy(stash_.data(), data, size);
  stash_size_ = static_cast<std::uint8_t>(size);
}

// False when there is nothing more to parse: not all eight bytes yet, or the pipe has ended.
bool StreamPipe::take_handshake(std::byte*& data, std::size_t& size) noexcept {
  if (size < handshake_size) {
    std::memcpy(stash_.data(), data, size);
    stash_size_ = static_cast<std::uint8_t>(size);
    return false;
  }
  const Error error = check_handshake(
      std::span<const std::byte, handshake_size>(data, handshake_size), config_->peer);
  if (error != Error::none) {
    fail(error, 0);
    return false;
  }
  data += handshake_size;
  size -= handshake_size;
  io_.reactor.cancel(timer_);
  enter(PipeState::active);
  if (write_dead_) io_.reactor.schedule_after(timer_, write_dead_limit);
  // A peer that writes nothing but its header may still not have taken ours: see update_sendable.
  sendable_ = handshake_sent_ == handshake_size;
  full_ = !sendable_;
  if (config_->asks_first) {
    held_ = true;
    update_interest();
  }
  owner_->on_pipe_open(*this);
  return state_ == PipeState::active;
}

// A frame whose end is not here yet. Memory for it is reserved as far as the peer is trusted:
// 64 KiB, or twice what it has proved to send. The rest grows as bytes arrive. What could never be
// held is refused now instead of stalling later.
Error StreamPipe::begin_body(std::size_t frame_size, const std::byte* data,
                             std::size_t have) noexcept {
  if (!io_.pool.could_hold(frame_size)) return Error::message_too_large;
  const std::size_t trusted = std::max(eager_body, 2 * largest_);
  Result<Message> body = io_.pool.make(std::min(frame_size, std::max(trusted, have)));
  if (!body.ok()) body = io_.pool.make(std::max(have, std::size_t{1}));
  if (!body.ok()) return body.error();
  body_ = std::move(body).value();
  frame_size_ = frame_size;
  body_filled_ = have;
  if (have != 0) std::memcpy(body_.mutable_body().data(), data, have);
  return Error::none;
}

// Room for what is still to come: twice as much as has arrived.
bool StreamPipe::grow_body() noexcept {
  if (body_filled_ < body_.size() || frame_size_ == 0) return true;
  return io_.pool.resize(body_, std::min(frame_size_, 2 * body_filled_)) == Error::none;
}

// `bytes` more of the body have arrived.
Error StreamPipe::add_to_body(std::size_t bytes) noexcept {
  body_filled_ += bytes;
  if (body_filled_ < frame_size_) return Error::none;
  Message body = std::move(body_);
  largest_ = std::max(largest_, std::exchange(frame_size_, 0));
  body_filled_ = 0;
  const Verdict verdict = inspected(body.body());
  if (verdict == Verdict::keep) return keep(std::move(body));
  return verdict == Verdict::hang_up ? Error::malformed : Error::none;
}

Error StreamPipe::deliver(const std::byte* payload, std::size_t size) noexcept {
  const Verdict verdict = inspected({payload, size});
  if (verdict != Verdict::keep) return verdict == Verdict::hang_up ? Error::malformed : Error::none;
  if (size == 0) return keep(Message());
  Result<Message> message = io_.pool.copy_of({payload, size});
  if (!message.ok()) return message.error();
  largest_ = std::max(largest_, size);
  return keep(std::move(message).value());
}

// Whoever holds half a body while it waits may be what the others wait for: not for ever.
void StreamPipe::pause_for_memory() noexcept {
  if (frame_size_ != 0 && ++memory_pauses_ > memory_pauses_max) return fail(Error::no_memory, 0);
  starved_ = true;
  io_.reactor.schedule_after(timer_, memory_pause);
  update_interest();
}

void StreamPipe::on_end_of_stream() noexcept {
  if (state_ == PipeState::draining) {
    input_over_ = true;
    // With our side said to be over as well, nothing is left to wait for.
    if (queue_.empty() || write_dead_) return fail(Error::closed, 0);
    return update_interest();
  }
  const bool in_frame = stash_size_ != 0 || frame_size_ != 0;
  fail(in_frame ? Error::truncated : Error::peer_closed, 0);
}

void StreamPipe::on_taken() noexcept {
  if (state_ == PipeState::ended) {
    if (received_.empty()) owner_->on_pipe_drained(*this);
    return;
  }
  if (!receive_queue_low()) return;
  read_paused_ = watch_takes_ = overflowing_ = false;
  update_interest();
}

}  // namespace spool::io
