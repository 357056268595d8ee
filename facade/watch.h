// Watch: a descriptor of the host's in the loop: another library's socket, a pipe, a terminal.
#pragma once

#include <optional>

#include "spool/core/events.h"
#include "spool/core/waiter.h"
#include "spool/loop/poller.h"
#include "spool/loop/result.h"
#include "spool/loop/time.h"

namespace spool {

namespace core {
class Anchor;
}  // namespace core

// Made by EventLoop::watch. A handle that ends the watching when it goes; the loop may go before.
class Watch {
 public:
  Watch(Watch&& other) noexcept;
  Watch& operator=(Watch&& other) noexcept;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  // Like close().
  ~Watch();

  // What is heard from here on. closed, wrong_thread.
  Result<void> set_interest(Interest interest) noexcept;
  // For those who wait in a way of their own: `waiter` is called once, when the descriptor is ready
  // for what it is watched for, or at the deadline. Several are called together. closed,
  // wrong_thread: it will not be called.
  Result<void> wait_ready(Waiter& waiter, std::optional<Instant> deadline) noexcept;
  // From here on the descriptor may be closed. Nothing happens when it is so already.
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept;

 private:
  friend class EventLoop;
  Watch(core::Anchor* anchor, WatchHandle handle) noexcept;

  core::Anchor* anchor_ = nullptr;
  WatchHandle handle_{};
};

}  // namespace spool
