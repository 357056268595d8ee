#include "spool/io/address.h"

#include <algorithm>

namespace spool::io {

Result<Address> Address::parse(std::string_view text, Explanation& why) noexcept {
  const std::size_t split = text.find("://");
  if (split == std::string_view::npos || split == 0) {
    why.quote(text) << " is no address: expected SCHEME://..., such as tcp://127.0.0.1:5555";
    return Error::invalid_address;
  }
  if (text.size() > capacity) {
    why << "an address of " << std::uint64_t{text.size()} << " characters is too long: at most "
        << std::uint64_t{capacity};
    return Error::name_too_long;
  }
  // A NUL would end the name early for the system and not for us.
  if (std::any_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < 0x20; })) {
    why.quote(text) << " contains a control character";
    return Error::invalid_address;
  }
  Address address;
  std::copy(text.begin(), text.end(), address.text_.begin());
  address.size_ = static_cast<std::uint8_t>(text.size());
  address.scheme_size_ = static_cast<std::uint8_t>(split);
  return address;
}

}  // namespace spool::io
