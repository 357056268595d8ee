#include "spool/core/fd_watch.h"

#include "spool/core/context.h"

namespace spool::core {

Error FdWatch::open(WatchHandle handle, NativeHandle fd, Interest interest,
                    Function<void(Readiness)> fn) noexcept {
  handle_ = handle;
  interest_ = interest;
  on_ready_.set(std::move(fn));
  const Result<Token> token = context_.reactor().add(fd, needed(), *this);
  if (!token.ok()) return token.error();
  token_ = token.value();
  return Error::none;
}

void FdWatch::close() noexcept {
  if (!is_open()) return;
  context_.reactor().remove(std::exchange(token_, Token()));
  on_ready_.set(nullptr);
  loop::Link<ChangedTag>::unlink();
  context_.wake_all(waiters_, Error::closed);
}

void FdWatch::set_interest(Interest interest) noexcept {
  interest_ = interest;
  context_.reactor().set_interest(token_, needed());
}

// Ready and heard by nobody, a descriptor would keep the loop turning.
Interest FdWatch::needed() const noexcept {
  return on_ready_ || !waiters_.empty() ? interest_ : Interest::none;
}

void FdWatch::wait(Waiter& waiter, std::optional<Instant> deadline) noexcept {
  context_.wait(waiter, &waiters_, deadline);
  context_.reactor().set_interest(token_, needed());
}

// The descriptor stays ready until the host has done something about it, in step 8.
void FdWatch::on_ready(Readiness ready) noexcept {
  ready_.readable = ready_.readable || ready.readable;
  ready_.writable = ready_.writable || ready.writable;
  context_.mark_changed(*this);
}

std::uint32_t FdWatch::notify() noexcept {
  // What is not asked for any more is not told.
  const Readiness seen = std::exchange(ready_, {});
  const Readiness ready{seen.readable && wants_read(interest_),
                        seen.writable && wants_write(interest_)};
  if (!is_open() || (!ready.readable && !ready.writable)) return 0;
  std::uint32_t calls = 0;
  if (on_ready_) {
    on_ready_.call(ready);
    ++calls;
  }
  calls += context_.serve(
      waiters_, [] { return true; }, [this] { return is_open(); });
  if (is_open()) context_.reactor().set_interest(token_, needed());
  return calls;
}

}  // namespace spool::core
