#include "spool/loop/reactor.h"

#include <algorithm>
#include <utility>

#include "spool/loop/wait_time.h"

namespace spool::loop {

Reactor::Reactor(Memory& memory, Clock& clock) noexcept
    : memory_(memory),
      host_clock_(clock),
      clock_(clock),
      time_(clock),
      registrations_(memory),
      posted_(memory),
      armed_(Instant::max()) {}

Reactor::~Reactor() {
  SPOOL_ASSERT(!in_turn_);
  if (waker_token_.valid()) remove(waker_token_);
}

Error Reactor::open(const ReactorConfig& config) noexcept {
  if (config.poller != nullptr) {
    poller_ = config.poller;
  } else {
    Result<Box<Poller>> poller = make_default_poller(memory_);
    if (!poller.ok()) return poller.error();
    owned_poller_ = std::move(poller).value();
    poller_ = owned_poller_.get();
  }
  nested_ = poller_->wants_deadline();
  if (!config.threads) return Error::none;
  if (const Error error = posted_.reserve(config.post_capacity); error != Error::none) return error;
  return open_waker();
}

Error Reactor::open_waker() noexcept {
  Result<Box<Waker>> waker = make_default_waker(memory_);
  if (!waker.ok()) return waker.error();
  waker_ = std::move(waker).value();
  const Result<Token> token = add(waker_->fd(), Interest::read, waker_source_);
  if (!token.ok()) return token.error();
  waker_token_ = token.value();
  return Error::none;
}

Result<Token> Reactor::add(NativeHandle fd, Interest interest, Source& source) noexcept {
  const Token token = registrations_.insert(Registration{&source, fd, interest, true});
  if (!token.valid()) return Error::no_memory;
  if (const Error error = poller_->add(fd, interest, token); error != Error::none) {
    registrations_.erase(token);
    return error;
  }
  return token;
}

void Reactor::set_interest(Token token, Interest interest) noexcept {
  Registration* registration = registrations_.find(token);
  SPOOL_ASSERT(registration != nullptr);
  if (registration->is_parents) return;
  if (registration->interest == interest && registration->is_told) return;
  registration->interest = interest;
  registration->is_told = poller_->modify(registration->fd, interest, token) == Error::none;
  if (!registration->is_told) some_untold_ = true;
}

// Rare: a kqueue or a host's poller that had no memory for a change.
void Reactor::tell_untold() noexcept {
  if (!std::exchange(some_untold_, false)) return;
  registrations_.for_each([this](Token token, Registration& registration) {
    if (registration.is_told) return;
    registration.is_told =
        poller_->modify(registration.fd, registration.interest, token) == Error::none;
    if (!registration.is_told) some_untold_ = true;
  });
}

void Reactor::remove(Token token) noexcept {
  const Registration* registration = registrations_.find(token);
  SPOOL_ASSERT(registration != nullptr);
  if (!registration->is_parents) poller_->remove(registration->fd, token);
  registrations_.erase(token);
}

void Reactor::schedule(Timer& timer, Instant deadline) noexcept {
  const Instant now = this->now();
  timers_.schedule(timer, std::max(deadline, now));
  if (nested_ && !in_turn_) arm_nested(now);
}

void Reactor::schedule_after(Timer& timer, Duration length) noexcept {
  schedule(timer, saturating_add(now(), length));
}

void Reactor::cancel(Timer& timer) noexcept { timers_.cancel(timer); }

void Reactor::suspend() noexcept {
  if (clock_.stopped()) return;
  clock_.stop();
  rearm_nested();
}

void Reactor::resume() noexcept {
  clock_.go_on();
  rearm_nested();
}

// While the time stands still only what is due already will ever be.
std::optional<Instant> Reactor::next_timer() noexcept {
  const std::optional<Instant> deadline = timers_.next_deadline();
  if (clock_.stopped() && deadline.has_value() && *deadline > clock_.now()) return std::nullopt;
  return deadline;
}

void Reactor::end_batch() noexcept {
  SPOOL_ASSERT(batch_depth_ != 0);
  if (--batch_depth_ == 0 && !in_turn_) flush_all();
}

void Reactor::request_flush(Flushable& output) noexcept {
  if (output.linked()) return;
  flush_list_.push_back(output);
  if (nested_ && !in_turn_) arm_nested(clock_.now());
}

void Reactor::flush_all() noexcept {
  while (Flushable* output = flush_list_.pop_front()) output->flush();
}

bool Reactor::has_local_work() const noexcept {
  return local_work_ || !flush_list_.empty() || events_next_ < events_end_ || !posted_.empty() ||
         woken_.load(std::memory_order_acquire);
}

void Reactor::note_local_work() noexcept {
  if (local_work_) return;
  local_work_ = true;
  if (nested_ && !in_turn_) arm_nested(clock_.now());
}

std::optional<Duration> Reactor::wait_length(Timeout timeout) noexcept {
  if (timeout.is_none() || has_local_work()) return Duration::zero();
  const std::optional<Instant> deadline = next_timer();
  if (!deadline.has_value()) return timeout.length();
  const Duration until = std::max(time_until(*deadline, clock_.now()), Duration::zero());
  return timeout.length().has_value() ? std::min(until, *timeout.length()) : until;
}

Error Reactor::wait(Timeout timeout) noexcept {
  // What the last turn's budget left is served before the kernel is asked again: asking again
  // would start from the front and starve the rest.
  if (events_next_ < events_end_) return Error::none;
  const std::optional<Duration> length = wait_length(timeout);
  const std::uint32_t own = waker_token_.valid() ? 1 : 0;
  events_next_ = events_end_ = 0;
  // A host that sleeps elsewhere is told by a wait that there is nothing any more.
  if (length == Duration::zero() && registrations_.size() == own && !nested_) return Error::none;
  const Result<std::size_t> ready = poller_->wait(events_, length);
  if (!ready.ok()) return ready.error();
  events_end_ = ready.value();
  if (events_end_ == events_max) note_more();
  return Error::none;
}

void Reactor::take_wake() noexcept {
  if (woken_.load(std::memory_order_acquire)) drain_waker();
}

// In this order: a wake() between the two finds woken_ still set and is served by this turn. Never
// the one without the other: woken_ without a signal would keep every later wake() from signalling.
void Reactor::drain_waker() noexcept {
  waker_->drain();
  woken_.exchange(false, std::memory_order_acq_rel);
}

bool Reactor::look_if_over() noexcept {
  time_.look();
  return time_.over();
}

bool Reactor::is_spent(const Budget& budget) noexcept {
  return (budget.events != 0 && result_.events >= budget.events) ||
         (budget.messages != 0 && result_.messages >= budget.messages) ||
         (budget.bytes != 0 && result_.bytes >= budget.bytes) || look_if_over();
}

// Round after round, for as long as one leaves something behind and the budget lasts: a host that
// calls once per frame gets what there is, not one read of it.
Error Reactor::serve_rounds(const Budget& budget, bool has_asked) noexcept {
  for (std::uint32_t round = 0;; ++round) {
    if (!serve_events(budget)) break;
    // What the last turn left was served without asking the kernel for others.
    const bool has_more = std::exchange(round_more_, false);
    if (!has_more && has_asked) return Error::none;
    if (round == rounds_max || is_spent(budget)) break;
    if (const Error error = wait(Timeout::none()); error != Error::none) return error;
    has_asked = true;
  }
  result_.more = true;
  return Error::none;
}

// False: the budget ended it.
bool Reactor::serve_events(const Budget& budget) noexcept {
  while (events_next_ < events_end_) {
    const PollEvent event = events_[events_next_++];
    Registration* registration = registrations_.find(event.token);
    if (registration == nullptr) continue;  // removed since the wait
    const Readiness ready{event.ready.readable && wants_read(registration->interest),
                          event.ready.writable && wants_write(registration->interest)};
    if (!ready.readable && !ready.writable) continue;
    if (event.token == waker_token_) {
      drain_waker();
      continue;
    }
    ++result_.events;
    registration->source->on_ready(ready);
    if (events_next_ == events_end_) break;
    if (is_spent(budget)) return false;
  }
  return true;
}

void Reactor::serve_timers() noexcept {
  // Timers run even when the descriptors used up the budget: a flood must not delay them. Their
  // own share is limited in the same way, and what they set anew waits for the next turn.
  for (std::size_t left = timers_.size(); left != 0;) {
    const std::size_t fired = timers_.fire_due(now_, std::min<std::size_t>(bite, left));
    result_.timers += static_cast<std::uint32_t>(fired);
    left -= fired;
    if (fired < bite || look_if_over()) break;
  }
  if (timers_.next_deadline().value_or(Instant::max()) <= now_) result_.more = true;
}

void Reactor::serve_posted() noexcept {
  // What the tasks post themselves waits for the next turn.
  for (std::size_t left = posted_.size(); left != 0; --left) {
    Task task;
    if (!posted_.pop(task)) return;
    ++result_.posted;
    time_.call(task);
    if (enough_calls(result_.posted)) break;
  }
  if (!posted_.empty()) result_.more = true;
}

Error Reactor::begin_turn(Timeout timeout, const Budget& budget, PollResult& result) noexcept {
  // One system call when idle: everything below works on plain memory, the clock is a vDSO call.
  owner_.bind_if_free();
  if (owner_.is_other()) return Error::wrong_thread;
  if (in_turn_) return Error::reentrant;
  in_turn_ = true;
  result_ = {};
  ++turn_number_;
  time_.reset(budget);
  tell_untold();
  if (!flush_list_.empty()) time_.before_wait([this] { flush_all(); });  // 1
  const bool asks = events_next_ == events_end_;
  Error error = wait(timeout);      // 2, 3
  now_ = clock_.at(time_.start());  // 4
  local_work_ = false;
  take_wake();
  if (error == Error::none) error = serve_rounds(budget, asks);  // 5
  serve_timers();                                                // 6
  serve_posted();                                                // 7
  result = result_;
  return error;
}

void Reactor::end_turn(PollResult& result, bool local_work) noexcept {
  local_work_ = local_work;
  result.more =
      result.more || result_.more || std::exchange(round_more_, false) || has_local_work();
  more_ = result.more;
  const Instant end = time_.look();
  result.library_time = time_.library_time();
  result.callback_time = time_.callback_time();
  in_turn_ = false;
  // From the end of the turn, not from its frozen begin: callbacks may have taken their time.
  if (nested_) arm_nested(clock_.at(end));
}

std::optional<Instant> Reactor::next_deadline() noexcept {
  if (more_ || has_local_work()) return now();
  return next_timer();
}

// Local work is a deadline that is over: a sleeping host wakes for both in the same way.
void Reactor::arm_nested(Instant now) noexcept {
  const std::optional<Instant> deadline = more_ || has_local_work() ? now : next_timer();
  const Instant next = deadline.value_or(Instant::max());
  // The poller's timer knows real time only. One that ran out, while the host's clock stands still
  // or is slower, is set anew, or the host would spin.
  const Instant real_now = MonotonicClock().now();
  if (next == armed_ && next > now && real_now < runs_out_) return;
  armed_ = next;
  runs_out_ = saturating_add(real_now, time_until(next, now));
  poller_->set_deadline(deadline, now);
}

void Reactor::rearm_nested() noexcept {
  armed_ = Instant::min();  // unlike any deadline: whatever is next is told to the poller
  if (nested_ && !in_turn_) arm_nested(clock_.now());
}

Result<NativeHandle> Reactor::backend_fd() noexcept {
  Result<NativeHandle> fd = poller_->backend_fd();
  if (!fd.ok() || nested_) return fd;
  nested_ = true;
  if (!in_turn_) arm_nested(clock_.now());
  return fd;
}

void Reactor::begin_fork_child() noexcept {
  SPOOL_ASSERT(!in_turn_);
  owner_.bind();
  registrations_.for_each(
      [](Token, Registration& registration) { registration.is_parents = true; });
}

Error Reactor::end_fork_child() noexcept {
  SPOOL_ASSERT(flush_list_.empty());
  posted_.after_fork_child();
  events_next_ = events_end_ = 0;
  local_work_ = more_ = some_untold_ = false;
  armed_ = Instant::max();
  nested_ = poller_->wants_deadline();
  const bool threads = waker_token_.valid();
  if (threads) remove(std::exchange(waker_token_, Token()));
  waker_.reset();  // it would wake the parent
  woken_.store(false, std::memory_order_relaxed);
  const Error error = poller_->after_fork_child();
  return error == Error::none && threads ? open_waker() : error;
}

void Reactor::wake() noexcept {
  if (!waker_ || woken_.exchange(true, std::memory_order_acq_rel)) return;
  waker_->signal();
}

Error Reactor::post(Task& task) noexcept {
  if (!waker_) return Error::not_supported;
  const Error error = posted_.push(task);
  if (error == Error::none) wake();
  return error;
}

}  // namespace spool::loop
