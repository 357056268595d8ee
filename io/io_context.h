// IoContext: what every pipe and transport of one loop shares.
#pragma once

#include <cstddef>
#include <span>

#include "spool/io/message_pool.h"
#include "spool/loop/memory.h"
#include "spool/loop/reactor.h"

namespace spool::io {

// Where reads of all pipes land first: an idle connection owns no buffer. In front of it is room
// for the start of a frame header that an earlier read left behind.
struct ReceiveBuffer {
  static constexpr std::size_t front_room = 16;
  std::byte* bytes = nullptr;  // front_room bytes before it belong to it as well
  std::size_t size = 0;
};

// Owned by core::Context; outlives all transports and pipes.
struct IoContext {
  loop::Reactor& reactor;
  MessagePool& pool;
  Memory& memory;
  ReceiveBuffer receive_buffer;
  // In the child of a fork, while everything is given up: names in the file system are the
  // parent's.
  bool is_fork_child = false;
};

}  // namespace spool::io
