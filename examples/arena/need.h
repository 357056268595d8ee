// need: how the programs give up.
#pragma once

#include <spool/spool.h>

#include <string_view>
#include <utility>

namespace arena {

// Says what failed, and why, and leaves with 1. For what cannot fail unless the machine is broken.
[[noreturn]] void give_up(const char* what, spool::Error error, std::string_view why);

// The value, or the end.
template <typename T>
T need(spool::EventLoop& loop, const char* what, spool::Result<T> result) {
  if (!result.ok()) give_up(what, result.error(), loop.last_error());
  return std::move(result).value();
}

}  // namespace arena
