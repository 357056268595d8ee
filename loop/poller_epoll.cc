#include "spool/loop/poller_epoll.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "spool/loop/assert.h"
#include "spool/loop/wait_time.h"

namespace spool::loop {

namespace {

constexpr std::size_t batch = 128;  // events per system call; the rest come with the next wait

// What the kernel keeps for us: the token, and the interest in the two bits of the index that no
// Slab ever reaches. Hang-up comes unasked, and only the interest says what it means.
constexpr unsigned interest_shift = 30;
constexpr std::uint64_t interest_mask = std::uint64_t{3} << interest_shift;

std::uint64_t pack(Token token, Interest interest) noexcept {
  SPOOL_ASSERT(token.index >> interest_shift == 0);
  return token.value() | static_cast<std::uint64_t>(interest) << interest_shift;
}

PollEvent unpack(const epoll_event& event) noexcept {
  const std::uint64_t data = event.data.u64;
  const auto interest = static_cast<Interest>((data & interest_mask) >> interest_shift);
  const bool broken = (event.events & (EPOLLHUP | EPOLLERR)) != 0;
  PollEvent result;
  result.token = Token::from(data & ~interest_mask);
  result.ready.readable = wants_read(interest) && (broken || (event.events & EPOLLIN) != 0);
  result.ready.writable = wants_write(interest) && (broken || (event.events & EPOLLOUT) != 0);
  return result;
}

Error error_from_ctl(int errno_value) noexcept {
  switch (errno_value) {
    case EEXIST:  // registered already
    case EPERM:   // cannot be polled: a regular file or a directory
    case EBADF:
    case ELOOP:
      return Error::invalid_argument;
    case ENOMEM:
      return Error::no_memory;
    case ENOSPC:
      return Error::limit_reached;  // /proc/sys/fs/epoll/max_user_watches
    default:
      return error_from_errno(errno_value);
  }
}

bool watch(const OwnedFd& set, const OwnedFd& fd) noexcept {
  epoll_event event{};
  event.events = EPOLLIN;
  return ::epoll_ctl(set.get(), EPOLL_CTL_ADD, fd.get(), &event) == 0;
}

// One system call. Whole-nanosecond waits need epoll_pwait2 (Linux 5.11); older kernels and some
// sandboxes do not have it, and get whole milliseconds, rounded up.
int wait_once(NativeHandle set, std::span<epoll_event> ready, std::optional<Duration> left,
              bool& has_pwait2) noexcept {
  const int room = static_cast<int>(ready.size());
  if (!left.has_value()) return ::epoll_wait(set, ready.data(), room, -1);
  if (*left > Duration::zero() && has_pwait2) {
    const timespec length = to_timespec(*left);
    const int count = ::epoll_pwait2(set, ready.data(), room, &length, nullptr);
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
    has_pwait2 = false;
  }
  return ::epoll_wait(set, ready.data(), room, to_milliseconds(*left));
}

}  // namespace

Result<Box<Poller>> EpollPoller::create(Memory& memory) noexcept {
  OwnedFd set(::epoll_create1(EPOLL_CLOEXEC));
  if (!set) return error_from_errno(errno);
  Box<Poller> poller = make_box<EpollPoller>(memory, std::move(set));
  if (!poller) return Error::no_memory;
  return poller;
}

Error EpollPoller::control(int operation, NativeHandle fd, Interest interest,
                           Token token) noexcept {
  epoll_event event{};
  if (wants_read(interest)) event.events |= EPOLLIN;
  if (wants_write(interest)) event.events |= EPOLLOUT;
  // The kernel reports hang-up and error to everybody. One shot makes that at most one event for a
  // descriptor that wants none, which wait() drops.
  if (interest == Interest::none) event.events = EPOLLONESHOT;
  event.data.u64 = pack(token, interest);
  return ::epoll_ctl(set_.get(), operation, fd, &event) == 0 ? Error::none : error_from_ctl(errno);
}

Error EpollPoller::add(NativeHandle fd, Interest interest, Token token) noexcept {
  return control(EPOLL_CTL_ADD, fd, interest, token);
}

Error EpollPoller::modify(NativeHandle fd, Interest interest, Token token) noexcept {
  return control(EPOLL_CTL_MOD, fd, interest, token);
}

void EpollPoller::remove(NativeHandle fd, Token) noexcept {
  // Closing alone would not do: a duplicate of the descriptor would keep it in the set.
  const int result = ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, fd, nullptr);
  SPOOL_ASSERT(result == 0);
}

Result<std::size_t> EpollPoller::wait(std::span<PollEvent> events,
                                      std::optional<Duration> max_wait) noexcept {
  SPOOL_ASSERT(!events.empty());
  epoll_event buffer[batch];
  const std::span<epoll_event> ready(buffer, std::min(batch, events.size()));
  WaitTime time(max_wait);
  for (;;) {
    const int count = wait_once(set_.get(), ready, time.left(), has_pwait2_);
    if (count < 0) {
      if (errno == EINTR) return std::size_t{0};
      return error_from_errno(errno);
    }
    std::size_t filled = 0;
    for (int i = 0; i < count; ++i) {
      const PollEvent event = unpack(ready[static_cast<std::size_t>(i)]);
      if (event.ready.readable || event.ready.writable) events[filled++] = event;
    }
    if (filled > 0) return filled;
    // Nothing but hang-ups that nobody wants to hear of: each comes once, so this ends.
    const bool over = time.over();
    if (count == 0 && over) return std::size_t{0};
  }
}

Result<NativeHandle> EpollPoller::backend_fd() noexcept {
  if (nest_) return nest_.get();
  OwnedFd nest(::epoll_create1(EPOLL_CLOEXEC));
  OwnedFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  OwnedFd over(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!nest || !timer || !over) return error_from_errno(errno);
  if (!watch(nest, set_) || !watch(nest, timer) || !watch(nest, over)) return error_from_ctl(errno);
  nest_ = std::move(nest);
  timer_ = std::move(timer);
  over_ = std::move(over);
  return nest_.get();
}

void EpollPoller::set_deadline(std::optional<Instant> deadline, Instant now) noexcept {
  SPOOL_ASSERT(nest_);
  const bool over = deadline.has_value() && *deadline <= now;
  if (over != is_over_) {
    // Not by a timer of no length: it runs out a moment after the call, and a host that looks
    // without sleeping would miss it.
    std::uint64_t count = 1;
    const ssize_t done = over ? ::write(over_.get(), &count, sizeof count)
                              : ::read(over_.get(), &count, sizeof count);
    SPOOL_ASSERT(done == sizeof count);
    is_over_ = over;
  }
  if (over || (!deadline.has_value() && !is_armed_)) return;
  itimerspec length{};  // zero disarms
  if (deadline.has_value()) length.it_value = to_timespec(time_until(*deadline, now));
  const int result = ::timerfd_settime(timer_.get(), 0, &length, nullptr);
  SPOOL_ASSERT(result == 0);
  is_armed_ = deadline.has_value();
}

// The sets are one object for both processes: what the child took out would be gone for the parent.
Error EpollPoller::after_fork_child() noexcept {
  nest_.reset();
  timer_.reset();
  over_.reset();
  is_over_ = is_armed_ = false;
  set_ = OwnedFd(::epoll_create1(EPOLL_CLOEXEC));
  return set_ ? Error::none : error_from_errno(errno);
}

}  // namespace spool::loop
