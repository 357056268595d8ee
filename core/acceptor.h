// Acceptor: an endpoint that listens. Owns its listener, and the pipes that came in through it.
//
//  state     | accepted | accept failed | time to resume | close
//  ----------+----------+---------------+----------------+----------
//  listening | kept     | → paused      | –              | → closed
//  paused    | –        | –             | → listening    | → closed
//  closed    | –        | –             | –              | –
//
// A pipe that fails or ends is dropped from the list; it never touches the state.
#pragma once

#include "spool/core/endpoint.h"
#include "spool/loop/reactor.h"

namespace spool::core {

class Acceptor final : public Endpoint, public io::ListenerOwner {
 public:
  Acceptor(EndpointHost& host, const io::Address& address, const EndpointOptions& options,
           loop::Reactor& reactor) noexcept;
  ~Acceptor() override;

  // Once. Error::none, or why the address cannot be bound; the endpoint is then closed.
  [[nodiscard]] Error start(io::Transport& transport, const io::PipeConfig& pipe_config,
                            const io::LinkConfig& link, io::OpenError& error) noexcept;
  void close() noexcept override;
  [[nodiscard]] const io::Address& address() const noexcept override {
    return listener_ ? listener_->address() : address_;
  }

  [[nodiscard]] bool listens() const noexcept override { return true; }
  void decide(io::Pipe& pipe, bool let_in) noexcept override;

  void on_accepted(io::Pipe& pipe) noexcept override;
  void on_accept_error(Error error, int os_error) noexcept override;
  void on_pipe_open(io::Pipe& pipe) noexcept override;
  void on_pipe_closed(io::Pipe& pipe, Error reason, int os_error) noexcept override;
  void on_pipe_drained(io::Pipe& pipe) noexcept override;
  void on_pipe_dropped(io::Pipe& pipe, Error reason, std::uint64_t count) noexcept override {
    report_dropped(pipe, reason, count);
  }

 private:
  enum class State : std::uint8_t { listening, paused, closed };

  void resume() noexcept;

  loop::Reactor& reactor_;
  loop::Box<io::Listener> listener_;
  loop::List<io::Pipe, io::OwnerList> pipes_;  // shaking hands, or open
  loop::Timer resume_;
  State state_ = State::closed;
};

}  // namespace spool::core
