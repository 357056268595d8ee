// The one list of built-in transports.
#pragma once

#include <span>

#include "spool/io/io_context.h"
#include "spool/io/transport.h"

namespace spool::io {

// Fills the first slots, of which there are enough; false without memory.
[[nodiscard]] bool make_builtin_transports(IoContext& io,
                                           std::span<loop::Box<Transport>> slots) noexcept;

}  // namespace spool::io
