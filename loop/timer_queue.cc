#include "spool/loop/timer_queue.h"

namespace spool::loop {

// Joins two heaps; the later root becomes the first child of the earlier one.
Timer* TimerQueue::meld(Timer* a, Timer* b) noexcept {
  if (a == nullptr) return b;
  if (b == nullptr) return a;
  if (b->before(*a)) {
    Timer* swap = a;
    a = b;
    b = swap;
  }
  b->sibling_ = a->child_;
  if (b->sibling_ != nullptr) b->sibling_->link_ = &b->sibling_;
  b->link_ = &a->child_;
  a->child_ = b;
  return a;
}

// The two passes of a pairing heap: pairs from left to right, then all into one, without recursion.
Timer* TimerQueue::merge_pairs(Timer* first) noexcept {
  Timer* pairs = nullptr;  // a stack, linked through sibling_
  while (first != nullptr) {
    Timer* a = first;
    Timer* b = a->sibling_;
    first = b == nullptr ? nullptr : b->sibling_;
    a->sibling_ = nullptr;
    if (b != nullptr) b->sibling_ = nullptr;
    Timer* pair = meld(a, b);
    pair->sibling_ = pairs;
    pairs = pair;
  }
  Timer* root = nullptr;
  while (pairs != nullptr) {
    Timer* next = pairs->sibling_;
    pairs->sibling_ = nullptr;
    root = meld(root, pairs);
    pairs = next;
  }
  return root;
}

void TimerQueue::set_root(Timer* root) noexcept {
  root_ = root;
  if (root != nullptr) root->link_ = &root_;
}

void TimerQueue::detach(Timer& timer) noexcept {
  *timer.link_ = timer.sibling_;
  if (timer.sibling_ != nullptr) timer.sibling_->link_ = timer.link_;
  Timer* children = merge_pairs(timer.child_);
  timer.link_ = nullptr;
  timer.child_ = timer.sibling_ = nullptr;
  set_root(meld(root_, children));
  --size_;
}

void TimerQueue::schedule(Timer& timer, Instant deadline) noexcept {
  cancel(timer);
  timer.deadline_ = deadline;
  timer.order_ = next_order_++;
  ++size_;
  set_root(meld(root_, &timer));
}

void TimerQueue::cancel(Timer& timer) noexcept {
  if (timer.scheduled()) detach(timer);
}

std::size_t TimerQueue::fire_due(Instant now, std::size_t limit) noexcept {
  const std::uint64_t end = next_order_;  // what is scheduled from here on waits
  std::size_t fired = 0;
  while (fired < limit && root_ != nullptr && root_->deadline_ <= now && root_->order_ < end) {
    Timer& timer = *root_;
    detach(timer);
    ++fired;
    timer.fn_(timer.target_);
  }
  return fired;
}

}  // namespace spool::loop
