#include "spool/io/transport.h"

namespace spool::io {

bool Transport::serves(std::string_view wanted) const noexcept {
  if (wanted == scheme()) return true;
  for (std::string_view left = aliases(); !left.empty();) {
    const std::size_t end = left.find(' ');
    if (left.substr(0, end) == wanted) return true;
    if (end == std::string_view::npos) return false;
    left.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace spool::io
