// WatcherThread, WatchedGuest: for hosts that sleep where no descriptor wakes them (SDL, GLFW). A
// thread sleeps on the loop's descriptor instead, and says when there is something to do: once, and
// then not again until it was done.
//
//  state     | descriptor readable    | served()   | patience over | stop()
//  ----------+------------------------+------------+---------------+-------
//  watching  | → announced: announces | –          | never over    | ends
//  announced | not looked at          | → watching | → watching    | ends
//
// Patience: an announcement that could not be made is tried again after 10 ms; one that was made
// and has come to nothing (the host threw its events away) after a second. A descriptor that is
// not readable any more needs neither.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <utility>

#include "spool/event_loop.h"
#include "spool/hosts/guest.h"
#include "spool/loop/error.h"
#include "spool/loop/function.h"
#include "spool/loop/poller.h"
#include "spool/loop/result.h"

namespace spool::hosts {

// Owned by the adapter of a host. All calls from one thread, that of the loop; a child of fork()
// has no such thread, and has to exec.
class WatcherThread {
 public:
  WatcherThread() noexcept = default;
  WatcherThread(const WatcherThread&) = delete;
  WatcherThread& operator=(const WatcherThread&) = delete;
  ~WatcherThread() { stop(); }

  // Watches `descriptor`, which outlives the watching. `announce` is called in the thread: false
  // when it could not, which is no loss. invalid_argument: it runs already; no_descriptors,
  // no_memory: nothing was started.
  [[nodiscard]] Result<void> start(NativeHandle descriptor, Function<bool()> announce) noexcept;
  // What was announced is done, by one poll_once: the thread looks again. Nothing happens when
  // nothing was.
  void served() noexcept {
    if (announced_.exchange(false)) tell(again);
  }
  // Is there an announcement that was not served?
  [[nodiscard]] bool announced() const noexcept { return announced_.load(); }
  // The thread is gone when this returns; also when it was not there. Not from within `announce`.
  void stop() noexcept;
  [[nodiscard]] bool running() const noexcept { return running_; }

 private:
  static constexpr char again = 'a';
  static constexpr char end = 'e';
  static constexpr int retry_milliseconds = 10;
  static constexpr int forgotten_milliseconds = 1000;

  [[nodiscard]] Error open_control() noexcept;
  void close_control() noexcept;
  void tell(char what) noexcept {
    // The pipe is empty but for a byte or two, so this neither waits nor fails.
    while (write(control_[1], &what, 1) < 0 && errno == EINTR) {
    }
  }
  void watch() noexcept;
  [[nodiscard]] static void* run(void* self) {
    static_cast<WatcherThread*>(self)->watch();
    return nullptr;
  }

  Function<bool()> announce_;
  pthread_t thread_{};
  int control_[2] = {-1, -1};  // a pipe: the loop's thread writes, the watcher reads
  NativeHandle descriptor_{};
  bool running_ = false;
  std::atomic<bool> announced_{false};
};

inline Error WatcherThread::open_control() noexcept {
#if defined(__APPLE__)  // tidy: allow if: a header has no BUILD file that could choose
  if (pipe(control_) != 0) return error_from_errno(errno);
  for (const int end_of_pipe : control_) {
    fcntl(end_of_pipe, F_SETFD, FD_CLOEXEC);
    fcntl(end_of_pipe, F_SETFL, O_NONBLOCK);
  }
#else
  if (pipe2(control_, O_CLOEXEC | O_NONBLOCK) != 0) return error_from_errno(errno);
#endif
  return Error::none;
}

inline void WatcherThread::close_control() noexcept {
  for (int& end_of_pipe : control_) {
    close(end_of_pipe);
    end_of_pipe = -1;
  }
}

inline Result<void> WatcherThread::start(NativeHandle descriptor,
                                         Function<bool()> announce) noexcept {
  if (running_) return Error::invalid_argument;
  if (const Error error = open_control(); error != Error::none) return error;
  descriptor_ = descriptor;
  announce_ = std::move(announce);
  announced_ = false;
  // A thread inherits the mask: the program's signals are for the program's threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int refused =
      pthread_create(&thread_, nullptr, run, this);  // tidy: allow thread: the host needs it
  running_ = refused == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (running_) return {};
  close_control();
  return Error::no_memory;
}

inline void WatcherThread::stop() noexcept {
  if (!running_) return;
  tell(end);
  pthread_join(thread_, nullptr);
  close_control();
  running_ = false;
  announced_ = false;
}

inline void WatcherThread::watch() noexcept {
  bool watching = true;
  int patience = -1;  // forever
  for (;;) {
    pollfd sources[2] = {{control_[0], POLLIN, 0}, {descriptor_, POLLIN, 0}};
    const int ready = poll(sources, watching ? 2 : 1, patience);
    if (ready < 0) continue;  // EINTR; two descriptors can have no other trouble
    if (sources[0].revents != 0) {
      char what = end;
      if (read(control_[0], &what, 1) == 1 && what == end) return;
      watching = true;
      patience = -1;
    } else if (watching) {
      announced_ = true;  // before the host wakes up and asks
      patience = announce_() ? forgotten_milliseconds : retry_milliseconds;
      watching = false;
    } else {
      watching = true;
      patience = -1;
    }
  }
}

// What the adapters of such hosts share: a base of theirs.
class WatchedGuest : public Guest {
 public:
  // May be called from any callback of the loop and of the host, also twice.
  void detach() noexcept {
    if (end()) watcher_.stop();
  }

 protected:
  WatchedGuest() noexcept = default;
  ~WatchedGuest() { detach(); }

  [[nodiscard]] Result<void> watch(EventLoop& loop, Function<bool()> announce) noexcept {
    const Result<NativeHandle> descriptor = descriptor_of(loop);
    if (!descriptor.ok()) return descriptor.error();
    const Result<void> started = watcher_.start(descriptor.value(), std::move(announce));
    if (started.ok()) begin(loop);
    return started;
  }
  [[nodiscard]] bool announced() const noexcept { return watcher_.announced(); }
  // What was announced, by one turn. Nothing of `this` is to be touched afterwards.
  void serve_announced() noexcept {
    switch (serve()) {
      case After::attached:
        watcher_.served();
        break;
      case After::failed:
        detach();
        break;
      case After::ended:
        break;
      case After::reentrant:
        break;  // the turn that we are in says `served` at its end; before, the host would spin
    }
  }

 private:
  WatcherThread watcher_;
};

}  // namespace spool::hosts
