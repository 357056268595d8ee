// Notified, NoticeSlot: how users hear of news: marked when it happens, called once per turn with
// no frame of the library below.
#pragma once

#include <cstdint>
#include <utility>

#include "spool/loop/function.h"
#include "spool/loop/intrusive_list.h"

namespace spool::core {

struct ChangedTag {};

// Something whose user may want to hear of news. Marked by Context::mark_changed.
class Notified : public loop::Link<ChangedTag> {
 public:
  // Step 8 of a turn: calls the user. Returns how many calls.
  virtual std::uint32_t notify() noexcept = 0;

 protected:
  ~Notified() = default;
};

// One function of the user's. It may replace itself, and close whatever it belongs to, while it
// runs: meanwhile it lives on the stack.
template <typename... Args>
class BasicNoticeSlot {
 public:
  void set(Function<void(Args...)> fn) noexcept {
    fn_ = std::move(fn);
    replaced_ = true;
  }
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(fn_); }
  void call(Args... args) noexcept {
    replaced_ = false;
    Function<void(Args...)> running = std::move(fn_);
    running(args...);
    if (!replaced_) fn_ = std::move(running);
  }

 private:
  Function<void(Args...)> fn_;
  bool replaced_ = false;  // by the call that is running
};
using NoticeSlot = BasicNoticeSlot<>;

}  // namespace spool::core
