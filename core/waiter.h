// Waiter: somebody who waits for one thing of a loop, perhaps until a deadline: a coroutine, a
// timer, a fibre of the host's. Owned by whoever waits; the loop only links it.
//
//  state   | wait      | it happened | deadline | what it waited for is gone | step 8     | cancel
//  --------+-----------+-------------+----------+----------------------------+------------+-------
//  idle    | → waiting | –           | –        | –                          | –          | –
//  waiting | → waiting | → woken     | → woken  | → woken                    | –          | → idle
//  woken   | → waiting | –           | –        | –                          | → idle:    | → idle
//          |           |             |          |                            | on_wake    |
//
// A wait that is begun anew forgets the former one. on_wake runs in step 8 of a turn, with nothing
// of the library below it: it may do anything, waiting again and destroying the waiter included.
#pragma once

#include <cstdint>
#include <optional>

#include "spool/loop/error.h"
#include "spool/loop/intrusive_list.h"
#include "spool/loop/time.h"
#include "spool/loop/timer_queue.h"

namespace spool {

namespace core {
class Context;
struct WaiterTag {};
}  // namespace core

class Waiter : public loop::Link<core::WaiterTag> {
 public:
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // none: what it waited for has happened, or seems to: somebody else may be faster. timed_out: the
  // deadline. closed: there is nothing to wait for any more.
  virtual void on_wake(Error why) noexcept = 0;

  // From here on it is not called for what it waited for.
  void cancel() noexcept;
  [[nodiscard]] bool waiting() const noexcept { return state_ != State::idle; }

 protected:
  Waiter() noexcept = default;
  ~Waiter() { cancel(); }

 private:
  friend class core::Context;
  enum class State : std::uint8_t { idle, waiting, woken };

  void on_deadline() noexcept;

  core::Context* context_ = nullptr;  // unless idle
  loop::Timer deadline_{loop::Timer::call<&Waiter::on_deadline, Waiter>, this};
  State state_ = State::idle;
  Error why_ = Error::none;
};

namespace core {

// Those who wait for the same thing, in the order in which they came. Owned by that thing.
using WaitList = loop::List<Waiter, WaiterTag>;

}  // namespace core
}  // namespace spool
