// Explanation: what was wrong with a value, in words: which value, and what was expected. Fixed
// space, so that telling somebody about an error cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spool {

// A value; cut off (with "...") at its capacity.
class Explanation {
 public:
  static constexpr std::size_t capacity = 256;

  void clear() noexcept { size_ = 0; }
  Explanation& operator<<(std::string_view text) noexcept;
  Explanation& operator<<(const char* text) noexcept { return *this << std::string_view(text); }
  Explanation& operator<<(std::int64_t number) noexcept;
  Explanation& operator<<(std::uint64_t number) noexcept;
  Explanation& operator<<(int number) noexcept { return *this << std::int64_t{number}; }
  Explanation& operator<<(unsigned number) noexcept { return *this << std::uint64_t{number}; }
  // The text between quotes; what is not printable ASCII becomes '?'.
  Explanation& quote(std::string_view text) noexcept;

  [[nodiscard]] std::string_view text() const noexcept { return {text_, size_}; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  char text_[capacity] = {};
  std::size_t size_ = 0;
};

}  // namespace spool
