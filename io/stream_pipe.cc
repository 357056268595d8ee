// The life of a StreamPipe: from the start of the connection to its end.
#include "spool/io/stream_pipe.h"

#include <utility>

namespace spool::io {

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
      if (abandoned_ != Error::none) return fail(abandoned_, 0);
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

// What nobody has seen a byte of can still go to somebody else.
void StreamPipe::return_unsent() noexcept {
  Message message;
  while (queue_.take_back(message)) {
    --stats_.messages_sent;
    stats_.bytes_sent -= message.size();
    ++stats_.returned;
    user_->on_returned(*this, std::move(message));
  }
}

// Gives everything back but what was received.
void StreamPipe::shut() noexcept {
  io_.reactor.cancel(timer_);
  loop::Flushable::unlink();
  if (token_.valid()) io_.reactor.remove(std::exchange(token_, {}));
  stream_.close();
  sendable_ = false;
  if (config_->returns_unsent && user_ != nullptr) return_unsent();
  stats_.lost += queue_.messages();
  queue_.clear();
  body_.reset();
  watch_takes_ = false;
  enter(PipeState::ended);
}

void StreamPipe::fail(Error reason, int os_error) noexcept {
  report_dropped();
  shut();
  if (user_ != nullptr) {
    if (receivable()) user_->on_receivable(*this);
    user_->on_pipe_ended(*this);
  }
  // What the user took so far was before the end: the owner hears of being drained only after it.
  watch_takes_ = true;
  owner_->on_pipe_closed(*this, reason, os_error);
}

void StreamPipe::admit() noexcept {
  if (state_ != PipeState::active || !std::exchange(held_, false)) return;
  update_interest();
}

void StreamPipe::abandon(Error reason) noexcept {
  if (state_ != PipeState::active || abandoned_ != Error::none) return;
  abandoned_ = reason;
  sendable_ = false;
  io_.reactor.schedule_after(timer_, Duration::zero());
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
  starved_ = read_paused_ = held_ = false;
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
  const bool read =
      !read_paused_ && !held_ && !starved_ && !input_over_ && state_ != PipeState::connecting;
  const bool write = (write_blocked_ && !write_dead_) || state_ == PipeState::connecting;
  io_.reactor.set_interest(token_, static_cast<Interest>((read ? 1 : 0) | (write ? 2 : 0)));
}

}  // namespace spool::io
