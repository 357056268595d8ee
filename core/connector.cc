#include "spool/core/connector.h"

#include <utility>

namespace spool::core {

Connector::Connector(EndpointHost& host, const io::Address& address, const EndpointOptions& options,
                     loop::Reactor& reactor, io::Transport& transport, Resolver& resolver,
                     const io::PipeConfig& pipe_config, const io::LinkConfig& link,
                     const SocketOptions& socket_options, Random& random) noexcept
    : Endpoint(host, address, options),
      reactor_(reactor),
      transport_(transport),
      resolver_(resolver),
      pipe_config_(pipe_config),
      link_(link),
      reset_after_(socket_options.reconnect_reset_after),
      backoff_(options.reconnect_min.value_or(socket_options.reconnect_min),
               options.reconnect_max.value_or(socket_options.reconnect_max)),
      random_(random),
      retry_(loop::Timer::call<&Connector::begin_round, Connector>, this) {}

Connector::~Connector() { SPOOL_ASSERT(state_ == State::closed && pipe_ == nullptr); }

void Connector::begin_round() noexcept {
  SPOOL_ASSERT(state_ == State::backing_off);
  next_ = 0;
  const io::HostName host = transport_.name_to_resolve(address_);
  if (host.name.empty()) return connect();
  state_ = State::resolving;
  query_.ask(resolver_, host.name, host.family);
}

void Connector::on_name_found(NameQuery&) noexcept {
  SPOOL_ASSERT(state_ == State::resolving);
  connect();
}

void Connector::on_name_failed(NameQuery&, Error error) noexcept {
  SPOOL_ASSERT(state_ == State::resolving);
  report(EventKind::connect_failed, error, 0, nullptr, back_off());
}

Result<io::Address> Connector::next_target() noexcept {
  if (!has_next()) return address_;
  Explanation literal;
  query_.addresses()[next_++].describe(literal);
  return address_.replaced(query_.name(), literal.text());
}

void Connector::connect() noexcept {
  do {
    state_ = State::connecting;
    const Result<io::Address> target = next_target();
    const std::string_view text = target.ok() ? target->text() : address_.text();
    report(EventKind::connecting, Error::none, 0, nullptr, Duration::zero(), text);
    io::OpenError error;
    Result<io::Pipe*> pipe =
        target.ok() ? transport_.connect(target.value(), pipe_config_, link_, *this, error)
                    : Result<io::Pipe*>(target.error());
    if (pipe.ok()) {
      pipe_ = pipe.value();
      prepare_pipe(*pipe_);
      return;
    }
    report(EventKind::connect_failed, pipe.error(), error.os_error, nullptr, next_attempt(), text);
  } while (state_ == State::connecting);
}

Duration Connector::back_off() noexcept {
  state_ = State::backing_off;
  const Duration delay = backoff_.next(random_);
  reactor_.schedule_after(retry_, delay);
  return delay;
}

void Connector::on_pipe_open(io::Pipe& pipe) noexcept {
  SPOOL_ASSERT(state_ == State::connecting && &pipe == pipe_);
  opened_at_ = reactor_.now();
  state_ = State::open;
  if (!open_pipe(pipe)) refused();
}

void Connector::decide(io::Pipe& pipe, bool let_in) noexcept {
  SPOOL_ASSERT(state_ == State::open && &pipe == pipe_);
  if (!decide_pipe(pipe, let_in)) refused();
}

void Connector::refused() noexcept {
  pipe_ = nullptr;
  static_cast<void>(back_off());
}

void Connector::on_pipe_closed(io::Pipe& pipe, Error reason, int os_error) noexcept {
  SPOOL_ASSERT((state_ == State::connecting || state_ == State::open) && &pipe == pipe_);
  const bool was_open = state_ == State::open;
  if (was_open && reactor_.now() - opened_at_ >= reset_after_) backoff_.reset();
  pipe_ = nullptr;
  const bool no_peer_of_ours = reason == Error::bad_handshake ||
                               reason == Error::protocol_mismatch ||
                               reason == Error::handshake_timeout || reason == Error::peer_closed ||
                               reason == Error::truncated;
  lost_pipe(pipe, reason, os_error,
            no_peer_of_ours ? EventKind::handshake_failed : EventKind::connect_failed,
            was_open ? back_off() : next_attempt());
  if (state_ == State::connecting) connect();
}

void Connector::on_pipe_drained(io::Pipe&) noexcept {
  SPOOL_ASSERT(false);  // a pipe that has ended belongs to the socket
}

void Connector::close() noexcept {
  if (state_ == State::closed) return;
  state_ = State::closed;
  reactor_.cancel(retry_);
  query_.cancel();
  io::Pipe* pipe = std::exchange(pipe_, nullptr);
  if (pipe == nullptr) return;
  if (pipe->peer_number != 0) return host_.release(*pipe);
  pipe->close();
  host_.discard(*pipe);
}

}  // namespace spool::core
