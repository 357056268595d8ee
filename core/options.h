// Options of sockets and endpoints: plain structs, defaults in place, units in the types. A value
// out of its range is Error::invalid_argument, and EventLoop::last_error names field and range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "spool/io/message.h"
#include "spool/loop/error.h"
#include "spool/loop/explanation.h"
#include "spool/loop/time.h"

namespace spool {

// What happens to a message that arrives while the receive queue of its pipe is full.
enum class ReceiveOverflow : std::uint8_t {
  wait,         // stop reading from that peer; its library sees a slow receiver. Nothing is lost
  drop_oldest,  // whoever reads late reads the newest; the loss is counted
  drop_newest,  // keep what is there; the loss is counted
};

// Set once, when the socket is opened.
struct SocketOptions {
  // The largest message accepted from a peer, protocol header included. A peer that announces more
  // is disconnected. 1 byte to 2 GiB - 1.
  std::size_t max_message_size = 1u << 20;

  // Per pipe: at or above either limit it takes no further message, until half of it is written.
  // A single message of any size fits into an empty queue. From 1.
  std::size_t send_queue_bytes = 256u << 10;
  std::size_t send_queue_messages = 8192;

  // Per pipe: at or above either limit, `overflow` decides. From 1.
  std::size_t receive_queue_bytes = 1u << 20;
  std::size_t receive_queue_messages = 16384;
  // Nothing: drop_oldest for SUB, wait for the others.
  std::optional<ReceiveOverflow> overflow = std::nullopt;

  // How many sends per pipe and turn are written within the call, outside of callbacks and batches;
  // further ones are gathered. 0 gathers always.
  std::uint32_t immediate_sends = 16;

  // After the connection was made or accepted, the peer's header must be here within this time; a
  // connect must succeed within it. 1 ms to 1 h.
  Duration handshake_timeout = std::chrono::seconds(10);

  // How long close() goes on writing what was accepted; the loop must be polled meanwhile. 0 drops
  // it at once. 0 to 24 h.
  Duration linger = std::chrono::seconds(1);

  // The delay before the n-th attempt to connect again is random between 0 and
  // min(reconnect_min * 2^n, reconnect_max). It starts anew after a connection that lived for
  // reconnect_reset_after. 1 ms to 24 h each; max is not below min.
  Duration reconnect_min = std::chrono::milliseconds(100);
  Duration reconnect_max = std::chrono::seconds(5);
  Duration reconnect_reset_after = std::chrono::seconds(1);

  // tcp only.
  bool tcp_nodelay = true;
  bool tcp_keepalive = true;

  // The kernel's buffers for new connections, in bytes; 0 leaves the system's own sizes (which
  // grow by themselves on Linux). 0 to 1 GiB.
  int kernel_send_buffer = 0;
  int kernel_receive_buffer = 0;
};

// Set once, when the endpoint is made.
struct EndpointOptions {
  // Where pipes of this endpoint stand when a socket chooses: 1 is first, 16 is last. A pipe is
  // chosen only while none of a smaller number is ready.
  std::uint8_t send_priority = 8;
  std::uint8_t receive_priority = 8;
};

// Error::none, or invalid_argument with the field, its value and its range in `why`.
[[nodiscard]] Error check(const SocketOptions& options, Explanation& why) noexcept;
[[nodiscard]] Error check(const EndpointOptions& options, Explanation& why) noexcept;

}  // namespace spool
