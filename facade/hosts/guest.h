// Guest: what the adapters do when their host says that there is something to do, and how they
// survive what callbacks do meanwhile.
#pragma once

#include <spool/event_loop.h>

#include <utility>

namespace spool::hosts {

// A member of an adapter; borrows the loop. Detached, attached again, given another on_turn and
// destroyed in any callback, those of turn() included.
class Guest {
 public:
  Guest() noexcept = default;
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  ~Guest() {
    if (is_gone_ != nullptr) *is_gone_ = true;
  }

  void attach(EventLoop& loop) noexcept { loop_ = &loop; }
  void detach() noexcept { loop_ = nullptr; }
  [[nodiscard]] bool attached() const noexcept { return loop_ != nullptr; }

  void on_turn(Function<void(const PollResult&)> call) noexcept {
    call_ = std::move(call);
    is_call_new_ = true;
  }

  // While attached: exactly one poll_once, so that the host's other sources have their turn, then
  // what was given to on_turn. False when the guest is destroyed, or not attached, by then.
  bool turn() noexcept {
    bool gone = false;
    bool* const outer = std::exchange(is_gone_, &gone);
    const PollResult result = loop_->poll_once();
    if (!gone && attached() && call_) tell(result, gone);
    if (!gone) is_gone_ = outer;
    if (gone && outer != nullptr) *outer = true;
    return !gone && attached();
  }

 private:
  // On the stack while it runs: it may destroy us, or put another in its place.
  void tell(const PollResult& result, const bool& gone) noexcept {
    Function<void(const PollResult&)> call = std::move(call_);
    is_call_new_ = false;
    call(result);
    if (!gone && !is_call_new_) call_ = std::move(call);
  }

  EventLoop* loop_ = nullptr;
  Function<void(const PollResult&)> call_;
  bool is_call_new_ = false;
  bool* is_gone_ = nullptr;  // of the turn that runs
};

}  // namespace spool::hosts
