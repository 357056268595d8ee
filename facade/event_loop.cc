#include "spool/event_loop.h"

#include <new>

#include "spool/core/context.h"
#include "spool/internal/drive.h"

namespace spool {

Result<EventLoop> EventLoop::create(EventLoopConfig config, Explanation* why) noexcept {
  Explanation unheard;
  Explanation& words = why != nullptr ? *why : unheard;
  words.clear();
  if (const Error error = check(config, words); error != Error::none) return error;
  core::Anchor* anchor =
      core::Anchor::create(config.memory, config.memory_limit, config.message_memory_limit);
  if (anchor == nullptr) {
    words << "memory was refused";
    return Error::no_memory;
  }
  void* block = anchor->memory().allocate(sizeof(core::Context), alignof(core::Context));
  if (block == nullptr) {
    words << "memory_limit is too small, or memory was refused, for the loop itself";
    anchor->release();
    return Error::no_memory;
  }
  EventLoop loop(anchor, new (block) core::Context(*anchor, std::move(config)));
  if (const Error error = loop.context_->start(words); error != Error::none) return error;
  return loop;
}

EventLoop& EventLoop::operator=(EventLoop&& other) noexcept {
  if (this != &other) {
    destroy();
    anchor_ = std::exchange(other.anchor_, nullptr);
    context_ = std::exchange(other.context_, nullptr);
  }
  return *this;
}

EventLoop::~EventLoop() { destroy(); }

void EventLoop::destroy() noexcept {
  if (context_ == nullptr) return;
  context_->reactor().owner().bind();  // whoever destroys it is the last to use it
  context_->~Context();
  anchor_->memory().deallocate(context_, sizeof(core::Context), alignof(core::Context));
  context_ = nullptr;
  std::exchange(anchor_, nullptr)->release();
}

PollResult EventLoop::poll_once(Timeout timeout) noexcept {
  return poll_once(timeout, context_ != nullptr ? context_->budget() : Budget());
}

PollResult EventLoop::poll_once(Timeout timeout, const Budget& budget) noexcept {
  if (context_ != nullptr) return context_->poll_once(timeout, budget);  // checks the thread
  PollResult result;
  result.error = Error::closed;
  return result;
}

core::Context* EventLoop::here() const noexcept { return internal::context_of(anchor_); }

Result<void> EventLoop::move_to_this_thread() noexcept {
  if (context_ == nullptr) return Error::closed;
  if (!context_->reactor().owner().is_other()) return {};
  if (context_->reactor().in_turn()) return Error::reentrant;
  context_->reactor().owner().bind();
  return {};
}

Result<void> EventLoop::after_fork_child() noexcept {
  return context_ != nullptr ? context_->after_fork_child() : Error::closed;
}

Result<void> EventLoop::wait_until(Instant deadline, Waiter& waiter) noexcept {
  core::Context* context = here();
  if (context == nullptr) return internal::why_gone(anchor_);
  context->wait(waiter, nullptr, deadline);
  return {};
}

Result<void> EventLoop::call_soon(Waiter& waiter) noexcept {
  core::Context* context = here();
  if (context == nullptr) return internal::why_gone(anchor_);
  context->wait(waiter, nullptr, std::nullopt);
  context->wake(waiter, Error::none);
  return {};
}

std::optional<Instant> EventLoop::next_deadline() noexcept {
  core::Context* context = here();
  return context != nullptr ? context->reactor().next_deadline() : std::nullopt;
}

Result<NativeHandle> EventLoop::backend_fd() noexcept {
  if (here() == nullptr) return internal::why_gone(anchor_);
  return context_->reactor().backend_fd();
}

Instant EventLoop::now() const noexcept {
  core::Context* context = here();
  return context != nullptr ? context->reactor().now() : Instant();
}

void EventLoop::suspend() noexcept {
  if (core::Context* context = here()) context->reactor().suspend();
}

void EventLoop::resume() noexcept {
  if (core::Context* context = here()) context->reactor().resume();
}

void EventLoop::clock_jumped() noexcept {
  if (core::Context* context = here()) context->reactor().clock_jumped();
}

void EventLoop::wake() noexcept {
  if (context_ != nullptr) context_->reactor().wake();
}

Result<void> EventLoop::post(Function<void()> task) noexcept {
  return context_ != nullptr ? context_->reactor().post(task) : Error::closed;
}

Result<Watch> EventLoop::watch(NativeHandle fd, Interest interest,
                               Function<void(Readiness)> on_ready) noexcept {
  if (here() == nullptr) return internal::why_gone(anchor_);
  const Result<WatchHandle> handle = context_->watch(fd, interest, std::move(on_ready));
  if (!handle.ok()) return handle.error();
  return Watch(anchor_, handle.value());
}

Result<SocketHandle> EventLoop::open_handle(SocketType type, bool raw,
                                            const SocketOptions& options) noexcept {
  if (here() == nullptr) return internal::why_gone(anchor_);
  return context_->open(type, raw, options);
}

Result<AnySocket> EventLoop::open(SocketType type, const SocketOptions& options) noexcept {
  const Result<SocketHandle> handle = open_handle(type, false, options);
  if (!handle.ok()) return handle.error();
  return AnySocket(anchor_, handle.value(), type);
}

Result<RawSocket> EventLoop::open_raw(SocketType type, const SocketOptions& options) noexcept {
  const Result<SocketHandle> handle = open_handle(type, true, options);
  if (!handle.ok()) return handle.error();
  return RawSocket(anchor_, handle.value(), type);
}

Result<void> EventLoop::unshare(Message& message) noexcept {
  if (here() == nullptr) return internal::why_gone(anchor_);
  if (!message.shared()) return {};
  Result<Message> own = anchor_->pool().copy_of(message.payload());
  if (!own.ok()) return own.error();
  own->body_to_header(message.header().size());
  own->set_peer(message.peer());
  message = std::move(own).value();
  return {};
}

Result<void> EventLoop::push_header(Message& message, std::span<const std::byte> bytes) noexcept {
  if (here() == nullptr) return internal::why_gone(anchor_);
  return anchor_->pool().push_header(message, bytes);
}

Result<Message> EventLoop::message(std::size_t size) noexcept {
  if (here() == nullptr) return internal::why_gone(anchor_);
  return anchor_->pool().make(size);
}

Result<Message> EventLoop::message(std::string_view text) noexcept {
  if (here() == nullptr) return internal::why_gone(anchor_);
  return anchor_->pool().copy_of(std::as_bytes(std::span(text)));
}

Result<void> EventLoop::reserve_messages(std::size_t size, std::size_t count) noexcept {
  if (here() == nullptr) return internal::why_gone(anchor_);
  return anchor_->pool().reserve(size, count);
}

void EventLoop::flush() noexcept {
  if (core::Context* context = here()) context->reactor().flush_all();
}

Result<bool> EventLoop::drain_for(Timeout timeout) noexcept {
  if (here() == nullptr) return internal::why_gone(anchor_);
  std::optional<Instant> end;
  loop::Reactor& reactor = context_->reactor();
  if (timeout.length().has_value()) end = saturating_add(reactor.host_now(), *timeout.length());
  // Gathered sends are written before the question: a turn that writes the last of them would wait.
  for (flush(); context_->has_unsent(); flush()) {
    const Duration left = end.has_value() ? *end - reactor.host_now() : Duration::zero();
    if (end.has_value() && left <= Duration::zero()) return false;
    const PollResult turn = poll_once(end.has_value() ? Timeout::after(left) : Timeout::infinite());
    if (turn.error != Error::none) return turn.error;
  }
  return true;
}

std::string_view EventLoop::last_error() const noexcept {
  core::Context* context = here();
  return context != nullptr ? context->last_error() : std::string_view();
}

LoopStats EventLoop::stats() const noexcept {
  core::Context* context = here();
  return context != nullptr ? context->stats() : LoopStats();
}

Batch::Batch(EventLoop& loop) noexcept : anchor_(loop.anchor_) {
  if (internal::context_of(anchor_) == nullptr) {
    anchor_ = nullptr;  // another thread's: this gathers nothing
    return;
  }
  anchor_->acquire();
  anchor_->context->reactor().begin_batch();
}

Batch::~Batch() {
  if (anchor_ == nullptr) return;
  if (anchor_->context != nullptr) anchor_->context->reactor().end_batch();
  anchor_->release();
}

}  // namespace spool
