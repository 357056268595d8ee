#include "spool/loop/explanation.h"

#include <charconv>
#include <cstring>

namespace spool {

Explanation& Explanation::operator<<(std::string_view text) noexcept {
  if (text.empty()) return *this;  // which may be nowhere
  const std::size_t room = capacity - size_;
  if (text.size() <= room) {
    std::memcpy(text_ + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  std::memcpy(text_ + size_, text.data(), room);
  size_ = capacity;
  std::memcpy(text_ + capacity - 3, "...", 3);
  return *this;
}

Explanation& Explanation::operator<<(std::int64_t number) noexcept {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  return *this << std::string_view(digits, static_cast<std::size_t>(end - digits));
}

Explanation& Explanation::operator<<(std::uint64_t number) noexcept {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  return *this << std::string_view(digits, static_cast<std::size_t>(end - digits));
}

Explanation& Explanation::quote(std::string_view text) noexcept {
  *this << "'";
  for (const char c : text) {
    const char shown = c >= 0x20 && c < 0x7f ? c : '?';
    *this << std::string_view(&shown, 1);
  }
  return *this << "'";
}

}  // namespace spool
