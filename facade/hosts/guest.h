// Guest: what the adapters of hosts share: whose loop it is, and one turn of it in a callback of
// the host's, after which everything may be different.
#pragma once

#include <cstdint>
#include <utility>

#include "spool/event_loop.h"

namespace spool::hosts {

// A base of adapters, which belong to the program; borrows the loop, which outlives the attachment
// and is not moved meanwhile.
class Guest {
 public:
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  [[nodiscard]] bool attached() const noexcept { return loop_ != nullptr; }

  // Called after each poll_once, on the host's thread, outside the loop's turn: redraw if there
  // were messages or notices. Not for a turn whose callbacks detached, and never from within
  // itself. An empty function takes the call away.
  //
  // PollResult::error, if there is one (closed, wrong_thread, what the poller or the host said),
  // will not pass by itself, and the host would spin on it: then it is also the last call, and
  // detaches.
  void on_turn(Function<void(const PollResult&)> call) noexcept {
    on_turn_ = std::move(call);
    for (Turn* turn = turn_; turn != nullptr; turn = turn->outer) turn->keeps_call = false;
  }

 protected:
  // What a turn leaves behind.
  enum class After : std::uint8_t {
    attached,   // as before
    ended,      // a callback detached, which may have attached anew, or destroyed the adapter, so
                // that `this` is not to be touched
    failed,     // attached, and to be detached now: see on_turn
    reentrant,  // nothing was done: a callback of the loop has come here by running the host's loop
  };

  Guest() noexcept = default;
  // The adapter has detached.
  ~Guest() {
    for (Turn* turn = turn_; turn != nullptr; turn = turn->outer) turn->alive = false;
  }

  // The descriptor to watch; invalid_argument when attached already, not_supported, no_descriptors,
  // no_memory.
  [[nodiscard]] Result<NativeHandle> descriptor_of(EventLoop& loop) const noexcept {
    if (attached()) return Error::invalid_argument;
    return loop.backend_fd();
  }
  void begin(EventLoop& loop) noexcept { loop_ = &loop; }
  // While attached.
  [[nodiscard]] EventLoop& loop() const noexcept { return *loop_; }
  // False when nothing was attached.
  bool end() noexcept {
    for (Turn* turn = turn_; turn != nullptr; turn = turn->outer) turn->attached = false;
    return std::exchange(loop_, nullptr) != nullptr;
  }

  // Is serve() on the stack?
  [[nodiscard]] bool serving() const noexcept { return turn_ != nullptr; }
  // One turn of the loop, which never waits.
  After serve() noexcept {
    Turn turn{turn_};
    turn_ = &turn;
    return conclude(turn, loop_->poll_once());
  }
  // Instead of a turn: the host cannot go on.
  After fail(Error error) noexcept {
    Turn turn{turn_};
    turn_ = &turn;
    PollResult result;
    result.error = error;
    return conclude(turn, result);
  }

  // What the host says as errno, 0 for "no reason given".
  [[nodiscard]] static Error host_error(int errno_value) noexcept {
    return errno_value == 0 ? Error::system : error_from_errno(errno_value);
  }

 private:
  // What is to be known after a callback: on the stack, because `this` may be gone by then.
  struct Turn {
    Turn* outer;
    bool attached = true;     // end() was not called
    bool alive = true;        // nor the destructor
    bool keeps_call = false;  // nor on_turn(), while its function is called
  };

  After conclude(Turn& turn, const PollResult& result) noexcept {
    const bool is_reentrant = result.error == Error::reentrant;
    if (turn.attached && !is_reentrant && on_turn_) tell(turn, result);
    if (!turn.alive) return After::ended;
    turn_ = turn.outer;
    if (!turn.attached) return After::ended;
    if (is_reentrant) return After::reentrant;
    return result.error == Error::none ? After::attached : After::failed;
  }

  // The function is on the stack while it runs: it may destroy us, or put another in its place.
  void tell(Turn& turn, const PollResult& result) noexcept {
    Function<void(const PollResult&)> call = std::move(on_turn_);
    turn.keeps_call = true;
    call(result);
    if (turn.alive && turn.keeps_call) on_turn_ = std::move(call);
  }

  EventLoop* loop_ = nullptr;  // while attached
  Turn* turn_ = nullptr;       // while serve() or fail() run
  Function<void(const PollResult&)> on_turn_;
};

}  // namespace spool::hosts
