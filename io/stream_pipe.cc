#include "spool/io/stream_pipe.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace spool::io {

namespace {

constexpr std::size_t gather_bytes = 64'000;   // then a burst is written; see SendQueue
constexpr std::size_t eager_body = 64 * 1024;  // a length field is trusted so far
constexpr Duration memory_pause = std::chrono::milliseconds(5);
constexpr std::uint16_t memory_pauses_max = 2000;  // ten seconds
constexpr std::size_t smallest_read = 512;
// The worst case: frames of one byte (nine on the wire), each in the smallest block and a queue
// slot of its own. Beside them, what comes in steps: a new node of the queue, the last block's
// start.
constexpr std::size_t memory_per_byte = 18;
constexpr std::size_t memory_per_read = 5000;
constexpr std::size_t write_buffers = 64;
// A peer that takes nothing more gets this long to say why.
constexpr Duration write_dead_limit = std::chrono::seconds(10);

}  // namespace

StreamPipe::StreamPipe(IoContext& io, Stream& stream, Framing framing, const PipeConfig& config,
                       PipeOwner& owner) noexcept
    : Pipe(io.pool, config, owner),
      io_(io),
      stream_(stream),
      timer_(loop::Timer::call<&StreamPipe::on_time, StreamPipe>, this),
      queue_(io.pool, framing),
      framing_(framing) {}

StreamPipe::~StreamPipe() { SPOOL_ASSERT(state_ == PipeState::ended); }

void StreamPipe::enter(PipeState next) noexcept {
  SPOOL_ASSERT(may_move(state_, next));
  state_ = next;
}

Error StreamPipe::start(bool connected) noexcept {
  const Interest interest = connected ? Interest::read : Interest::write;
  const Result<Token> token = io_.reactor.add(stream_.handle(), interest, *this);
  if (!token.ok()) {
    stream_.close();
    enter(PipeState::ended);
    return token.error();
  }
  token_ = token.value();
  io_.reactor.schedule_after(timer_, config_->handshake_timeout);
  if (connected) begin_handshake();
  // Whoever starts a pipe gets its end as a return value or as a call, never as both.
  return Error::none;
}

// --- Life -------------------------------------------------------------------------------------

void StreamPipe::begin_handshake() noexcept {
  enter(PipeState::handshaking);
  continue_handshake();
}

// Sends what is left of our header. A write error is left for the read to find: the peer may have
// said something before it went.
void StreamPipe::continue_handshake() noexcept {
  HandshakeBytes bytes = encode_handshake(config_->self);
  while (handshake_sent_ < handshake_size) {
    const iovec rest{bytes.data() + handshake_sent_, handshake_size - std::size_t{handshake_sent_}};
    const Transfer written = stream_.write({&rest, 1});
    if (written.error != Error::none) {
      write_blocked_ = written.error == Error::would_block;
      write_dead_ = !write_blocked_;
      update_interest();
      return;
    }
    handshake_sent_ = static_cast<std::uint8_t>(handshake_sent_ + written.bytes);
  }
  write_blocked_ = false;
  update_interest();
  update_sendable();
}

void StreamPipe::on_connect_ready() noexcept {
  const Transfer connected = stream_.finish_connect();
  if (connected.error == Error::would_block) return;
  if (connected.error != Error::none) return fail(connected.error, connected.os_error);
  begin_handshake();
}

void StreamPipe::on_time() noexcept {
  switch (state_) {
    case PipeState::connecting:
      return fail(Error::timed_out, 0);
    case PipeState::handshaking:
      return fail(Error::handshake_timeout, 0);
    case PipeState::active:
      if (!starved_) return fail(Error::connection_reset, 0);
      starved_ = false;
      if (write_dead_) io_.reactor.schedule_after(timer_, write_dead_limit);
      return update_interest();
    case PipeState::draining:
      return fail(Error::timed_out, 0);
    case PipeState::ended:
      break;
  }
  SPOOL_ASSERT(false);
}

void StreamPipe::on_ready(Readiness ready) noexcept {
  switch (state_) {
    case PipeState::connecting:
      return on_connect_ready();
    case PipeState::handshaking:
      if (ready.writable) continue_handshake();
      if (ready.readable) receive();
      return;
    case PipeState::active:
    case PipeState::draining:
      if (ready.readable) receive();
      if (ready.writable && state_ != PipeState::ended) {
        write_blocked_ = false;
        if (handshake_sent_ < handshake_size) continue_handshake();
        flush();
      }
      return;
    case PipeState::ended:
      break;
  }
  SPOOL_ASSERT(false);
}

// Gives everything back but what was received.
void StreamPipe::shut() noexcept {
  io_.reactor.cancel(timer_);
  loop::Flushable::unlink();
  if (token_.valid()) io_.reactor.remove(std::exchange(token_, {}));
  stream_.close();
  stats_.lost += queue_.messages();
  queue_.clear();
  body_.reset();
  sendable_ = watch_takes_ = false;
  enter(PipeState::ended);
}

void StreamPipe::fail(Error reason, int os_error) noexcept {
  shut();
  if (user_ != nullptr) {
    if (receivable()) user_->on_receivable(*this);
    user_->on_pipe_ended(*this);
  }
  // What the user took so far was before the end: the owner hears of being drained only after it.
  watch_takes_ = true;
  owner_->on_pipe_closed(*this, reason, os_error);
}

void StreamPipe::close() noexcept {
  if (state_ != PipeState::ended) shut();
  watch_takes_ = false;
  discard_received();
}

void StreamPipe::drain(Duration limit) noexcept {
  SPOOL_ASSERT(user_ == nullptr);
  discard_received();
  switch (state_) {
    case PipeState::connecting:
    case PipeState::handshaking:
      return fail(Error::closed, 0);
    case PipeState::active:
      break;
    case PipeState::draining:
    case PipeState::ended:
      return;
  }
  enter(PipeState::draining);
  sendable_ = false;
  starved_ = read_paused_ = false;
  body_.reset();
  frame_size_ = body_filled_ = 0;
  stash_size_ = 0;
  io_.reactor.schedule_after(timer_, limit);
  update_interest();
  if (io_.reactor.gathering())
    io_.reactor.request_flush(*this);
  else
    flush();
}

// Everything is written: say so, and wait for the peer to close; closing first could make the
// kernel throw away what the peer has not read yet (RFC 1122, 4.2.2.13).
void StreamPipe::finish_draining() noexcept {
  if (input_over_) return fail(Error::closed, 0);
  stream_.shutdown_write();
}

void StreamPipe::update_interest() noexcept {
  if (!token_.valid()) return;
  const bool read = !read_paused_ && !starved_ && !input_over_ && state_ != PipeState::connecting;
  const bool write = (write_blocked_ && !write_dead_) || state_ == PipeState::connecting;
  io_.reactor.set_interest(token_, static_cast<Interest>((read ? 1 : 0) | (write ? 2 : 0)));
}

// --- Receiving --------------------------------------------------------------------------------

// How much may be read without risking that what was read cannot be kept.
std::size_t StreamPipe::read_limit() const noexcept {
  if (state_ == PipeState::draining) return smallest_read;
  const std::size_t available = io_.pool.available();
  const std::size_t room =
      available < memory_per_read ? 0 : (available - memory_per_read) / memory_per_byte;
  if (state_ == PipeState::active) return std::min(io_.receive_buffer.size, room);
  // A header costs nothing; what may come behind it does.
  return room < smallest_read ? handshake_size - stash_size_ : smallest_read;
}

void StreamPipe::receive() noexcept {
  const std::size_t limit = read_limit();
  const bool may_start = limit >= smallest_read || state_ == PipeState::handshaking;
  if (!grow_body()) return pause_for_memory();
  std::array<iovec, 2> buffers;
  std::size_t count = 0;
  std::size_t asked = 0;
  const std::size_t body_rest = body_.size() - body_filled_;
  if (body_rest == 0 && !may_start) return pause_for_memory();
  // A known body is filled in place: its memory is there already. What follows it lands in the
  // shared buffer.
  if (body_rest != 0) {
    buffers[count++] = {body_.mutable_body().data() + body_filled_, body_rest};
    asked += body_rest;
  }
  if (body_rest == 0 || (may_start && body_.size() == frame_size_)) {
    buffers[count++] = {io_.receive_buffer.bytes, limit};
    asked += limit;
  }
  const Transfer read = stream_.read({buffers.data(), count});
  if (read.error == Error::would_block) return;
  if (read.error != Error::none) return fail(read.error, read.os_error);
  if (read.bytes == 0) return on_end_of_stream();
  if (state_ == PipeState::draining) return;
  memory_pauses_ = 0;
  if (read.bytes == asked) io_.reactor.note_more();
  const std::uint64_t before = stats_.messages_received;
  const std::size_t into_body = std::min(read.bytes, body_rest);
  if (into_body != 0) {
    if (const Error error = add_to_body(into_body); error != Error::none) return fail(error, 0);
  }
  if (read.bytes != into_body) parse(io_.receive_buffer.bytes, read.bytes - into_body);
  end_of_read(before, read.bytes);
}

void StreamPipe::end_of_read(std::uint64_t received_before, std::size_t bytes) noexcept {
  const std::uint64_t received = stats_.messages_received - received_before;
  io_.reactor.count(static_cast<std::uint32_t>(received), bytes);
  if (state_ == PipeState::ended) return;
  if (received != 0 && user_ != nullptr) user_->on_receivable(*this);
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
    const Error error = decode_frame_header(framing_, data, config_->max_message_size, announced);
    if (error != Error::none) return fail(error, 0);
    const auto frame_size = static_cast<std::size_t>(announced);
    data += header_size;
    size -= header_size;
    if (size < frame_size) {
      if (const Error begun = begin_body(frame_size, data, size); begun != Error::none)
        fail(begun, 0);
      return;
    }
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
  return admitted(body.body()) ? keep(std::move(body)) : Error::none;
}

Error StreamPipe::deliver(const std::byte* payload, std::size_t size) noexcept {
  if (!admitted({payload, size})) return Error::none;
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
  read_paused_ = watch_takes_ = false;
  update_interest();
}

// --- Sending ----------------------------------------------------------------------------------

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
    if (state_ == PipeState::active && !starved_)
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

// One writer of sendable_: full at the limits, ready again at half of them.
void StreamPipe::update_sendable() noexcept {
  if (state_ != PipeState::active || write_dead_) return;
  const std::size_t bytes = queue_.bytes();
  const std::size_t messages = queue_.messages();
  if (sendable_) {
    sendable_ = bytes < config_->send_queue_bytes && messages < config_->send_queue_messages;
    return;
  }
  if (handshake_sent_ < handshake_size || bytes > config_->send_queue_bytes / 2 ||
      messages > config_->send_queue_messages / 2)
    return;
  sendable_ = true;
  if (user_ != nullptr) user_->on_sendable(*this);
}

}  // namespace spool::io
