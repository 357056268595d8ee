// Endpoint: an address that a socket listens on or connects to. Owned by the context's slab, on
// behalf of its socket; closed one by one, or with the socket.
#pragma once

#include <cstdint>

#include "spool/core/events.h"
#include "spool/core/options.h"
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
  [[nodiscard]] virtual Error attach(io::Pipe& pipe, Endpoint& endpoint) noexcept = 0;
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

  [[nodiscard]] const EndpointOptions& options() const noexcept { return options_; }
  EndpointHandle handle;  // set by the context, once

 protected:
  // A pipe has finished its handshake: true when the host took it, else it is gone.
  [[nodiscard]] bool open_pipe(io::Pipe& pipe) noexcept;
  // A pipe has ended by itself: reports why, and gives it away.
  void lost_pipe(io::Pipe& pipe, Error reason, int os_error, EventKind before_open,
                 Duration retry_in) noexcept;
  // A pipe of this endpoint dropped messages that arrived.
  void report_dropped(const io::Pipe& pipe, Error reason, std::uint64_t count) noexcept;
  void report(EventKind kind, Error error, int os_error, const io::Pipe* pipe,
              Duration retry_in = Duration::zero()) noexcept;

  EndpointHost& host_;
  io::Address address_;
  EndpointOptions options_;
};

}  // namespace spool::core
