// EpollPoller: Linux. Owned by the reactor. Allocates nothing after create().
//
// wait() looks at one epoll set and at nothing else. What a host sleeps on is a second set, made by
// the first backend_fd(): it holds the first set, a timer, and an event that is raised while the
// deadline is over. So an expired deadline never disturbs a wait, and a host sees it for as long as
// it is set. A host needs one level of nesting more than that; the kernel allows five in all.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "spool/loop/box.h"
#include "spool/loop/memory.h"
#include "spool/loop/owned_fd.h"
#include "spool/loop/poller.h"
#include "spool/loop/result.h"

namespace spool::loop {

class EpollPoller final : public Poller {
 public:
  // no_memory, or what the system said.
  [[nodiscard]] static Result<Box<Poller>> create(Memory& memory) noexcept;
  explicit EpollPoller(OwnedFd set) noexcept : set_(std::move(set)) {}

  [[nodiscard]] Error add(NativeHandle fd, Interest interest, Token token) noexcept override;
  [[nodiscard]] Error modify(NativeHandle fd, Interest interest, Token token) noexcept override;
  void remove(NativeHandle fd, Token token) noexcept override;
  [[nodiscard]] Result<std::size_t> wait(std::span<PollEvent> events,
                                         std::optional<Duration> max_wait) noexcept override;
  [[nodiscard]] Result<NativeHandle> backend_fd() noexcept override;
  void set_deadline(std::optional<Instant> deadline, Instant now) noexcept override;
  [[nodiscard]] Error after_fork_child() noexcept override;

 private:
  [[nodiscard]] Error control(int operation, NativeHandle fd, Interest interest,
                              Token token) noexcept;

  OwnedFd set_;            // what is registered
  OwnedFd nest_;           // set_, timer_ and over_; these three are made by backend_fd()
  OwnedFd timer_;          // a timerfd, until the deadline
  OwnedFd over_;           // an eventfd, readable while the deadline is over
  bool is_over_ = false;   // whether over_ is raised
  bool is_armed_ = false;  // whether timer_ runs or has run out
  bool has_pwait2_ = true;
};

}  // namespace spool::loop
