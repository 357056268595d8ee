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
  static constexpr std::size_t capacity = 191;  // a unix path (107), a host name, their schemes

  Address() noexcept = default;

  // Splits `text`. Error::invalid_address without a scheme or with control characters,
  // name_too_long above capacity; `why` says what was expected.
  [[nodiscard]] static Result<Address> parse(std::string_view text, Explanation& why) noexcept;

  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }
  [[nodiscard]] std::string_view scheme() const noexcept { return text().substr(0, scheme_size_); }
  // What stands behind "://".
  [[nodiscard]] std::string_view rest() const noexcept { return text().substr(scheme_size_ + 3u); }

 private:
  std::array<char, capacity> text_{};
  std::uint8_t size_ = 0;
  std::uint8_t scheme_size_ = 0;
};

}  // namespace spool::io
