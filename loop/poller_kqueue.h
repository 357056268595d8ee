// KqueuePoller: macOS and the BSDs. Owned by the reactor.
//
// The kqueue itself is what a host sleeps on. Two filters in it are not about descriptors: a timer
// until the deadline, and a user event that is raised while the deadline is over. Their events
// never leave wait(). There is no second queue around the first one as EpollPoller has it: a
// kqueue counts as readable until somebody takes the event out, and nobody would take it there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "spool/loop/box.h"
#include "spool/loop/fd_table.h"
#include "spool/loop/memory.h"
#include "spool/loop/owned_fd.h"
#include "spool/loop/poller.h"
#include "spool/loop/result.h"

namespace spool::loop {

class KqueuePoller final : public Poller {
 public:
  // no_memory, or what the system said.
  [[nodiscard]] static Result<Box<Poller>> create(Memory& memory) noexcept;
  KqueuePoller(OwnedFd queue, Memory& memory) noexcept
      : queue_(std::move(queue)), filters_(memory, absent) {}

  [[nodiscard]] Error add(NativeHandle fd, Interest interest, Token token) noexcept override;
  [[nodiscard]] Error modify(NativeHandle fd, Interest interest, Token token) noexcept override;
  void remove(NativeHandle fd, Token token) noexcept override;
  [[nodiscard]] Result<std::size_t> wait(std::span<PollEvent> events,
                                         std::optional<Duration> max_wait) noexcept override;
  [[nodiscard]] Result<NativeHandle> backend_fd() noexcept override;
  void set_deadline(std::optional<Instant> deadline, Instant now) noexcept override;
  [[nodiscard]] Error after_fork_child() noexcept override;

 private:
  // What the kernel has of a descriptor: `absent`, or the bits of an Interest.
  static constexpr std::uint8_t absent = 0xff;

  [[nodiscard]] Error change(NativeHandle fd, Interest interest, Token token) noexcept;
  void raise() noexcept;
  void lower() noexcept;

  OwnedFd queue_;
  FdTable<std::uint8_t> filters_;
  bool is_over_ = false;    // the deadline is over
  bool is_raised_ = false;  // the user event stands in the queue
  bool is_armed_ = false;   // the timer stands in the queue
};

}  // namespace spool::loop
