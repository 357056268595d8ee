// Address: the text of an endpoint, split at "://". What follows is the transport's business.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "spool/loop/explanation.h"
#include "spool/loop/result.h"

namespace spool::io {

// A value of fixed size; copies are cheap enough for what is done once per endpoint.
class Address {
 public:
  // A host name (255), a local address and a port; or 107 bytes that are all percent-encoded.
  static constexpr std::size_t capacity = 335;

  Address() noexcept = default;

  // Splits `text`. Error::invalid_address without a scheme or with control characters,
  // name_too_long above capacity; `why` says what was expected.
  [[nodiscard]] static Result<Address> parse(std::string_view text, Explanation& why) noexcept;

  // A copy with `part`, a view into text() behind the scheme, replaced by `by`. name_too_long when
  // that does not fit.
  [[nodiscard]] Result<Address> replaced(std::string_view part, std::string_view by) const noexcept;

  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }
  [[nodiscard]] std::string_view scheme() const noexcept { return text().substr(0, scheme_size_); }
  // What stands behind "://".
  [[nodiscard]] std::string_view rest() const noexcept { return text().substr(scheme_size_ + 3u); }

 private:
  std::array<char, capacity> text_{};
  std::uint16_t size_ = 0;
  std::uint16_t scheme_size_ = 0;
};

}  // namespace spool::io
