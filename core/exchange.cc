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
  loop::Link<ChangedTag>::unlink();
  socket_.protocol().close_exchange(*std::exchange(exchange_, nullptr));
}

void Exchange::on_readable() noexcept {
  if (!on_readable_) return;
  news_ = true;
  context_.mark_changed(*this);
}

void Exchange::set_on_readable(Function<void()> fn) noexcept {
  on_readable_.set(std::move(fn));
  news_ = false;
  if (exchange_->can_receive()) on_readable();
}

// As Socket::notify: who reads is called again while there is more; who does not, when more comes.
std::uint32_t Exchange::notify() noexcept {
  if (exchange_ == nullptr || !on_readable_ || !exchange_->can_receive() ||
      !std::exchange(news_, false))
    return 0;
  const std::uint32_t takes = takes_;
  on_readable_.call();
  if (exchange_ != nullptr && takes_ != takes && exchange_->can_receive()) on_readable();
  return 1;
}

}  // namespace spool::core
