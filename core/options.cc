#include "spool/core/options.h"

#include "spool/core/check_range.h"

namespace spool {

Error check(const SocketOptions& o, Explanation& why) noexcept {
  using namespace std::chrono_literals;
  constexpr std::uint64_t queue_max = std::uint64_t{1} << 40;
  constexpr std::uint64_t buffer_max = 1u << 30;
  const bool fine =
      core::in_range(why, "max_message_size", o.max_message_size, 1, Message::max_size) &&
      core::in_range(why, "send_queue_bytes", o.send_queue_bytes, 1, queue_max) &&
      core::in_range(why, "send_queue_messages", o.send_queue_messages, 1, queue_max) &&
      core::in_range(why, "receive_queue_bytes", o.receive_queue_bytes, 1, queue_max) &&
      core::in_range(why, "receive_queue_messages", o.receive_queue_messages, 1, queue_max) &&
      core::in_range(why, "handshake_timeout", o.handshake_timeout, 1ms, 1h) &&
      core::in_range(why, "linger", o.linger, 0ms, 24h) &&
      core::in_range(why, "reconnect_min", o.reconnect_min, 1ms, 24h) &&
      core::in_range(why, "reconnect_max", o.reconnect_max, o.reconnect_min, 24h) &&
      core::in_range(why, "reconnect_reset_after", o.reconnect_reset_after, 1ms, 24h) &&
      core::in_range(why, "kernel_send_buffer", o.kernel_send_buffer, 0, buffer_max) &&
      core::in_range(why, "kernel_receive_buffer", o.kernel_receive_buffer, 0, buffer_max);
  return fine ? Error::none : Error::invalid_argument;
}

Error check(const EndpointOptions& o, Explanation& why) noexcept {
  const bool fine = core::in_range(why, "send_priority", o.send_priority, 1, 16) &&
                    core::in_range(why, "receive_priority", o.receive_priority, 1, 16);
  return fine ? Error::none : Error::invalid_argument;
}

}  // namespace spool
