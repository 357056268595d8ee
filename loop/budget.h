// Budget, PollResult: how much one poll_once may do, and what it did.
#pragma once

#include <cstdint>

#include "spool/loop/error.h"
#include "spool/loop/time.h"

namespace spool {

// Limits of one poll_once; zero means no limit on that axis. Checked after every read, so a call
// exceeds a limit by at most one read (EventLoopConfig::receive_buffer). The defaults fit a frame
// of 144 fps with room to spare.
struct Budget {
  std::uint32_t events = 128;                      // descriptors served
  std::uint32_t messages = 8192;                   // messages received
  std::uint64_t bytes = 4u << 20;                  // bytes received
  Duration time = std::chrono::microseconds(500);  // of library time: no waiting, no callbacks
  // Of time in callbacks and posted tasks; checked after each, the rest waits for the next call.
  Duration callback_time{};
};

// What one poll_once did. Trivially copyable.
struct PollResult {
  std::uint32_t events = 0;    // descriptors served
  std::uint32_t messages = 0;  // messages received
  std::uint64_t bytes = 0;     // bytes received
  std::uint32_t timers = 0;    // timers fired
  std::uint32_t posted = 0;    // posted tasks run
  std::uint32_t notices = 0;   // user callbacks called
  Duration library_time{};     // spent by the library itself; neither waiting nor callbacks
  Duration callback_time{};    // spent in callbacks and posted tasks
  // Work was left: call again soon. next_deadline() says now, backend_fd() stays readable.
  bool more = false;
  // Of the loop itself: none, reentrant, wrong_thread, closed, or what the poller said.
  Error error = Error::none;
};

}  // namespace spool
