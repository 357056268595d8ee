// Connector: an endpoint that connects, and connects again. Owns its one pipe while that lives.
//
//  state       | connect begun | pipe open         | pipe closed  | time to retry | close
//  ------------+---------------+-------------------+--------------+---------------+-------
//  connecting  | –             | → open, or refused| → backing_off| –             | → closed
//              |               | → backing_off     |              |               |
//  open        | –             | –                 | → backing_off| –             | → closed
//  backing_off | → connecting, | –                 | –            | connect       | → closed
//              | or it failed: |                   |              |               |
//              | stays         |                   |              |               |
//  closed      | –             | –                 | –            | –             | –
#pragma once

#include "spool/core/backoff.h"
#include "spool/core/endpoint.h"
#include "spool/loop/reactor.h"

namespace spool::core {

class Connector final : public Endpoint, public io::PipeOwner {
 public:
  Connector(EndpointHost& host, const io::Address& address, const EndpointOptions& options,
            loop::Reactor& reactor, io::Transport& transport, const io::PipeConfig& pipe_config,
            const io::LinkConfig& link, const SocketOptions& socket_options,
            Random& random) noexcept;
  ~Connector() override;

  // Once. Failures are reported and tried again; nothing is returned.
  void start() noexcept { connect(); }
  void close() noexcept override;
  [[nodiscard]] bool listens() const noexcept override { return false; }
  void decide(io::Pipe& pipe, bool let_in) noexcept override;

  void on_pipe_open(io::Pipe& pipe) noexcept override;
  void on_pipe_closed(io::Pipe& pipe, Error reason, int os_error) noexcept override;
  void on_pipe_drained(io::Pipe& pipe) noexcept override;
  void on_pipe_dropped(io::Pipe& pipe, Error reason, std::uint64_t count) noexcept override {
    report_dropped(pipe, reason, count);
  }

 private:
  enum class State : std::uint8_t { connecting, open, backing_off, closed };

  void connect() noexcept;
  // The pipe was open, and the host would not have it.
  void refused() noexcept;
  // Enters backing_off; returns how long.
  Duration back_off() noexcept;

  loop::Reactor& reactor_;
  io::Transport& transport_;
  const io::PipeConfig& pipe_config_;
  io::LinkConfig link_;
  Duration reset_after_;
  Backoff backoff_;
  Random& random_;
  loop::Timer retry_;
  io::Pipe* pipe_ = nullptr;
  Instant opened_at_{};
  State state_ = State::backing_off;
};

}  // namespace spool::core
