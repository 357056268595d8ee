// EventLoop: the guest in your main loop. Call poll_once() once per frame; everything happens
// there.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "spool/core/event_loop_config.h"
#include "spool/core/options.h"
#include "spool/core/stats.h"
#include "spool/core/waiter.h"
#include "spool/io/message.h"
#include "spool/loop/budget.h"
#include "spool/loop/explanation.h"
#include "spool/loop/function.h"
#include "spool/loop/poller.h"
#include "spool/loop/result.h"
#include "spool/loop/time.h"
#include "spool/patterns.h"
#include "spool/protocols/socket_type.h"
#include "spool/watch.h"

namespace spool {

namespace core {
class Anchor;
class Context;
}  // namespace core

// Owns the loop and everything in it; moves, but not while poll_once runs. One that was moved from
// answers every call with Error::closed, or nothing. Several loops per thread and per process are
// fine; they share nothing.
//
// A loop belongs to one thread, the one that first called poll_once: with its sockets, endpoints,
// exchanges and messages. Only wake() and post() may be called from others; there every other call
// does nothing and returns Error::wrong_thread, or what it returns when closed, and letting go of a
// socket or a message stops the process. See move_to_this_thread.
class EventLoop {
 public:
  // Error::invalid_argument names the field in `why`; no_memory, no_descriptors.
  [[nodiscard]] static Result<EventLoop> create(EventLoopConfig config,
                                                Explanation* why = nullptr) noexcept;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  EventLoop(EventLoop&& other) noexcept
      : anchor_(std::exchange(other.anchor_, nullptr)),
        context_(std::exchange(other.context_, nullptr)) {}
  EventLoop& operator=(EventLoop&& other) noexcept;
  // Closes everything at once: no linger, no callback, no waiting. If what was sent last matters,
  // close its sockets and call drain_for before: that also waits until the peers have read it. Not
  // from within a callback of this loop (that aborts).
  ~EventLoop();

  // One turn: serves what is ready, fires timers, calls callbacks, within the budget. Waits for at
  // most `timeout` until there is something to do, by default not at all. Idle, it is one system
  // call. Never fails for what a peer does; PollResult::error is reentrant when called from a
  // callback of the same loop, wrong_thread, or the poller's own.
  PollResult poll_once(Timeout timeout = Timeout::none()) noexcept;
  PollResult poll_once(Timeout timeout, const Budget& budget) noexcept;

  // When poll_once should be called next although no descriptor says so: now (or earlier) while
  // work is left, nothing when only descriptors matter. No system call.
  [[nodiscard]] std::optional<Instant> next_deadline() noexcept;
  // A descriptor for the host's own epoll, poll or loop: readable while poll_once would do
  // something, timers and local work included. Level-triggered; never read from it. The host that
  // asks for it calls poll_once when it is readable. not_supported on the poll back-end.
  [[nodiscard]] Result<NativeHandle> backend_fd() noexcept;
  // The loop's time: of its clock, frozen within a turn, standing still while suspended.
  [[nodiscard]] Instant now() const noexcept;

  // Stops the loop's time: a paused game, a breakpoint. No deadline, time-out or reconnect comes
  // nearer until resume(), however long that takes; descriptors and tasks are still served by
  // poll_once, whose budget and waits go by the host's clock. Both do nothing when it is so
  // already.
  void suspend() noexcept;
  void resume() noexcept;
  // For a host with a clock of its own (EventLoopConfig::clock) that sleeps on backend_fd() or in
  // its own Poller: the clock was set, or runs at another pace than real time from here on. Works
  // out again how long the host may sleep.
  void clock_jumped() noexcept;

  // From here on the loop belongs to the calling thread. The one it belonged to has stopped using
  // it, and the two have synchronised (it was joined, or waits for us). reentrant when it is in the
  // middle of a turn.
  Result<void> move_to_this_thread() noexcept;

  // In the child of a fork(), before anything else is done with the loop there: closes every socket
  // without a word to its peers, whose connections are the parent's, and makes the loop usable
  // again; tasks that were posted are let go unrun, and backend_fd() is to be asked for anew. An
  // error (the poller's, no_memory, no_descriptors) means that it can only be destroyed. A child
  // that calls exec or _exit needs none of this: all descriptors close on exec. reentrant from
  // within a callback.
  Result<void> after_fork_child() noexcept;

  // `waiter` is called at that time and not before; `waiter` is called in the notice step of this
  // turn or of the next. closed, wrong_thread: it will not be.
  Result<void> wait_until(Instant deadline, Waiter& waiter) noexcept;
  Result<void> call_soon(Waiter& waiter) noexcept;

  // Any thread, any signal handler: a poll_once that waits returns. Calls that meet are one.
  void wake() noexcept;
  // Any thread: `task` runs in the next turn, on the loop's thread. would_block when
  // EventLoopConfig::post_queue are waiting, not_supported without threads; then it does not run.
  Result<void> post(Function<void()> task) noexcept;

  // Watches a descriptor of the host's in this loop, whichever host that runs in: `on_ready` is
  // called by poll_once, at most once per turn, while it is ready; level-triggered. Without one,
  // Watch::wait_ready hears of it. The descriptor stays the host's, and outlives the Watch; one
  // descriptor is watched once. invalid_argument, no_memory, or what the system said.
  [[nodiscard]] Result<Watch> watch(NativeHandle fd, Interest interest,
                                    Function<void(Readiness)> on_ready = nullptr) noexcept;

  // A socket of a type: Pair, Req, Sub, ... (patterns.h). invalid_argument (options; last_error
  // names it), limit_reached (EventLoopConfig::sockets_max), no_memory.
  template <typename Socket>
  [[nodiscard]] Result<Socket> open(const SocketOptions& options = {}) noexcept {
    const Result<SocketHandle> handle = open_handle(Socket::type, false, options);
    if (!handle.ok()) return handle.error();
    return Socket(anchor_, handle.value(), Socket::type);
  }
  // The same with the type chosen at run time.
  [[nodiscard]] Result<AnySocket> open(SocketType type, const SocketOptions& options = {}) noexcept;
  // A raw one, for devices and programs that route by themselves.
  [[nodiscard]] Result<RawSocket> open_raw(SocketType type,
                                           const SocketOptions& options = {}) noexcept;

  // A message of the loop's pool with an uninitialised body of `size` bytes; no_memory at the
  // limit, message_too_large.
  [[nodiscard]] Result<Message> message(std::size_t size) noexcept;
  // One with a copy of the text.
  [[nodiscard]] Result<Message> message(std::string_view text) noexcept;

  // Storage for `count` more messages of `size` bytes, made now instead of when they are needed;
  // each power of two has its own. no_memory, message_too_large.
  Result<void> reserve_messages(std::size_t size, std::size_t count) noexcept;

  // Copies the message if it is shared, so that it may be written to. no_memory leaves it as it
  // was.
  Result<void> unshare(Message& message) noexcept;
  // Puts bytes in front of a message's header, for raw sockets. no_memory leaves it as it was.
  Result<void> push_header(Message& message, std::span<const std::byte> bytes) noexcept;

  // Writes everything that sends have gathered; poll_once begins with it anyway.
  void flush() noexcept;
  // Drives the loop until everything that was accepted is handed to the system, closed sockets
  // included; true when all is. Within a callback it cannot wait: reentrant instead.
  [[nodiscard]] Result<bool> drain_for(Timeout timeout) noexcept;

  // What was wrong with the arguments of the last open, listen, connect, subscribe or unsubscribe
  // on this loop that failed: the value, and what was expected. Errors of other calls need no words
  // and leave it alone. Valid until the next of those calls.
  [[nodiscard]] std::string_view last_error() const noexcept;
  [[nodiscard]] LoopStats stats() const noexcept;

 private:
  friend class Batch;
  EventLoop(core::Anchor* anchor, core::Context* context) noexcept
      : anchor_(anchor), context_(context) {}
  [[nodiscard]] Result<SocketHandle> open_handle(SocketType type, bool raw,
                                                 const SocketOptions& options) noexcept;
  void destroy() noexcept;
  // The loop, for calls from its own thread.
  [[nodiscard]] core::Context* here() const noexcept;

  core::Anchor* anchor_ = nullptr;
  core::Context* context_ = nullptr;
};

// While one lives, sends are gathered; its end writes them, one system call per connection.
//
//   {
//     spool::Batch batch(loop);
//     for (const Player& player : players) socket.try_send(player.state());
//   }
class Batch {
 public:
  explicit Batch(EventLoop& loop) noexcept;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch();

 private:
  core::Anchor* anchor_;  // the loop may be gone before the batch
};

}  // namespace spool
