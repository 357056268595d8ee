// Endpoint: an address that a socket listens on or connects to. Owned by the context's slab, on
// behalf of its socket; closed one by one, or with the socket.
#pragma once

#include <cstdint>
#include <string_view>

#include "spool/core/events.h"
#include "spool/core/options.h"
#include "spool/core/stats.h"
#include "spool/io/address.h"
#include "spool/io/pipe.h"
#include "spool/io/transport.h"
#include "spool/loop/intrusive_list.h"

namespace spool::core {

class Endpoint;
struct EndpointListTag {};

// What endpoints need of whoever owns them. Implemented by Socket.
class EndpointHost {
 public:
  // A pipe has finished its handshake: the host attaches it to the protocol and answers none, or
  // refuses it and the endpoint closes it.
  [[nodiscard]] virtual Error attach(io::Pipe& pipe) noexcept = 0;
  // The pipe is held: the user is asked, later in this turn, and Endpoint::decide is called unless
  // the pipe or the endpoint is gone by then.
  virtual void ask(io::Pipe& pipe) noexcept = 0;
  // A pipe that was attached is over, or its endpoint is: the host takes it over, with what it
  // still holds.
  virtual void release(io::Pipe& pipe) noexcept = 0;
  // A pipe that was never attached, or is closed: it is freed at the end of the turn.
  virtual void discard(io::Pipe& pipe) noexcept = 0;
  // Counts it, fills in which socket, and passes it on.
  virtual void report(Event event) noexcept = 0;

 protected:
  ~EndpointHost() = default;
};

class Endpoint : public loop::Link<EndpointListTag> {
 public:
  Endpoint(EndpointHost& host, const io::Address& address, const EndpointOptions& options) noexcept
      : host_(host), address_(address), options_(options) {}
  virtual ~Endpoint() = default;

  // Ends everything that belongs to it; open pipes are released to the host, which drains them.
  virtual void close() noexcept = 0;
  // The real one: of a listener on port 0, with the port that the system chose.
  [[nodiscard]] virtual const io::Address& address() const noexcept { return address_; }
  [[nodiscard]] virtual bool listens() const noexcept = 0;
  // The host has been asked about a pipe that is held.
  virtual void decide(io::Pipe& pipe, bool let_in) noexcept = 0;

  [[nodiscard]] const EndpointOptions& options() const noexcept { return options_; }
  // Of connections, and of pipes that are gone.
  [[nodiscard]] EndpointStats& finished() noexcept { return finished_; }
  EndpointHandle handle;  // set by the context, once

 protected:
  // A new pipe: what this endpoint says about it.
  void prepare_pipe(io::Pipe& pipe) noexcept;
  // A pipe has finished its handshake: true when the host took it (or asks first), else it is gone.
  [[nodiscard]] bool open_pipe(io::Pipe& pipe) noexcept;
  // The host's answer about a held pipe: as open_pipe.
  [[nodiscard]] bool decide_pipe(io::Pipe& pipe, bool let_in) noexcept;
  // A pipe has ended by itself: reports why, and gives it away.
  void lost_pipe(io::Pipe& pipe, Error reason, int os_error, EventKind before_open,
                 Duration retry_in) noexcept;
  // A pipe of this endpoint dropped messages that arrived.
  void report_dropped(const io::Pipe& pipe, Error reason, std::uint64_t count) noexcept;
  // `where` is for what has no pipe and happens elsewhere than at the endpoint's own address.
  void report(EventKind kind, Error error, int os_error, const io::Pipe* pipe,
              Duration retry_in = Duration::zero(), std::string_view where = {}) noexcept;

  EndpointHost& host_;
  io::Address address_;
  EndpointOptions options_;

 private:
  [[nodiscard]] bool attach_pipe(io::Pipe& pipe) noexcept;
  void refuse_pipe(io::Pipe& pipe, Error reason) noexcept;
  // What all of them say: of the pipe where there is one, else of `where`, else of this address.
  [[nodiscard]] Event event_about(EventKind kind, Error error, const io::Pipe* pipe,
                                  std::string_view where) const noexcept;
  void count(EventKind kind) noexcept;
  EndpointStats finished_;
};

}  // namespace spool::core
