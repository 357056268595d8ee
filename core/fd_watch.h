// FdWatch: a descriptor of the host's, watched by the loop. Owned by the context's slab, on behalf
// of facade's Watch; freed when it is closed, within a turn at its end.
#pragma once

#include <optional>
#include <utility>

#include "spool/core/events.h"
#include "spool/core/notice.h"
#include "spool/core/waiter.h"
#include "spool/loop/function.h"
#include "spool/loop/handle.h"
#include "spool/loop/poller.h"
#include "spool/loop/reactor.h"

namespace spool {

namespace core {

struct ReapedWatchTag {};

class FdWatch final : public Notified, public loop::Source, public loop::Link<ReapedWatchTag> {
 public:
  explicit FdWatch(Context& context) noexcept : context_(context) {}
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;
  ~FdWatch() { SPOOL_ASSERT(!is_open()); }

  // Once. invalid_argument: it is watched already or cannot be; no_memory.
  [[nodiscard]] Error open(WatchHandle handle, NativeHandle fd, Interest interest,
                           Function<void(Readiness)> fn) noexcept;
  // The descriptor is the host's again. Who waits is woken.
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return token_.valid(); }
  [[nodiscard]] WatchHandle handle() const noexcept { return handle_; }

  void set_interest(Interest interest) noexcept;
  // Called in step 8 when the descriptor is ready for what it is watched for, each in turn.
  void wait(Waiter& waiter, std::optional<Instant> deadline) noexcept;

  void on_ready(Readiness ready) noexcept override;
  std::uint32_t notify() noexcept override;

 private:
  [[nodiscard]] Interest needed() const noexcept;

  Context& context_;
  WatchHandle handle_{};
  Token token_{};  // invalid: closed
  Interest interest_ = Interest::none;
  Readiness ready_;  // since the last notice
  BasicNoticeSlot<Readiness> on_ready_;
  WaitList waiters_;
};

}  // namespace core
}  // namespace spool
