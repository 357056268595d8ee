// Reactor: one turn of waiting and serving. Owned by core::Context; owns poller, timers and waker.
//
// A turn, always in this order (tests/loop/reactor_test.cc asserts it; steps 8 and 10 are core's):
//   1 flush what was queued under a batch      6 fire due timers
//   2 work out how long to wait                7 run posted tasks
//   3 wait                                     8 notices to the user (core::Context)
//   4 read the clock, once                     9 flush what the notices sent
//   5 serve descriptors, a bounded share each 10 free what was closed (core::Context)
//
// Steps 3 and 5 are repeated, without waiting, while a round leaves something and the budget lasts.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "spool/loop/backend.h"
#include "spool/loop/box.h"
#include "spool/loop/budget.h"
#include "spool/loop/clock.h"
#include "spool/loop/intrusive_list.h"
#include "spool/loop/pausable_clock.h"
#include "spool/loop/poller.h"
#include "spool/loop/post_queue.h"
#include "spool/loop/slab.h"
#include "spool/loop/thread_owner.h"
#include "spool/loop/timer_queue.h"
#include "spool/loop/turn_time.h"
#include "spool/loop/waker.h"

namespace spool::loop {

// Something with a descriptor. Implemented by io::StreamPipe and io::FdListener.
class Source {
 public:
  // The descriptor can do what `ready` says, or seems to. Takes a bounded bite, never more.
  virtual void on_ready(Readiness ready) noexcept = 0;

 protected:
  ~Source() = default;
};

struct FlushTag {};
// Something with output that waits for the end of a batch. Implemented by io::StreamPipe.
class Flushable : public Link<FlushTag> {
 public:
  virtual void flush() noexcept = 0;

 protected:
  ~Flushable() = default;
};

struct ReactorConfig {
  Poller* poller = nullptr;       // null: the built-in one of this build
  std::size_t post_capacity = 0;  // slots for tasks from other threads
  bool threads = true;            // false: no waker; wake() and post() do nothing
};

class Reactor {
 public:
  // Both outlive the reactor.
  Reactor(Memory& memory, Clock& clock) noexcept;
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  ~Reactor();

  // Once, before anything else. What it returns is what a descriptor or memory request returned.
  [[nodiscard]] Error open(const ReactorConfig& config) noexcept;

  // Room for so many more descriptors, ahead. False when memory says no.
  [[nodiscard]] bool reserve(std::uint32_t count) noexcept { return registrations_.reserve(count); }
  // Descriptors. The source outlives its registration; remove before the descriptor is closed.
  [[nodiscard]] Result<Token> add(NativeHandle fd, Interest interest, Source& source) noexcept;
  // Takes effect at once; a poller that cannot (no memory) is told again each turn.
  void set_interest(Token token, Interest interest) noexcept;
  void remove(Token token) noexcept;

  // Timers. A deadline that is over fires in the next turn (or this one, if step 6 is ahead).
  void schedule(Timer& timer, Instant deadline) noexcept;
  void schedule_after(Timer& timer, Duration length) noexcept;
  void cancel(Timer& timer) noexcept;

  // The loop's time: frozen within a turn, fresh outside of one, standing still while suspended.
  [[nodiscard]] Instant now() noexcept { return in_turn_ ? now_ : clock_.now(); }
  // The host's own time, for calls that wait: it goes on.
  [[nodiscard]] Instant host_now() noexcept { return host_clock_.now(); }
  // The loop's time stands still from here until resume(): no timer comes nearer.
  void suspend() noexcept;
  void resume() noexcept;
  // The host's clock was set, or runs at another pace than real time: what a sleeping host waits
  // for is worked out again.
  void clock_jumped() noexcept { rearm_nested(); }

  // Output waits while this is true: inside a turn and inside a batch.
  [[nodiscard]] bool gathering() const noexcept { return in_turn_ || batch_depth_ != 0; }
  void begin_batch() noexcept { ++batch_depth_; }
  void end_batch() noexcept;
  void request_flush(Flushable& output) noexcept;
  void flush_all() noexcept;
  // Counts turns; the pipes' share of immediate sends starts anew with each.
  [[nodiscard]] std::uint32_t turn_number() const noexcept { return turn_number_; }

  // Steps 1 to 7, then the caller does its steps, then end_turn. Error::reentrant and
  // Error::wrong_thread leave no turn open.
  [[nodiscard]] Error begin_turn(Timeout timeout, const Budget& budget,
                                 PollResult& result) noexcept;
  // `local_work`: the caller's lists hold something for the next turn.
  void end_turn(PollResult& result, bool local_work) noexcept;
  [[nodiscard]] bool in_turn() const noexcept { return in_turn_; }
  // Step 8. Code of the user's, whose time is not the library's.
  template <typename Call>
  void call_user(Call&& user) noexcept {
    time_.call(user);
  }
  // Within such a call: work that is the library's after all.
  template <typename Work>
  void work_in_call(Work&& work) noexcept {
    time_.own(work);
  }
  // After `done` pieces of such work: the rest waits for the next turn.
  [[nodiscard]] bool enough_work(std::uint32_t done) noexcept {
    return done % bite == 0 && look_if_over();
  }
  // After `done` calls of one kind: what is left waits for the next turn. A flood that used up the
  // library's time leaves each kind a share.
  [[nodiscard]] bool enough_calls(std::uint32_t done) const noexcept {
    return time_.calls_over() || (done % bite == 0 && time_.over());
  }

  // For sources, within step 5: what they moved, and whether they left something behind.
  void count(std::uint32_t messages, std::uint64_t bytes) noexcept {
    result_.messages += messages;
    result_.bytes += bytes;
  }
  void note_more() noexcept { round_more_ = true; }

  // Work that no descriptor announces: the next turn does not wait, a nested host wakes up.
  void note_local_work() noexcept;

  // No system call. Nothing when only a descriptor can bring work.
  [[nodiscard]] std::optional<Instant> next_deadline() noexcept;
  [[nodiscard]] Result<NativeHandle> backend_fd() noexcept;

  // The thread of the first turn, or of the last owner().bind().
  [[nodiscard]] loop::ThreadOwner& owner() noexcept { return owner_; }

  // Any thread; wake() also from signal handlers.
  void wake() noexcept;
  [[nodiscard]] Error post(Task& task) noexcept;

  // In the child of a fork, outside of a turn, on the thread that is left: `forget` gives up
  // everything that is registered; what the parent shares is left alone meanwhile. Then the reactor
  // is as new, or what it returns says why it is of no use any more.
  template <typename Forget>
  [[nodiscard]] Error after_fork_child(Forget&& forget) noexcept {
    begin_fork_child();
    forget();
    return end_fork_child();
  }

 private:
  struct Registration {
    Source* source;
    NativeHandle fd;
    Interest interest;        // what the source wants
    bool is_told = true;      // the poller knows; else it had no memory, and is told next turn
    bool is_parents = false;  // in the child of a fork: the poller never heard of it
  };
  class WakerSource final : public Source {
   public:
    explicit WakerSource(Reactor& reactor) noexcept : reactor_(reactor) {}
    void on_ready(Readiness) noexcept override { reactor_.drain_waker(); }

   private:
    Reactor& reactor_;
  };

  [[nodiscard]] bool has_local_work() const noexcept;
  [[nodiscard]] std::optional<Duration> wait_length(Timeout timeout) noexcept;
  [[nodiscard]] Error wait(Timeout timeout) noexcept;
  void tell_untold() noexcept;
  void take_wake() noexcept;
  void drain_waker() noexcept;
  [[nodiscard]] bool is_spent(const Budget& budget) noexcept;
  [[nodiscard]] Error serve_rounds(const Budget& budget, bool has_asked) noexcept;
  [[nodiscard]] bool serve_events(const Budget& budget) noexcept;
  void serve_timers() noexcept;
  void serve_posted() noexcept;
  [[nodiscard]] bool look_if_over() noexcept;
  [[nodiscard]] std::optional<Instant> next_timer() noexcept;
  [[nodiscard]] Error open_waker() noexcept;
  void begin_fork_child() noexcept;
  [[nodiscard]] Error end_fork_child() noexcept;
  void arm_nested(Instant now) noexcept;
  void rearm_nested() noexcept;

  static constexpr std::size_t events_max = 64;
  static constexpr std::uint32_t rounds_max = 64;  // of a turn, with a budget without limits
  static constexpr std::uint32_t bite = 32;  // timers, tasks, notices between two looks at the time

  Memory& memory_;
  Clock& host_clock_;
  PausableClock clock_;
  TurnTime time_;
  Box<Poller> owned_poller_;
  Poller* poller_ = nullptr;
  Box<Waker> waker_;
  WakerSource waker_source_{*this};
  Token waker_token_{};
  Slab<Registration, RegistrationTag> registrations_;
  TimerQueue timers_;
  PostQueue posted_;
  List<Flushable, FlushTag> flush_list_;
  PollEvent events_[events_max];  // of the last wait; served from events_next_ on
  std::size_t events_next_ = 0;
  std::size_t events_end_ = 0;
  PollResult result_;
  Instant now_{};
  Instant armed_{};     // the nested deadline; Instant::max(): none
  Instant runs_out_{};  // its timer, in real time
  std::uint32_t turn_number_ = 0;
  std::uint32_t batch_depth_ = 0;
  bool in_turn_ = false;
  bool nested_ = false;  // the host sleeps elsewhere than in wait()
  bool local_work_ = false;
  bool more_ = false;         // of the last turn
  bool round_more_ = false;   // a source, or the poller, has left something in this round
  bool some_untold_ = false;  // registrations whose poller does not know
  ThreadOwner owner_;
  std::atomic<bool> woken_{false};
};

}  // namespace spool::loop
