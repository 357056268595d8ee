// kqueue() and kevent() over epoll, so that loop/poller_kqueue.cc can be run on Linux.
//
// A queue's descriptor is an epoll set that holds what its filters are about: that is what others
// may poll, and what kevent() sleeps on. What kevent() returns is decided by poll(2), filter by
// filter in the queue's order, and what was returned moves to the end, as in a real kqueue.
//
// close() is replaced in the programs that this is linked into: it takes a descriptor's filters
// away first. epoll would keep them as long as a duplicate of the descriptor is open.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace {

using SteadyClock = std::chrono::steady_clock;

int raw_close(int fd) { return static_cast<int>(::syscall(SYS_close, fd)); }

bool is_about_descriptor(int filter) { return filter == EVFILT_READ || filter == EVFILT_WRITE; }

// One filter of one ident.
struct Knote {
  struct kevent event;  // as it was last added
  bool is_enabled = true;
  int fd = -1;  // what to poll: the ident, or a timerfd or eventfd of our own
  [[nodiscard]] short poll_events() const {
    if (event.filter == EVFILT_WRITE) return POLLOUT;
    return event.filter == EVFILT_READ ? POLLIN | POLLRDHUP : POLLIN;
  }
};

class Queue {
 public:
  Queue(int set, int echo) : set_(set), echo_(echo) { watch(echo_, EPOLLIN); }
  ~Queue() {
    while (!knotes_.empty()) erase(knotes_.begin());
    raw_close(echo_);
  }

  // Returns an errno, or zero.
  int change(const struct kevent& change);
  // What is ready now, at most `room`.
  int scan(struct kevent* events, int room);
  // The descriptor is about to be closed.
  void forget(int fd);
  // Does the set hold nothing but what scan() would return? From here on a sleeper may sleep.
  void before_sleep() { set_echo(false); }

 private:
  using Iterator = std::list<Knote>::iterator;
  using Key = std::pair<std::uintptr_t, int>;

  int insert(const struct kevent& change);
  int arm(Knote& knote);
  void erase(Iterator at);
  int watch(int fd, std::uint32_t mask);
  int refresh(int fd);
  bool deliver(Knote& knote, int revents, struct kevent& out);
  void set_echo(bool on);
  std::vector<int> poll_all();

  int set_;
  int echo_;  // readable: something was returned that a real kqueue would still have in its list
  bool has_echo_ = false;
  std::list<Knote> knotes_;  // in the order in which they are looked at
  std::map<Key, Iterator> index_;
  std::map<int, std::uint32_t> watched_;  // the events asked of epoll
};

// Brings epoll's registration of `fd` to `mask`.
int Queue::watch(int fd, std::uint32_t mask) {
  const std::uint32_t had = watched_.contains(fd) ? watched_[fd] : 0;
  if (had == mask) return 0;
  epoll_event event{};
  event.events = mask;
  event.data.fd = fd;
  const int operation = mask == 0 ? EPOLL_CTL_DEL : had == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (::epoll_ctl(set_, operation, fd, &event) != 0) return errno == EPERM ? EINVAL : errno;
  if (mask == 0)
    watched_.erase(fd);
  else
    watched_[fd] = mask;
  return 0;
}

// epoll has one registration per descriptor, a kqueue has one per filter.
int Queue::refresh(int fd) {
  std::uint32_t mask = 0;
  for (const int filter : {EVFILT_READ, EVFILT_WRITE}) {
    const auto found = index_.find({static_cast<std::uintptr_t>(fd), filter});
    if (found == index_.end() || !found->second->is_enabled) continue;
    mask |= filter == EVFILT_READ ? std::uint32_t{EPOLLIN} : std::uint32_t{EPOLLOUT};
  }
  return watch(fd, mask);
}

void Queue::erase(Iterator at) {
  const Knote knote = *at;
  index_.erase({knote.event.ident, knote.event.filter});
  knotes_.erase(at);
  if (is_about_descriptor(knote.event.filter)) {
    refresh(knote.fd);
  } else {
    watch(knote.fd, 0);
    raw_close(knote.fd);
  }
}

// Starts a timer, or triggers a user event.
int Queue::arm(Knote& knote) {
  const struct kevent& event = knote.event;
  if (event.filter == EVFILT_USER && (event.fflags & NOTE_TRIGGER) != 0) {
    const std::uint64_t one = 1;
    return ::write(knote.fd, &one, sizeof one) == sizeof one ? 0 : errno;
  }
  if (event.filter != EVFILT_TIMER) return 0;
  if (event.data < 0) return EINVAL;
  std::chrono::nanoseconds length(event.data);
  if ((event.fflags & NOTE_NSECONDS) == 0)
    length = (event.fflags & NOTE_USECONDS) != 0
                 ? std::chrono::nanoseconds(std::chrono::microseconds(event.data))
                 : std::chrono::nanoseconds(std::chrono::milliseconds(event.data));
  length = std::max(length, std::chrono::nanoseconds(1));
  itimerspec spec{};
  spec.it_value.tv_sec = length.count() / 1'000'000'000;
  spec.it_value.tv_nsec = length.count() % 1'000'000'000;
  if ((event.flags & EV_ONESHOT) == 0) spec.it_interval = spec.it_value;
  return ::timerfd_settime(knote.fd, 0, &spec, nullptr) == 0 ? 0 : errno;
}

int Queue::insert(const struct kevent& change) {
  Knote knote{change, true, -1};
  switch (change.filter) {
    case EVFILT_READ:
    case EVFILT_WRITE:
      if ((change.flags & EV_CLEAR) != 0) return EINVAL;  // edges: not emulated
      knote.fd = static_cast<int>(change.ident);
      break;
    case EVFILT_TIMER:
      knote.fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
      break;
    case EVFILT_USER:
      knote.fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
      break;
    default:
      return EINVAL;
  }
  if (knote.fd < 0) return is_about_descriptor(change.filter) ? EBADF : errno;
  knotes_.push_back(knote);
  const Iterator at = std::prev(knotes_.end());
  index_[{change.ident, change.filter}] = at;
  int error = is_about_descriptor(change.filter) ? refresh(knote.fd) : watch(knote.fd, EPOLLIN);
  if (error == 0) error = arm(*at);
  if (error != 0) erase(at);
  return error;
}

int Queue::change(const struct kevent& change) {
  const auto found = index_.find({change.ident, change.filter});
  if (found == index_.end()) return (change.flags & EV_ADD) != 0 ? insert(change) : ENOENT;
  if ((change.flags & EV_DELETE) != 0) {
    erase(found->second);
    return 0;
  }
  Knote& knote = *found->second;
  if ((change.flags & (EV_ADD | EV_ENABLE)) != 0) knote.is_enabled = true;
  if ((change.flags & EV_DISABLE) != 0) knote.is_enabled = false;
  if ((change.flags & EV_ADD) != 0) knote.event = change;
  if (is_about_descriptor(change.filter)) return refresh(knote.fd);
  const int error = watch(knote.fd, knote.is_enabled ? std::uint32_t{EPOLLIN} : 0u);
  return error != 0 || (change.flags & EV_ADD) == 0 ? error : arm(knote);
}

void Queue::forget(int fd) {
  for (const int filter : {EVFILT_READ, EVFILT_WRITE}) {
    const auto found = index_.find({static_cast<std::uintptr_t>(fd), filter});
    if (found != index_.end()) erase(found->second);
  }
}

// The revents of each filter, in the queue's order. In pieces: poll() takes no more at once than
// the process may have open.
std::vector<int> Queue::poll_all() {
  std::vector<pollfd> fds;
  for (const Knote& knote : knotes_)
    fds.push_back({knote.is_enabled ? knote.fd : -1, knote.poll_events(), 0});
  for (std::size_t start = 0; start < fds.size(); start += 512)
    ::poll(&fds[start], std::min<std::size_t>(512, fds.size() - start), 0);
  std::vector<int> result;
  for (const pollfd& fd : fds) result.push_back(fd.revents);
  return result;
}

// False when it turns out not to be ready.
bool Queue::deliver(Knote& knote, int revents, struct kevent& out) {
  out = knote.event;
  out.flags = static_cast<std::uint16_t>(out.flags & (EV_ONESHOT | EV_CLEAR));
  out.data = 0;
  std::uint64_t count = 0;
  switch (knote.event.filter) {
    case EVFILT_READ: {
      int bytes = 0;
      ::ioctl(knote.fd, FIONREAD, &bytes);
      out.data = bytes;
      if ((revents & (POLLHUP | POLLRDHUP)) != 0) out.flags |= EV_EOF;
      return true;
    }
    case EVFILT_WRITE:
      if ((revents & (POLLHUP | POLLERR)) != 0) out.flags |= EV_EOF;
      return true;
    case EVFILT_TIMER:  // clears itself
      if (::read(knote.fd, &count, sizeof count) != sizeof count) return false;
      out.data = static_cast<std::intptr_t>(count);
      return true;
    default:  // EVFILT_USER
      if ((knote.event.flags & EV_CLEAR) != 0)
        return ::read(knote.fd, &count, sizeof count) == sizeof count;
      return true;
  }
}

int Queue::scan(struct kevent* events, int room) {
  const std::vector<int> revents = poll_all();
  int filled = 0;
  bool has_level = false;
  Iterator at = knotes_.begin();
  for (std::size_t i = 0; i < revents.size() && filled < room; ++i) {
    const Iterator here = at++;
    if (revents[i] == 0 || !deliver(*here, revents[i], events[filled])) continue;
    ++filled;
    if ((here->event.flags & EV_ONESHOT) != 0) {
      erase(here);
      continue;
    }
    has_level = has_level || is_about_descriptor(here->event.filter);
    knotes_.splice(knotes_.end(), knotes_, here);
  }
  set_echo(has_level);
  return filled;
}

// A real kqueue keeps what it has returned in its list, and so counts as readable itself, until the
// next kevent() has found that it is no longer ready.
void Queue::set_echo(bool on) {
  if (on == has_echo_) return;
  std::uint64_t count = 1;
  if (on)
    std::ignore = ::write(echo_, &count, sizeof count);
  else
    std::ignore = ::read(echo_, &count, sizeof count);
  has_echo_ = on;
}

// Never destroyed: close() may be called by whatever runs last in the process.
struct World {
  std::mutex mutex;
  std::map<int, Queue> queues;
};
World& world() {
  static World& result = *new World;
  return result;
}

// How long a sleep may take; nothing: for ever.
std::optional<std::chrono::nanoseconds> left_until(std::optional<SteadyClock::time_point> end) {
  if (!end.has_value()) return std::nullopt;
  return std::max<std::chrono::nanoseconds>(*end - SteadyClock::now(), {});
}

int sleep_on(int queue, std::optional<std::chrono::nanoseconds> length) {
  epoll_event ignored;
  if (!length.has_value()) return ::epoll_wait(queue, &ignored, 1, -1);
  timespec spec{};
  spec.tv_sec = length->count() / 1'000'000'000;
  spec.tv_nsec = length->count() % 1'000'000'000;
  return ::epoll_pwait2(queue, &ignored, 1, &spec, nullptr);
}

}  // namespace

extern "C" int close(int fd) {
  {
    const std::lock_guard lock(world().mutex);
    for (auto& [set, queue] : world().queues) queue.forget(fd);
    world().queues.erase(fd);
  }
  return raw_close(fd);
}

extern "C" int kqueue() {
  const std::lock_guard lock(world().mutex);
  const int set = ::epoll_create1(0);  // not close-on-exec, as the real one
  const int echo = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (set < 0 || echo < 0) {
    const int failure = errno;
    if (set >= 0) raw_close(set);
    if (echo >= 0) raw_close(echo);
    errno = failure;
    return -1;
  }
  world().queues.try_emplace(set, set, echo);
  return set;
}

extern "C" int kevent(int queue, const struct kevent* changes, int change_count,
                      struct kevent* events, int event_count, const struct timespec* timeout) {
  std::optional<SteadyClock::time_point> end;
  if (timeout != nullptr)
    end = SteadyClock::now() + std::chrono::seconds(timeout->tv_sec) +
          std::chrono::nanoseconds(timeout->tv_nsec);
  std::unique_lock lock(world().mutex);
  const auto found = world().queues.find(queue);
  if (found == world().queues.end()) return errno = EBADF, -1;
  int filled = 0;
  for (int i = 0; i < change_count; ++i) {
    const struct kevent change = changes[i];
    const int error = found->second.change(change);
    if (error == 0 && (change.flags & EV_RECEIPT) == 0) continue;
    if (filled == event_count) return errno = error, error == 0 ? filled : -1;
    events[filled] = change;
    events[filled].flags |= EV_ERROR;
    events[filled++].data = error;
  }
  // Errors and receipts are returned alone; room for nothing returns at once.
  if (filled > 0 || event_count == 0) return filled;
  for (;;) {
    filled = found->second.scan(events, event_count);
    const auto left = left_until(end);
    if (filled > 0 || (left.has_value() && left->count() == 0)) return filled;
    found->second.before_sleep();
    lock.unlock();  // the queue stays: whoever sleeps on it does not close it
    if (sleep_on(queue, left) < 0) return -1;
    lock.lock();
  }
}
