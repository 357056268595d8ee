// Connector: an endpoint that connects, and connects again. Owns its one pipe while that lives.
//
//  state       | begin, retry  | name found  | name unknown | pipe open | pipe closed    | close
//  ------------+---------------+-------------+--------------+-----------+----------------+--------
//  backing_off | a name:       | –           | –            | –         | –              | → closed
//              | → resolving;  |             |              |           |                |
//              | none:         |             |              |           |                |
//              | → connecting  |             |              |           |                |
//  resolving   | –             | → connecting| → backing_off| –         | –              | → closed
//  connecting  | –             | –           | –            | → open    | another        | → closed
//              |               |             |              |           | address:       |
//              |               |             |              |           | → connecting;  |
//              |               |             |              |           | none left:     |
//              |               |             |              |           | → backing_off  |
//  open        | –             | –           | –            | –         | → backing_off  | → closed
//  closed      | –             | –           | –            | –         | –              | –
//
// A round begins with resolving if there is a name. It goes through all addresses, one at a time:
// an attempt that fails is followed by the next one at once, and the last one by backing_off. A
// peer that is not wanted (refused, vetoed) leads from open to backing_off.
#pragma once

#include "spool/core/backoff.h"
#include "spool/core/endpoint.h"
#include "spool/io/resolver.h"
#include "spool/loop/reactor.h"

namespace spool::core {

class Connector final : public Endpoint, public io::PipeOwner, public NameOwner {
 public:
  Connector(EndpointHost& host, const io::Address& address, const EndpointOptions& options,
            loop::Reactor& reactor, io::Transport& transport, Resolver& resolver,
            const io::PipeConfig& pipe_config, const io::LinkConfig& link,
            const SocketOptions& socket_options, Random& random) noexcept;
  ~Connector() override;

  // Once. Failures are reported and tried again; nothing is returned.
  void start() noexcept { begin_round(); }
  void close() noexcept override;
  [[nodiscard]] bool listens() const noexcept override { return false; }
  void decide(io::Pipe& pipe, bool let_in) noexcept override;

  void on_name_found(NameQuery& query) noexcept override;
  void on_name_failed(NameQuery& query, Error error) noexcept override;
  void on_pipe_open(io::Pipe& pipe) noexcept override;
  void on_pipe_closed(io::Pipe& pipe, Error reason, int os_error) noexcept override;
  void on_pipe_drained(io::Pipe& pipe) noexcept override;
  void on_pipe_dropped(io::Pipe& pipe, Error reason, std::uint64_t count) noexcept override {
    report_dropped(pipe, reason, count);
  }

 private:
  enum class State : std::uint8_t { resolving, connecting, open, backing_off, closed };

  void begin_round() noexcept;
  // From the next address on, until an attempt is under way or none is left.
  void connect() noexcept;
  [[nodiscard]] Result<io::Address> next_target() noexcept;
  [[nodiscard]] bool has_next() const noexcept { return next_ < query_.addresses().size(); }
  // When the next attempt is: at once, if there is another address, else after backing off.
  Duration next_attempt() noexcept { return has_next() ? Duration::zero() : back_off(); }
  // The pipe was open, and the host would not have it.
  void refused() noexcept;
  // Enters backing_off; returns how long.
  Duration back_off() noexcept;

  loop::Reactor& reactor_;
  io::Transport& transport_;
  Resolver& resolver_;
  const io::PipeConfig& pipe_config_;
  io::LinkConfig link_;
  Duration reset_after_;
  Backoff backoff_;
  Random& random_;
  loop::Timer retry_;
  NameQuery query_{*this};  // without addresses while the endpoint's own is all there is
  std::uint8_t next_ = 0;   // of query_.addresses()
  io::Pipe* pipe_ = nullptr;
  Instant opened_at_{};
  State state_ = State::backing_off;
};

}  // namespace spool::core
