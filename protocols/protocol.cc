#include "spool/protocols/protocol.h"

namespace spool::protocols {

Error Protocol::subscribe(std::span<const std::byte>) noexcept { return Error::not_supported; }

Error Protocol::unsubscribe(std::span<const std::byte>) noexcept { return Error::not_supported; }

}  // namespace spool::protocols
