#include "spool/core/exchange.h"

#include <utility>

#include "spool/core/context.h"

namespace spool::core {

Error Exchange::open(ExchangeHandle handle, const protocols::ExchangeTimes& times) noexcept {
  handle_ = handle;
  const Result<protocols::Exchange*> opened = socket_.protocol().open_exchange(*this, times);
  if (!opened.ok()) return opened.error();
  exchange_ = opened.value();
  return Error::none;
}

void Exchange::close() noexcept {
  if (exchange_ == nullptr) return;
  on_readable_.set(nullptr);
  context_.wake_all(readers_, Error::closed);
  loop::Link<ChangedTag>::unlink();
  socket_.protocol().close_exchange(*std::exchange(exchange_, nullptr));
}

void Exchange::on_readable() noexcept {
  if (!on_readable_ && readers_.empty()) return;
  news_ = true;
  context_.mark_changed(*this);
}

void Exchange::set_on_readable(Function<void()> fn) noexcept {
  on_readable_.set(std::move(fn));
  news_ = false;
  if (exchange_->can_receive()) on_readable();
}

void Exchange::wait_readable(Waiter& waiter, std::optional<Instant> deadline) noexcept {
  context_.wait(waiter, &readers_, deadline);
  if (exchange_->can_receive()) context_.mark_changed(*this);
}

// As Socket::notify: who reads is called again while there is more; who does not, when more comes.
std::uint32_t Exchange::notify() noexcept {
  std::uint32_t calls = 0;
  if (can_receive() && on_readable_ && std::exchange(news_, false)) {
    const std::uint32_t takes = takes_;
    on_readable_.call();
    ++calls;
    if (takes_ != takes && can_receive()) on_readable();
  }
  if (readers_.empty()) return calls;
  calls += context_.serve(
      readers_, [this] { return can_receive(); }, [this] { return is_open(); });
  if (!readers_.empty() && can_receive()) context_.mark_changed(*this);
  return calls;
}

}  // namespace spool::core
