#include "spool/io/transports/unix_address.h"

#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace spool::io {

namespace {

// One byte is for the NUL: behind a path, or in front of an abstract name.
constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);
constexpr std::string_view scheme = "abstract://";

SocketAddress from_un(const sockaddr_un& un, std::size_t path_size) noexcept {
  SocketAddress address;
  std::memcpy(&address.storage, &un, sizeof un);
  address.size = static_cast<socklen_t>(path_offset + path_size);
  return address;
}

Error too_long(Explanation& why, const char* what, std::size_t size) noexcept {
  why << what << " of " << std::uint64_t{size} << " bytes is too long for a unix socket: at most "
      << std::uint64_t{longest};
  return Error::name_too_long;
}

// 0 to 15, or -1.
int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// What RFC 3986 calls unreserved.
bool stands_for_itself(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

Result<SocketAddress> parse_ipc(std::string_view rest, Explanation& why) noexcept {
  if (rest.empty()) {
    why << "expected a path behind ://";
    return Error::invalid_address;
  }
  if (rest.size() > longest) return too_long(why, "a path", rest.size());
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, rest.data(), rest.size());
  return from_un(un, rest.size() + 1);
}

Result<SocketAddress> parse_abstract(std::string_view rest, bool listen,
                                     Explanation& why) noexcept {
  if (!has_abstract_names) {
    why << "abstract:// needs Linux: elsewhere a unix socket is a file, as with ipc://";
    return Error::not_supported;
  }
  if (rest.empty() && !listen) {
    why << "expected a name behind abstract://, which may be empty only to listen";
    return Error::invalid_address;
  }
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::size_t size = 0;
  for (std::size_t i = 0; i < rest.size(); ++i, ++size) {
    char c = rest[i];
    if (c == '%') {
      const int high = i + 2 < rest.size() ? hex_digit(rest[i + 1]) : -1;
      const int low = i + 2 < rest.size() ? hex_digit(rest[i + 2]) : -1;
      if (high < 0 || low < 0) {
        why << "expected two hexadecimal digits behind each % of ";
        why.quote(rest.substr(0, 150));
        return Error::invalid_address;
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (size < longest) un.sun_path[1 + size] = c;
  }
  if (size > longest) return too_long(why, "a name", size);
  return from_un(un, size == 0 ? 0 : 1 + size);  // no name at all: the kernel chooses
}

Result<Address> abstract_address(const SocketAddress& bound, Explanation& why) noexcept {
  static_assert(Address::capacity >= scheme.size() + 3 * longest);
  constexpr char digits[] = "0123456789ABCDEF";
  char text[Address::capacity];
  char* end = std::copy(scheme.begin(), scheme.end(), text);
  const char* name = reinterpret_cast<const char*>(&bound.storage) + path_offset;
  for (std::size_t i = 1; path_offset + i < bound.size; ++i) {
    if (stands_for_itself(name[i])) {
      *end++ = name[i];
    } else {
      const auto byte = static_cast<unsigned char>(name[i]);
      *end++ = '%';
      *end++ = digits[byte / 16];
      *end++ = digits[byte % 16];
    }
  }
  return Address::parse({text, static_cast<std::size_t>(end - text)}, why);
}

}  // namespace spool::io
