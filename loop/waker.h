// Waker: makes a sleeping poller return, from any thread and from signal handlers.
#pragma once

#include "spool/loop/box.h"
#include "spool/loop/memory.h"
#include "spool/loop/owned_fd.h"
#include "spool/loop/result.h"

namespace spool::loop {

// Owned by the reactor. The descriptor stays readable from signal() until drain().
class Waker {
 public:
  virtual ~Waker() = default;
  // Any thread, any signal handler; keeps errno. Signals that meet are one.
  virtual void signal() noexcept = 0;
  // The loop's thread: takes all signals so far.
  virtual void drain() noexcept = 0;
  [[nodiscard]] virtual NativeHandle fd() const noexcept = 0;
};

// Linux: one descriptor. Everywhere else: a pipe.
[[nodiscard]] Result<Box<Waker>> make_eventfd_waker(Memory& memory) noexcept;
[[nodiscard]] Result<Box<Waker>> make_pipe_waker(Memory& memory) noexcept;

}  // namespace spool::loop
