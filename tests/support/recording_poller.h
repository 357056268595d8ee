// RecordingPoller: a poller without descriptors. The test says what is ready; it says what it was
// asked for.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "spool/loop/poller.h"

namespace spool::testing {

// Level-triggered: reports a descriptor for as long as the test leaves it ready and there is
// interest. Never sleeps.
class RecordingPoller final : public Poller {
 public:
  struct Registered {
    Interest interest = Interest::none;
    Token token;
  };

  [[nodiscard]] Error add(NativeHandle fd, Interest interest, Token token) noexcept override {
    if (add_error != Error::none) return add_error;
    registered[fd] = {interest, token};
    return Error::none;
  }
  [[nodiscard]] Error modify(NativeHandle fd, Interest interest, Token token) noexcept override {
    ++modifications;
    if (modify_error != Error::none) return modify_error;
    registered.at(fd) = {interest, token};
    return Error::none;
  }
  void remove(NativeHandle fd, Token) noexcept override { registered.erase(fd); }

  [[nodiscard]] Result<std::size_t> wait(std::span<PollEvent> events,
                                         std::optional<Duration> max_wait) noexcept override {
    waits.push_back(max_wait);
    if (on_wait) on_wait();
    if (wait_error != Error::none) return wait_error;
    std::size_t count = 0;
    for (const auto& [fd, what] : ready) {
      const auto found = registered.find(fd);
      if (found == registered.end() || count == events.size()) continue;
      const Registered& entry = found->second;
      const Readiness seen{what.readable && wants_read(entry.interest),
                           what.writable && wants_write(entry.interest)};
      if (seen.readable || seen.writable) events[count++] = {entry.token, seen};
    }
    return count;
  }
  [[nodiscard]] Result<NativeHandle> backend_fd() noexcept override { return Error::not_supported; }
  void set_deadline(std::optional<Instant> deadline, Instant) noexcept override {
    deadlines.push_back(deadline);
  }
  [[nodiscard]] bool wants_deadline() const noexcept override { return wants; }

  std::map<NativeHandle, Registered> registered;
  std::map<NativeHandle, Readiness> ready;
  std::vector<std::optional<Duration>> waits;     // the lengths that were asked for
  std::vector<std::optional<Instant>> deadlines;  // that were set
  bool wants = false;                             // it is a host's
  std::function<void()> on_wait;
  Error add_error = Error::none;
  Error modify_error = Error::none;
  Error wait_error = Error::none;
  int modifications = 0;
};

}  // namespace spool::testing
