// NestedPoller: stands between a loop and a real poller, so that a test can tell whether
// backend_fd() says what it should. Its nested timer runs by the test's clock.
#pragma once

#include <poll.h>

#include <optional>

#include "spool/loop/poller.h"
#include "tests/support/fake_clock.h"

namespace spool::testing {

inline bool is_readable(NativeHandle fd, int milliseconds = 0) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, milliseconds) == 1;
}

class NestedPoller final : public Poller {
 public:
  // Both outlive it.
  NestedPoller(Poller& inner, const FakeClock& clock) noexcept : inner_(inner), clock_(clock) {}

  // After each step of the clock: the poller below knows real time only.
  void follow_clock() noexcept {
    if (deadline_.has_value() && *deadline_ <= clock_.time())
      inner_.set_deadline(clock_.time(), clock_.time());
  }
  // A turn begins.
  void forget() noexcept { reported = silent = 0; }

  [[nodiscard]] Error add(NativeHandle fd, Interest interest, Token token) noexcept override {
    return inner_.add(fd, interest, token);
  }
  [[nodiscard]] Error modify(NativeHandle fd, Interest interest, Token token) noexcept override {
    return inner_.modify(fd, interest, token);
  }
  void remove(NativeHandle fd, Token token) noexcept override { inner_.remove(fd, token); }
  [[nodiscard]] Result<std::size_t> wait(std::span<PollEvent> events,
                                         std::optional<Duration> max_wait) noexcept override {
    Result<std::size_t> result = inner_.wait(events, max_wait);
    if (!result.ok() || result.value() == 0) return result;
    reported += result.value();
    // Whether they were there before the turn or came with it: nobody has taken them yet.
    if (fd_ != invalid_handle && !is_readable(fd_)) silent += result.value();
    return result;
  }
  [[nodiscard]] Result<NativeHandle> backend_fd() noexcept override {
    Result<NativeHandle> fd = inner_.backend_fd();
    if (fd.ok()) fd_ = fd.value();
    return fd;
  }
  void set_deadline(std::optional<Instant> deadline, Instant now) noexcept override {
    // The loop's time may have stood still for a while: only the length means the same to both.
    deadline_.reset();
    if (deadline.has_value()) deadline_ = clock_.time() + (*deadline - now);
    inner_.set_deadline(std::nullopt, now);
    follow_clock();
  }

  // Since forget().
  std::size_t reported = 0;  // events
  std::size_t silent = 0;    // of them: reported while the descriptor was not readable

 private:
  Poller& inner_;
  const FakeClock& clock_;
  NativeHandle fd_ = invalid_handle;
  std::optional<Instant> deadline_;  // of the test's clock
};

}  // namespace spool::testing
