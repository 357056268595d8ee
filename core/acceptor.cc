#include "spool/core/acceptor.h"

namespace spool::core {

namespace {

// Long enough for descriptors to come back, short enough that nobody notices.
constexpr Duration accept_pause = std::chrono::milliseconds(100);

}  // namespace

Acceptor::Acceptor(EndpointHost& host, const io::Address& address, const EndpointOptions& options,
                   loop::Reactor& reactor) noexcept
    : Endpoint(host, address, options),
      reactor_(reactor),
      resume_(loop::Timer::call<&Acceptor::resume, Acceptor>, this) {}

Acceptor::~Acceptor() { SPOOL_ASSERT(state_ == State::closed); }

Error Acceptor::start(io::Transport& transport, const io::PipeConfig& pipe_config,
                      const io::LinkConfig& link, io::OpenError& error) noexcept {
  Result<loop::Box<io::Listener>> listener =
      transport.listen(address_, pipe_config, link, *this, error);
  if (!listener.ok()) return listener.error();
  listener_ = std::move(listener).value();
  state_ = State::listening;
  report(EventKind::listening, Error::none, 0, nullptr);
  return Error::none;
}

void Acceptor::on_accepted(io::Pipe& pipe) noexcept {
  prepare_pipe(pipe);
  pipes_.push_back(pipe);
  report(EventKind::accepted, Error::none, 0, &pipe);
}

void Acceptor::on_accept_error(Error error, int os_error) noexcept {
  SPOOL_ASSERT(state_ == State::listening);
  state_ = State::paused;
  reactor_.schedule_after(resume_, accept_pause);
  report(EventKind::accept_failed, error, os_error, nullptr, accept_pause);
}

void Acceptor::resume() noexcept {
  SPOOL_ASSERT(state_ == State::paused);
  state_ = State::listening;
  listener_->resume();
}

void Acceptor::on_pipe_open(io::Pipe& pipe) noexcept {
  // The host discards a pipe that it refuses: it must be in no list then.
  pipe.loop::Link<io::OwnerList>::unlink();
  if (open_pipe(pipe)) pipes_.push_back(pipe);
}

void Acceptor::decide(io::Pipe& pipe, bool let_in) noexcept {
  pipe.loop::Link<io::OwnerList>::unlink();
  if (decide_pipe(pipe, let_in)) pipes_.push_back(pipe);
}

void Acceptor::on_pipe_closed(io::Pipe& pipe, Error reason, int os_error) noexcept {
  pipe.loop::Link<io::OwnerList>::unlink();
  lost_pipe(pipe, reason, os_error, EventKind::handshake_failed, Duration::zero());
}

void Acceptor::on_pipe_drained(io::Pipe&) noexcept {
  SPOOL_ASSERT(false);  // a pipe that has ended belongs to the socket
}

void Acceptor::close() noexcept {
  if (state_ == State::closed) return;
  state_ = State::closed;
  reactor_.cancel(resume_);
  listener_.reset();
  while (io::Pipe* pipe = pipes_.pop_front()) {
    if (pipe->peer_number != 0) {
      host_.release(*pipe);
    } else {
      pipe->close();
      host_.discard(*pipe);
    }
  }
}

}  // namespace spool::core
