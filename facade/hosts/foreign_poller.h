// ForeignPoller: lets a host's own loop watch each descriptor by itself, instead of one that stands
// for all of them. For builds without EventLoop::backend_fd (poll, see docs), and for hosts that
// want to see what is watched. GlibPoller and UvPoller are two; your own is one more of them.
#pragma once

#include <algorithm>
#include <optional>
#include <span>

#include "spool/event_loop.h"
#include "spool/hosts/guest.h"
#include "spool/loop/fd_table.h"
#include "spool/loop/memory.h"
#include "spool/loop/poller.h"
#include "spool/loop/poller_poll.h"

namespace spool::hosts {

// Owned by the program: made before the loop, which gets it as EventLoopConfig::poller, and
// destroyed after it, so not in a callback.
//
//   GlibPoller poller;
//   EventLoop loop = EventLoop::create({.poller = &poller}).value();
//   poller.attach(loop).value();
//
// What the host watches is only the trigger. What is ready is always asked of poll(2), so a
// poll_once that waits, and recv_for, work as everywhere: in callbacks of the host, before it is
// attached, and after.
class ForeignPoller : public Poller, public Guest {
 public:
  [[nodiscard]] Error add(NativeHandle fd, Interest interest, Token token) noexcept final {
    if (const Error error = table_.add(fd, interest, token); error != Error::none) return error;
    if (entries_.reserve(fd)) {
      end_ = std::max(end_, fd + 1);
      if (follow(fd, Entry{nullptr, interest, true})) return Error::none;
      entries_.set(fd, Entry{});
    }
    table_.remove(fd, token);
    return Error::no_memory;
  }
  [[nodiscard]] Error modify(NativeHandle fd, Interest interest, Token token) noexcept final {
    if (const Error error = table_.modify(fd, interest, token); error != Error::none) return error;
    Entry entry = entries_.get(fd);
    entry.interest = interest;
    return follow(fd, entry) ? Error::none : Error::no_memory;
  }
  void remove(NativeHandle fd, Token token) noexcept final {
    forget(fd);
    entries_.set(fd, Entry{});
    table_.remove(fd, token);
  }
  [[nodiscard]] Result<std::size_t> wait(std::span<PollEvent> events,
                                         std::optional<Duration> max_wait) noexcept final {
    return table_.wait(events, max_wait);
  }
  [[nodiscard]] Result<NativeHandle> backend_fd() noexcept final { return Error::not_supported; }
  void set_deadline(std::optional<Instant> deadline, Instant now) noexcept final {
    deadline_ = deadline;
    was_told_ = true;
    if (attached()) arm(now);
  }
  [[nodiscard]] bool wants_deadline() const noexcept final { return true; }
  // For EventLoop::after_fork_child, in a child that has detached before: with libuv, after
  // uv_loop_fork, since the kernel's set is the parent's until then.
  [[nodiscard]] Error after_fork_child() noexcept final {
    if (attached()) return Error::not_supported;
    entries_.clear();
    end_ = 0;
    deadline_.reset();
    return table_.after_fork_child();
  }

 protected:
  // Null: memory comes from malloc; else it outlives this.
  explicit ForeignPoller(Memory* memory) noexcept
      : memory_(memory != nullptr ? *memory : system_memory_) {}
  ~ForeignPoller() override = default;

  // The host's part; nothing here calls back. Level-triggered. Error and hang-up may be announced
  // whatever the interest, which is never `none`.
  //
  // Null: no memory. What it returns names the watch from now on.
  [[nodiscard]] virtual void* watch(NativeHandle fd, Interest interest) noexcept = 0;
  // False: no memory; then it is as it was, or announces more than asked for.
  [[nodiscard]] virtual bool change(void* watch, Interest interest) noexcept = 0;
  // Before the descriptor is closed, which may be at once: no trace of it is left.
  virtual void unwatch(void* watch) noexcept = 0;
  // The one timer: turn() is due after `delay`, at once if that is zero; nothing cancels. Not
  // within this call, and before the host sleeps again.
  virtual void set_timer(std::optional<Duration> delay) noexcept = 0;

  // From now on everything is watched. The host can be asked by now. no_memory, or invalid_argument
  // when `loop` has another poller: then nothing is.
  [[nodiscard]] Result<void> start(EventLoop& loop) noexcept {
    if (loop.backend_fd().ok()) return Error::invalid_argument;
    begin(loop);
    for (NativeHandle fd = 0; fd < end_; ++fd) {
      if (follow(fd, entries_.get(fd))) continue;
      stop();
      return Error::no_memory;
    }
    arm(loop.now());
    return {};
  }
  // The host is asked for the last time. False: nothing was attached.
  bool stop() noexcept {
    if (!attached()) return false;
    for (NativeHandle fd = 0; fd < end_; ++fd) forget(fd);
    set_timer(std::nullopt);
    return end();
  }
  // Something was announced, or the timer is over. One that came early by the loop's clock is set
  // again.
  After turn(bool is_timer_over) noexcept {
    was_told_ = false;
    const After after = serve();
    if (after == After::attached && is_timer_over && !was_told_) arm(loop().now());
    return after;
  }

 private:
  struct Entry {
    void* watch = nullptr;  // null: the host does not watch
    Interest interest = Interest::none;
    bool is_registered = false;
  };

  // Makes the host watch what the entry says, and keeps it; false when it has no memory.
  [[nodiscard]] bool follow(NativeHandle fd, Entry entry) noexcept {
    bool done = true;
    if (!attached()) {
      // start() will do it.
    } else if (entry.interest == Interest::none) {
      // Not even hang-up may be announced: the host would spin on it.
      if (entry.watch != nullptr) unwatch(entry.watch);
      entry.watch = nullptr;
    } else if (entry.watch != nullptr) {
      done = change(entry.watch, entry.interest);
    } else {
      entry.watch = watch(fd, entry.interest);
      done = entry.watch != nullptr;
    }
    if (entry.is_registered) entries_.set(fd, entry);
    return done;
  }
  void forget(NativeHandle fd) noexcept {
    Entry entry = entries_.get(fd);
    if (entry.watch == nullptr) return;
    unwatch(entry.watch);
    entry.watch = nullptr;
    entries_.set(fd, entry);
  }
  void arm(Instant now) noexcept {
    if (!deadline_.has_value()) return set_timer(std::nullopt);
    set_timer(std::max(*deadline_ - now, Duration::zero()));
  }

  SystemMemory system_memory_;
  Memory& memory_;
  loop::PollPoller table_{memory_};
  loop::FdTable<Entry> entries_{memory_, Entry{}};
  NativeHandle end_ = 0;  // behind the largest descriptor there ever was
  std::optional<Instant> deadline_;
  bool was_told_ = false;  // in this turn, the deadline
};

}  // namespace spool::hosts
