// Endpoint: an address that a socket listens on or connects to.
#pragma once

#include "spool/core/events.h"
#include "spool/core/stats.h"
#include "spool/loop/explanation.h"

namespace spool {

namespace core {
class Anchor;
}  // namespace core

// A handle that owns nothing: the endpoint lives until it is closed by name, or its socket is. From
// the loop's thread, within callbacks too.
class Endpoint {
 public:
  Endpoint() noexcept = default;
  Endpoint(const Endpoint& other) noexcept;
  Endpoint& operator=(const Endpoint& other) noexcept;
  ~Endpoint();

  // Stops listening or connecting; the endpoint's connections write what was accepted, within the
  // socket's linger, and go. Nothing happens when it is closed already.
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept;
  // The real address: of a listener on port 0, with the port that the system chose. Empty when
  // closed. In fixed space, so that it outlives the endpoint.
  [[nodiscard]] Explanation address() const noexcept;
  // All zero when closed.
  [[nodiscard]] EndpointStats stats() const noexcept;
  [[nodiscard]] EndpointHandle handle() const noexcept { return handle_; }

 private:
  friend class SocketBase;
  Endpoint(core::Anchor* anchor, EndpointHandle handle) noexcept;
  core::Anchor* anchor_ = nullptr;
  EndpointHandle handle_{};
};

}  // namespace spool
