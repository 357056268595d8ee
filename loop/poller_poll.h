// PollPoller: poll(2), for systems with nothing better, and a second opinion for the tests of all
// others. Owned by the reactor. Each wait costs time in proportion to all that is registered; it
// has no descriptor that a host could sleep on.
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "spool/loop/box.h"
#include "spool/loop/fd_table.h"
#include "spool/loop/memory.h"
#include "spool/loop/poller.h"
#include "spool/loop/result.h"

namespace spool::loop {

class PollPoller final : public Poller {
 public:
  // no_memory.
  [[nodiscard]] static Result<Box<Poller>> create(Memory& memory) noexcept;
  explicit PollPoller(Memory& memory) noexcept : memory_(memory), slot_of_(memory, absent) {}
  PollPoller(const PollPoller&) = delete;
  PollPoller& operator=(const PollPoller&) = delete;
  ~PollPoller() override;

  [[nodiscard]] Error add(NativeHandle fd, Interest interest, Token token) noexcept override;
  [[nodiscard]] Error modify(NativeHandle fd, Interest interest, Token token) noexcept override;
  void remove(NativeHandle fd, Token token) noexcept override;
  [[nodiscard]] Result<std::size_t> wait(std::span<PollEvent> events,
                                         std::optional<Duration> max_wait) noexcept override;
  [[nodiscard]] Result<NativeHandle> backend_fd() noexcept override;
  void set_deadline(std::optional<Instant> deadline, Instant now) noexcept override;
  [[nodiscard]] Error after_fork_child() noexcept override;

 private:
  static constexpr std::uint32_t absent = 0xffffffff;
  static constexpr std::size_t slot_bytes = sizeof(pollfd) + sizeof(Token);

  [[nodiscard]] bool grow() noexcept;
  void fill(std::size_t slot, NativeHandle fd, Interest interest, Token token) noexcept;
  [[nodiscard]] std::size_t collect(std::span<PollEvent> events, std::size_t ready) noexcept;

  Memory& memory_;
  pollfd* fds_ = nullptr;    // dense; one block of memory holds both arrays
  Token* tokens_ = nullptr;  // of the same slots
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::size_t next_ = 0;  // where the next wait starts to look, so that nobody starves
  FdTable<std::uint32_t> slot_of_;
};

}  // namespace spool::loop
