#include "spool/protocols/protocol.h"

#include "spool/loop/assert.h"

namespace spool::protocols {

Error Protocol::subscribe(std::span<const std::byte>) noexcept { return Error::not_supported; }

Error Protocol::unsubscribe(std::span<const std::byte>) noexcept { return Error::not_supported; }

Error Protocol::cancel() noexcept { return Error::not_supported; }

Result<Exchange*> Protocol::open_exchange(ExchangeHost&, const ExchangeTimes&) noexcept {
  return Error::not_supported;
}

void Protocol::close_exchange(Exchange&) noexcept { SPOOL_ASSERT(false); }

Result<Message> Protocol::receive_request() noexcept { return Error::not_supported; }

Error Protocol::reply(const Message&, Message&) noexcept { return Error::not_supported; }

}  // namespace spool::protocols
