#include "spool/core/options.h"

#include <algorithm>

#include "spool/core/check_range.h"

namespace spool {

namespace {

constexpr std::uint64_t buffer_max = 1u << 30;

// Infinite is fine too.
bool in_range(Explanation& why, const char* field, Timeout value) noexcept {
  using namespace std::chrono_literals;
  return !value.length().has_value() || core::in_range(why, field, *value.length(), 1ms, 24h);
}

}  // namespace

Error check(const SocketOptions& o, Explanation& why) noexcept {
  using namespace std::chrono_literals;
  constexpr std::uint64_t queue_max = std::uint64_t{1} << 40;
  if (o.name.size() > socket_name_max) {
    why << "name has " << std::uint64_t{o.name.size()} << " bytes: expected at most "
        << std::uint64_t{socket_name_max};
    return Error::invalid_argument;
  }
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
      (o.tcp_timeout == 0s || core::in_range(why, "tcp_timeout", o.tcp_timeout, 1s, 24h)) &&
      core::in_range(why, "hop_limit", o.hop_limit, 1, 255) &&
      in_range(why, "request_resend", o.request_resend) &&
      core::in_range(why, "survey_deadline", o.survey_deadline, 1ms, 24h) &&
      core::in_range(why, "exchanges_max", o.exchanges_max, 1, 1u << 24) &&
      core::in_range(why, "kernel_send_buffer", o.kernel_send_buffer, 0, buffer_max) &&
      core::in_range(why, "kernel_receive_buffer", o.kernel_receive_buffer, 0, buffer_max);
  return fine ? Error::none : Error::invalid_argument;
}

Error check(const ExchangeOptions& o, Explanation& why) noexcept {
  using namespace std::chrono_literals;
  const bool fine =
      (!o.deadline.has_value() || core::in_range(why, "deadline", *o.deadline, 1ms, 24h)) &&
      (!o.resend.has_value() || in_range(why, "resend", *o.resend));
  return fine ? Error::none : Error::invalid_argument;
}

Error check(const EndpointOptions& o, Explanation& why) noexcept {
  using namespace std::chrono_literals;
  const auto given = [&](const char* field, const auto& value, auto low, auto high) {
    return !value.has_value() || core::in_range(why, field, *value, low, high);
  };
  const bool fine =
      core::in_range(why, "send_priority", o.send_priority, 1, 16) &&
      core::in_range(why, "receive_priority", o.receive_priority, 1, 16) &&
      given("max_message_size", o.max_message_size, 1u, Message::max_size) &&
      given("reconnect_min", o.reconnect_min, Duration(1ms), Duration(24h)) &&
      given("reconnect_max", o.reconnect_max,
            std::max(Duration(1ms), o.reconnect_min.value_or(Duration(1ms))), Duration(24h)) &&
      (o.tcp_timeout.value_or(0s) == 0s ||
       core::in_range(why, "tcp_timeout", *o.tcp_timeout, 1s, 24h)) &&
      given("kernel_send_buffer", o.kernel_send_buffer, 0u, buffer_max) &&
      given("kernel_receive_buffer", o.kernel_receive_buffer, 0u, buffer_max) &&
      given("ipc_permissions", o.ipc_permissions, 0u, 0777u);
  return fine ? Error::none : Error::invalid_argument;
}

}  // namespace spool
