#include "spool/core/waiter.h"

#include "spool/core/context.h"

namespace spool {

void Waiter::cancel() noexcept {
  if (state_ != State::idle) context_->forget(*this);
}

void Waiter::on_deadline() noexcept { context_->wake(*this, Error::timed_out); }

namespace core {

void Context::wait(Waiter& waiter, WaitList* list, std::optional<Instant> deadline) noexcept {
  waiter.cancel();
  waiter.context_ = this;
  waiter.state_ = Waiter::State::waiting;
  (list != nullptr ? *list : sleepers_).push_back(waiter);
  if (deadline.has_value()) reactor_.schedule(waiter.deadline_, *deadline);
}

void Context::wake(Waiter& waiter, Error why) noexcept {
  SPOOL_ASSERT(waiter.state_ == Waiter::State::waiting);
  reactor_.cancel(waiter.deadline_);
  waiter.loop::Link<WaiterTag>::unlink();
  waiter.state_ = Waiter::State::woken;
  waiter.why_ = why;
  woken_.push_back(waiter);
  reactor_.note_local_work();
}

void Context::wake_all(WaitList& list, Error why) noexcept {
  while (Waiter* waiter = list.front()) wake(*waiter, why);
}

void Context::forget(Waiter& waiter) noexcept {
  reactor_.cancel(waiter.deadline_);
  waiter.loop::Link<WaiterTag>::unlink();
  waiter.state_ = Waiter::State::idle;
}

void Context::call_woken(PollResult& result) noexcept {
  WaitList now;  // who is woken by these is called in the next turn
  now.splice_back(woken_);
  std::uint32_t done = 0;
  while (Waiter* waiter = now.front()) {
    const Error why = waiter->why_;
    forget(*waiter);
    reactor_.call_user([&] { waiter->on_wake(why); });
    ++result.notices;
    if (reactor_.enough_calls(++done)) break;
  }
  now.splice_back(woken_);
  woken_.splice_back(now);
}

void Context::forget_waiters() noexcept {
  for (WaitList* list : {&sleepers_, &woken_})
    while (Waiter* waiter = list->front()) forget(*waiter);
}

}  // namespace core
}  // namespace spool
