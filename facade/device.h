// Device: forwards between two raw sockets, or back out of one: what joins networks of peers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spool/loop/result.h"
#include "spool/patterns.h"

namespace spool {

namespace core {
class Anchor;
}  // namespace core

struct DeviceStats {
  std::uint64_t forwarded = 0;
  std::uint64_t refused = 0;  // had no header to be forwarded by: dropped
  SocketStats a;              // of its sockets; a reflector has one. All zero when closed
  SocketStats b;
};

// Owns its sockets and what it needs of the loop's memory. Driven by poll_once like everything
// else: it takes a message only when the other side can send one, so that back-pressure passes
// through; at most a burst per turn and direction. Closing it, destroying it, or closing the loop
// is fine at any moment, in callbacks too.
//
// What goes which way follows from the patterns: both ways (REQ/REP, SURVEYOR/RESPONDENT, PAIR,
// BUS), or from the one that can receive to the other (PULL to PUSH, SUB to PUB). Headers are what
// the raw sockets make of them: hops are added and taken away, and messages over the hop limit go
// no further (docs/patterns/devices.md).
class Device {
 public:
  // Between two. The sockets are taken; on an error both are the caller's as they were:
  // invalid_argument (their patterns do not fit each other; EventLoop::last_error names them),
  // no_memory, closed.
  [[nodiscard]] static Result<Device> join(RawSocket& a, RawSocket& b) noexcept;
  // Out of the socket that it came in by (a reflector). Not for patterns that only send or receive.
  [[nodiscard]] static Result<Device> reflect(RawSocket& socket) noexcept;

  Device(Device&& other) noexcept;
  Device& operator=(Device&& other) noexcept;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device();

  // Closes its sockets, each with its linger. Nothing happens when it is closed already.
  void close() noexcept;
  // False when it was closed, or its loop is gone.
  [[nodiscard]] bool is_open() const noexcept;
  [[nodiscard]] DeviceStats stats() const noexcept;

 private:
  struct Forwarder;
  Device(core::Anchor* anchor, Forwarder* forwarder) noexcept
      : anchor_(anchor), forwarder_(forwarder) {}

  core::Anchor* anchor_ = nullptr;
  Forwarder* forwarder_ = nullptr;
};

}  // namespace spool
