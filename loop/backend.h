// The back-ends this build was made with: exactly one backend_*.cc is linked (BUILD chooses).
#pragma once

#include "spool/loop/box.h"
#include "spool/loop/poller.h"
#include "spool/loop/waker.h"

namespace spool::loop {

[[nodiscard]] Result<Box<Poller>> make_default_poller(Memory& memory) noexcept;
[[nodiscard]] Result<Box<Waker>> make_default_waker(Memory& memory) noexcept;
// "epoll", "kqueue" or "poll".
[[nodiscard]] const char* default_poller_name() noexcept;

}  // namespace spool::loop
