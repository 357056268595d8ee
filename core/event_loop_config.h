// EventLoopConfig: everything a loop can be told. docs/configuration.md shows each field in use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "spool/core/events.h"
#include "spool/io/resolver.h"
#include "spool/loop/budget.h"
#include "spool/loop/clock.h"
#include "spool/loop/explanation.h"
#include "spool/loop/function.h"
#include "spool/loop/memory.h"
#include "spool/loop/poller.h"

namespace spool {

// Moves, because of the functions in it. What pointers point at belongs to the host and outlives
// the loop; `memory` also outlives every Message.
struct EventLoopConfig {
  // How descriptors are watched; null: the best of the system (epoll, kqueue, poll).
  Poller* poller = nullptr;
  // What time it is; null: the system's monotonic clock.
  Clock* clock = nullptr;
  // Where memory comes from; null: malloc.
  Memory* memory = nullptr;
  // Who knows the addresses of host names; null: the hosts file, then DNS (io/resolver.h).
  Resolver* resolver = nullptr;
  // At most so much memory in all, in bytes; 0: no limit.
  std::size_t memory_limit = 0;
  // At most so much of it in messages and queues, in bytes; 0: no limit. At the limit, pipes stop
  // reading and sends say no_memory; nothing breaks. A message that would not even fit into an
  // empty pool is refused like one above max_message_size. From 64 KiB.
  std::size_t message_memory_limit = 64u << 20;
  // Messages to make room for at the start: `reserve_messages` of `reserve_message_size` bytes.
  std::size_t reserve_messages = 0;
  std::size_t reserve_message_size = 256;
  // Sockets (with an address each), connections (tcp, and ipc) and exchanges to make room for at
  // the start. Up to 16 Mi each.
  std::uint32_t reserve_sockets = 0;
  std::uint32_t reserve_connections = 0;
  std::uint32_t reserve_exchanges = 0;
  // What one poll_once may do, unless it is told otherwise.
  Budget budget{};
  // One read takes at most so much, in bytes; shared by all connections. 4 KiB to 16 MiB.
  std::size_t receive_buffer = 128u << 10;
  // Tasks from other threads that may wait at a time; 0: none. Up to 1 Mi.
  std::size_t post_queue = 256;
  // false: no other thread will ever call wake() or post(); saves a descriptor.
  bool threads = true;
  // At most so many sockets at a time. From 1.
  std::uint32_t sockets_max = 4096;
  // Events that may wait for delivery within a turn; more are counted and dropped. 1 to 65,536.
  std::uint32_t event_queue = 64;
  // Of the reconnect jitter; 0: taken from the clock. Give one to repeat a run exactly.
  std::uint64_t seed = 0;
  // Called by poll_once, in the notice step, for everything that happens to connections.
  Function<void(const Event&)> on_event = nullptr;
  // The same as a line of text, for events of at least log_level.
  Function<void(LogLevel, std::string_view)> log = nullptr;
  LogLevel log_level = LogLevel::info;
};

// Error::none, or invalid_argument with the field, its value and its range in `why`.
[[nodiscard]] Error check(const EventLoopConfig& config, Explanation& why) noexcept;

}  // namespace spool
