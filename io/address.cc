#include "spool/io/address.h"

#include <algorithm>

#include "spool/loop/assert.h"

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
  address.size_ = static_cast<std::uint16_t>(text.size());
  address.scheme_size_ = static_cast<std::uint16_t>(split);
  return address;
}

Result<Address> Address::replaced(std::string_view part, std::string_view by) const noexcept {
  SPOOL_ASSERT(part.data() >= rest().data() && part.data() + part.size() <= text_.data() + size_);
  if (size_ - part.size() + by.size() > capacity) return Error::name_too_long;
  const auto at = static_cast<std::size_t>(part.data() - text_.data());
  const std::string_view behind = text().substr(at + part.size());
  Address changed;
  auto end = std::copy_n(text_.begin(), at, changed.text_.begin());
  end = std::copy(by.begin(), by.end(), end);
  end = std::copy(behind.begin(), behind.end(), end);
  changed.size_ = static_cast<std::uint16_t>(end - changed.text_.begin());
  changed.scheme_size_ = scheme_size_;
  return changed;
}

}  // namespace spool::io
