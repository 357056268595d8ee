#include "spool/core/event_loop_config.h"

#include <utility>

#include "spool/core/check_range.h"
#include "spool/io/message.h"

namespace spool {

Error check(const EventLoopConfig& c, Explanation& why) noexcept {
  constexpr std::uint64_t smallest_pool = 64u << 10;
  if (c.message_memory_limit != 0 &&
      !core::in_range(why, "message_memory_limit", c.message_memory_limit, smallest_pool, SIZE_MAX))
    return Error::invalid_argument;
  for (const auto& [name, time] : {std::pair{"budget.time", c.budget.time},
                                   std::pair{"budget.callback_time", c.budget.callback_time}}) {
    if (time >= Duration::zero()) continue;
    why << name << " is negative: expected zero (no limit) or more";
    return Error::invalid_argument;
  }
  const bool fine =
      core::in_range(why, "receive_buffer", c.receive_buffer, 4u << 10, 16u << 20) &&
      core::in_range(why, "reserve_message_size", c.reserve_message_size, 0, Message::max_size) &&
      core::in_range(why, "reserve_sockets", c.reserve_sockets, 0, 1u << 24) &&
      core::in_range(why, "reserve_connections", c.reserve_connections, 0, 1u << 24) &&
      core::in_range(why, "reserve_exchanges", c.reserve_exchanges, 0, 1u << 24) &&
      core::in_range(why, "post_queue", c.post_queue, 0, 1u << 20) &&
      core::in_range(why, "sockets_max", c.sockets_max, 1, 1u << 24) &&
      core::in_range(why, "event_queue", c.event_queue, 1, 1u << 16);
  return fine ? Error::none : Error::invalid_argument;
}

}  // namespace spool
