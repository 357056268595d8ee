// What stands behind ipc://, unix:// and abstract://, in the kernel's form.
#pragma once

#include <string_view>

#include "spool/io/transports/socket.h"

namespace spool::io {

// A path, absolute or relative, of at most 107 bytes. Error::invalid_address or name_too_long.
[[nodiscard]] Result<SocketAddress> parse_ipc(std::string_view rest, Explanation& why) noexcept;

// A name that is no file, percent-encoded, of at most 107 bytes when decoded. To listen it may be
// empty: the kernel chooses one. Error::not_supported where there is no such thing (all but
// Linux), invalid_address or name_too_long.
[[nodiscard]] Result<SocketAddress> parse_abstract(std::string_view rest, bool listen,
                                                   Explanation& why) noexcept;
// The address of a socket that is bound to an abstract name: what parse_abstract takes.
[[nodiscard]] Result<Address> abstract_address(const SocketAddress& bound,
                                               Explanation& why) noexcept;

}  // namespace spool::io
