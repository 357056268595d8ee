// Exchange: one request, survey or reader, as its user sees it: a handle, and a notice. Owned by
// the context's slab, on behalf of its socket; freed when it is closed, within a turn at its end.
#pragma once

#include "spool/core/events.h"
#include "spool/core/notice.h"
#include "spool/core/waiter.h"
#include "spool/loop/intrusive_list.h"
#include "spool/protocols/exchange.h"
#include "spool/protocols/protocol.h"

namespace spool::core {

class Context;
class Socket;
struct ExchangeListTag {};

// Linked into its socket's list while it is open, then into the context's list of what is to be
// freed.
class Exchange final : public protocols::ExchangeHost,
                       public Notified,
                       public loop::Link<ExchangeListTag> {
 public:
  Exchange(Context& context, Socket& socket) noexcept : context_(context), socket_(socket) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() { SPOOL_ASSERT(exchange_ == nullptr); }

  // Once. not_supported, no_memory.
  [[nodiscard]] Error open(ExchangeHandle handle, const protocols::ExchangeTimes& times) noexcept;
  // Cancels what is under way; nobody hears of it.
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return exchange_ != nullptr; }

  // Only while open.
  [[nodiscard]] protocols::Exchange& protocol() noexcept { return *exchange_; }
  [[nodiscard]] Result<Message> receive() noexcept {
    ++takes_;
    return exchange_->receive();
  }
  [[nodiscard]] Socket& socket() noexcept { return socket_; }
  [[nodiscard]] ExchangeHandle handle() const noexcept { return handle_; }

  // An empty function takes the notice away.
  void set_on_readable(Function<void()> fn) noexcept;
  void wait_readable(Waiter& waiter, std::optional<Instant> deadline) noexcept;
  std::uint32_t notify() noexcept override;
  void on_readable() noexcept override;

 private:
  [[nodiscard]] bool can_receive() const noexcept {
    return exchange_ != nullptr && exchange_->can_receive();
  }

  Context& context_;
  Socket& socket_;
  protocols::Exchange* exchange_ = nullptr;  // null: closed
  ExchangeHandle handle_{};
  NoticeSlot on_readable_;
  WaitList readers_;
  std::uint32_t takes_ = 0;
  bool news_ = false;  // that on_readable_ has not been told
};

}  // namespace spool::core
