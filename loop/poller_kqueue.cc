#include "spool/loop/poller_kqueue.h"

#include <fcntl.h>
#include <sys/event.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <utility>

#include "spool/loop/assert.h"
#include "spool/loop/wait_time.h"

namespace spool::loop {

namespace {

static_assert(sizeof(void*) == sizeof(std::uint64_t), "udata carries a whole token");

constexpr std::size_t batch = 64;        // events per system call; the rest come with the next wait
constexpr std::uintptr_t own_ident = 1;  // of the timer and of the user event
constexpr Duration longest_wait = std::chrono::hours(24);  // some kernels refuse longer ones

void* to_udata(Token token) noexcept { return reinterpret_cast<void*>(token.value()); }
Token from_udata(void* udata) noexcept {
  return Token::from(reinterpret_cast<std::uint64_t>(udata));
}

// Up to three changes that go to the kernel in one system call.
class Changes {
 public:
  void push(std::uintptr_t ident, std::int16_t filter, std::uint16_t flags, std::uint32_t fflags,
            std::int64_t data, void* udata) noexcept {
    // A receipt for each: errors come back one by one, and no event is taken out of the queue.
    const auto with_receipt = static_cast<std::uint16_t>(flags | EV_RECEIPT);
    EV_SET(&list_[size_], ident, filter, with_receipt, fflags, data, udata);
    ++size_;
  }
  // Error::none, or what the system said to the first change that failed. `on_done` is called with
  // the filter of each change that did not fail. Taking away what is not there is no failure.
  template <typename OnDone>
  Error apply(NativeHandle queue, OnDone on_done) noexcept {
    if (size_ == 0) return Error::none;
    const timespec at_once{};
    struct kevent receipts[capacity];
    const int count = ::kevent(queue, list_, size_, receipts, size_, &at_once);
    if (count < 0) return error_from_kqueue(errno);
    SPOOL_ASSERT(count == size_);
    Error first = Error::none;
    for (int i = 0; i < count; ++i) {
      const struct kevent& receipt = receipts[i];
      const bool is_delete = (list_[i].flags & EV_DELETE) != 0;
      const int failure = is_delete && receipt.data == ENOENT ? 0 : static_cast<int>(receipt.data);
      if (failure == 0)
        on_done(list_[i].filter);
      else if (first == Error::none)
        first = error_from_kqueue(failure);
    }
    return first;
  }
  Error apply(NativeHandle queue) noexcept {
    return apply(queue, [](std::int16_t) {});
  }

 private:
  static Error error_from_kqueue(int errno_value) noexcept {
    switch (errno_value) {
      case EBADF:
      case EINVAL:
        return Error::invalid_argument;  // not open, or of a kind that has no filter
      case ENOMEM:
        return Error::no_memory;
      default:
        return error_from_errno(errno_value);
    }
  }

  static constexpr int capacity = 3;
  struct kevent list_[capacity];
  int size_ = 0;
};

unsigned bit_of(std::int16_t filter) noexcept {
  return static_cast<unsigned>(filter == EVFILT_READ ? Interest::read : Interest::write);
}

// One system call.
int wait_once(NativeHandle queue, std::span<struct kevent> room,
              std::optional<Duration> left) noexcept {
  const timespec length = to_timespec(std::min(left.value_or(longest_wait), longest_wait));
  return ::kevent(queue, nullptr, 0, room.data(), static_cast<int>(room.size()), &length);
}

// Passes on what is about descriptors. An end of file or an error is one more thing that a read or
// write would tell.
std::size_t translate(std::span<const struct kevent> ready, std::span<PollEvent> events,
                      bool& has_timer_fired) noexcept {
  std::size_t filled = 0;
  for (const struct kevent& event : ready) {
    const bool is_read = event.filter == EVFILT_READ;
    const bool is_write = event.filter == EVFILT_WRITE;
    if (is_read || is_write)
      events[filled++] = {from_udata(event.udata), {is_read, is_write}};
    else if (event.filter == EVFILT_TIMER)
      has_timer_fired = true;  // one shot: it has left
    else
      SPOOL_ASSERT(event.filter == EVFILT_USER);  // stays
  }
  return filled;
}

Result<OwnedFd> make_queue() noexcept {
  OwnedFd queue(::kqueue());
  if (!queue) return error_from_errno(errno);
  if (const Error error = set_close_on_exec(queue.get()); error != Error::none) return error;
  return queue;
}

}  // namespace

Result<Box<Poller>> KqueuePoller::create(Memory& memory) noexcept {
  Result<OwnedFd> queue = make_queue();
  if (!queue.ok()) return queue.error();
  Box<Poller> poller = make_box<KqueuePoller>(memory, std::move(queue).value(), memory);
  if (!poller) return Error::no_memory;
  return poller;
}

// Brings the kernel's filters of a registered descriptor in line with `interest`.
Error KqueuePoller::change(NativeHandle fd, Interest interest, Token token) noexcept {
  const unsigned had = filters_.get(fd);
  const auto wanted = static_cast<unsigned>(interest);
  Changes changes;
  for (const std::int16_t filter : {std::int16_t{EVFILT_READ}, std::int16_t{EVFILT_WRITE}}) {
    const auto ident = static_cast<std::uintptr_t>(fd);
    if ((wanted & bit_of(filter)) != 0)  // also when it is there: the token may be another
      changes.push(ident, filter, EV_ADD, 0, 0, to_udata(token));
    else if ((had & bit_of(filter)) != 0)
      changes.push(ident, filter, EV_DELETE, 0, 0, nullptr);
  }
  unsigned has = had;
  const Error error = changes.apply(queue_.get(), [&](std::int16_t filter) {
    has = (has & ~bit_of(filter)) | (wanted & bit_of(filter));
  });
  filters_.set(fd, static_cast<std::uint8_t>(has));
  return error;
}

Error KqueuePoller::add(NativeHandle fd, Interest interest, Token token) noexcept {
  if (::fcntl(fd, F_GETFD) < 0) return Error::invalid_argument;  // not open
  if (filters_.get(fd) != absent) return Error::invalid_argument;
  if (!filters_.reserve(fd)) return Error::no_memory;
  filters_.set(fd, static_cast<std::uint8_t>(Interest::none));
  const Error error = change(fd, interest, token);
  if (error != Error::none) remove(fd, token);  // one of two filters may be in already
  return error;
}

Error KqueuePoller::modify(NativeHandle fd, Interest interest, Token token) noexcept {
  if (filters_.get(fd) == absent) return Error::invalid_argument;
  return change(fd, interest, token);
}

void KqueuePoller::remove(NativeHandle fd, Token token) noexcept {
  SPOOL_ASSERT(filters_.get(fd) != absent);
  const Error error = change(fd, Interest::none, token);
  SPOOL_ASSERT(error == Error::none);
  filters_.set(fd, absent);
}

Result<std::size_t> KqueuePoller::wait(std::span<PollEvent> events,
                                       std::optional<Duration> max_wait) noexcept {
  SPOOL_ASSERT(!events.empty());
  struct kevent buffer[batch];
  const std::span<struct kevent> room(buffer, std::min(batch, events.size()));
  WaitTime time(max_wait);
  Result<std::size_t> result = std::size_t{0};
  for (;;) {
    const int count = wait_once(queue_.get(), room, time.left());
    if (count < 0) {
      if (errno != EINTR) result = error_from_errno(errno);
      break;
    }
    const auto ready = room.first(static_cast<std::size_t>(count));
    bool has_timer_fired = false;
    const std::size_t filled = translate(ready, events, has_timer_fired);
    if (has_timer_fired) {
      is_armed_ = false;
      is_over_ = true;
    }
    result = filled;
    const bool has_seen_all = ready.size() < room.size();
    const bool is_time_over = time.over();
    if (filled > 0 || (is_time_over && has_seen_all)) break;
    // Our own events took the room, or cut the wait short: out of the way with the one that stays,
    // and look again. It is back before we return.
    lower();
  }
  if (is_over_) raise();
  return result;
}

Result<NativeHandle> KqueuePoller::backend_fd() noexcept { return queue_.get(); }

void KqueuePoller::set_deadline(std::optional<Instant> deadline, Instant now) noexcept {
  is_over_ = deadline.has_value() && *deadline <= now;
  Changes timer;
  // Taken away and put in anew: a timer that has run out may count as ready after a mere change.
  if (is_armed_) timer.push(own_ident, EVFILT_TIMER, EV_DELETE, 0, 0, nullptr);
  is_armed_ = deadline.has_value() && !is_over_;
  if (is_armed_)
    timer.push(own_ident, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_NSECONDS,
               time_until(*deadline, now).count(), nullptr);
  const Error error = timer.apply(queue_.get());
  SPOOL_ASSERT(error == Error::none);
  if (is_over_)
    raise();
  else
    lower();
}

void KqueuePoller::raise() noexcept {
  if (is_raised_) return;
  Changes changes;
  changes.push(own_ident, EVFILT_USER, EV_ADD, NOTE_TRIGGER, 0, nullptr);
  const Error error = changes.apply(queue_.get());
  SPOOL_ASSERT(error == Error::none);
  is_raised_ = true;
}

void KqueuePoller::lower() noexcept {
  if (!is_raised_) return;
  Changes changes;
  changes.push(own_ident, EVFILT_USER, EV_DELETE, 0, 0, nullptr);
  const Error error = changes.apply(queue_.get());
  SPOOL_ASSERT(error == Error::none);
  is_raised_ = false;
}

// A child does not inherit the queue: there is nothing to close (kqueue(2)).
Error KqueuePoller::after_fork_child() noexcept {
  static_cast<void>(queue_.release());
  filters_.clear();
  is_over_ = is_raised_ = is_armed_ = false;
  Result<OwnedFd> queue = make_queue();
  if (!queue.ok()) return queue.error();
  queue_ = std::move(queue).value();
  return Error::none;
}

}  // namespace spool::loop
