#include "spool/loop/poller_poll.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <utility>

#include "spool/loop/assert.h"
#include "spool/loop/wait_time.h"

namespace spool::loop {

namespace {

// poll(2) passes over negative numbers. Not `-fd`: zero is a descriptor too.
NativeHandle silenced(NativeHandle fd) noexcept { return ~fd; }
NativeHandle plain(NativeHandle fd) noexcept { return fd < 0 ? ~fd : fd; }

// One system call. ppoll(2) where there is one, for waits below a millisecond; macOS has none. (A
// template, so that the question may be asked.)
template <typename PollFd>
int wait_once(PollFd* fds, std::size_t size, std::optional<Duration> left) noexcept {
  const auto count = static_cast<nfds_t>(size);
  if constexpr (requires(timespec length) { ppoll(fds, count, &length, nullptr); }) {
    timespec length{};
    if (left.has_value()) length = to_timespec(*left);
    return ppoll(fds, count, left.has_value() ? &length : nullptr, nullptr);
  } else {
    return poll(fds, count, left.has_value() ? to_milliseconds(*left) : -1);
  }
}

// POLLNVAL means closed without remove(), a bug; the read that follows says EBADF.
Readiness readiness(const pollfd& entry) noexcept {
  const bool broken = (entry.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
  Readiness ready;
  ready.readable = (entry.events & POLLIN) != 0 && (broken || (entry.revents & POLLIN) != 0);
  ready.writable = (entry.events & POLLOUT) != 0 && (broken || (entry.revents & POLLOUT) != 0);
  return ready;
}

}  // namespace

Result<Box<Poller>> PollPoller::create(Memory& memory) noexcept {
  Box<Poller> poller = make_box<PollPoller>(memory, memory);
  if (!poller) return Error::no_memory;
  return poller;
}

PollPoller::~PollPoller() {
  if (fds_ != nullptr) memory_.deallocate(fds_, capacity_ * slot_bytes, alignof(pollfd));
}

bool PollPoller::grow() noexcept {
  static_assert(alignof(pollfd) >= alignof(Token));
  const std::size_t capacity = capacity_ == 0 ? 16 : capacity_ * 2;
  void* block = memory_.allocate(capacity * slot_bytes, alignof(pollfd));
  if (block == nullptr) return false;
  auto* fds = static_cast<pollfd*>(block);
  auto* tokens = reinterpret_cast<Token*>(fds + capacity);
  std::uninitialized_copy_n(fds_, size_, fds);
  std::uninitialized_copy_n(tokens_, size_, tokens);
  if (fds_ != nullptr) memory_.deallocate(fds_, capacity_ * slot_bytes, alignof(pollfd));
  fds_ = fds;
  tokens_ = tokens;
  capacity_ = capacity;
  return true;
}

void PollPoller::fill(std::size_t slot, NativeHandle fd, Interest interest, Token token) noexcept {
  pollfd entry{};
  entry.fd = interest == Interest::none ? silenced(fd) : fd;
  if (wants_read(interest)) entry.events = POLLIN;
  if (wants_write(interest)) entry.events = static_cast<short>(entry.events | POLLOUT);
  new (&fds_[slot]) pollfd(entry);
  new (&tokens_[slot]) Token(token);
}

Error PollPoller::add(NativeHandle fd, Interest interest, Token token) noexcept {
  if (::fcntl(fd, F_GETFD) < 0) return Error::invalid_argument;  // not open
  if (slot_of_.get(fd) != absent) return Error::invalid_argument;
  if (size_ == capacity_ && !grow()) return Error::no_memory;
  if (!slot_of_.reserve(fd)) return Error::no_memory;
  fill(size_, fd, interest, token);
  slot_of_.set(fd, static_cast<std::uint32_t>(size_++));
  return Error::none;
}

Error PollPoller::modify(NativeHandle fd, Interest interest, Token token) noexcept {
  const std::uint32_t slot = slot_of_.get(fd);
  if (slot == absent) return Error::invalid_argument;
  fill(slot, fd, interest, token);
  return Error::none;
}

void PollPoller::remove(NativeHandle fd, Token) noexcept {
  const std::uint32_t slot = slot_of_.get(fd);
  SPOOL_ASSERT(slot != absent);
  slot_of_.set(fd, absent);
  const std::size_t last = --size_;
  if (slot == last) return;
  fds_[slot] = fds_[last];
  tokens_[slot] = tokens_[last];
  slot_of_.set(plain(fds_[slot].fd), slot);
}

Result<std::size_t> PollPoller::wait(std::span<PollEvent> events,
                                     std::optional<Duration> max_wait) noexcept {
  SPOOL_ASSERT(!events.empty());
  WaitTime time(max_wait);
  for (;;) {
    const int ready = wait_once(fds_, size_, time.left());
    if (ready > 0) return collect(events, static_cast<std::size_t>(ready));
    if (ready < 0 && errno != EINTR) return error_from_errno(errno);
    if (ready < 0 || time.over()) return std::size_t{0};
  }
}

std::size_t PollPoller::collect(std::span<PollEvent> events, std::size_t ready) noexcept {
  std::size_t filled = 0;
  std::size_t slot = next_ < size_ ? next_ : 0;
  for (; ready > 0 && filled < events.size(); slot = slot + 1 < size_ ? slot + 1 : 0) {
    if (fds_[slot].revents == 0) continue;
    events[filled++] = {tokens_[slot], readiness(fds_[slot])};
    --ready;
  }
  next_ = slot;
  return filled;
}

Error PollPoller::after_fork_child() noexcept {
  size_ = next_ = 0;
  slot_of_.clear();
  return Error::none;
}

Result<NativeHandle> PollPoller::backend_fd() noexcept { return Error::not_supported; }

void PollPoller::set_deadline(std::optional<Instant>, Instant) noexcept {}

}  // namespace spool::loop
