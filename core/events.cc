#include "spool/core/events.h"

namespace spool {

Explanation describe(const Event& event) noexcept {
  Explanation text;
  text << event.address.text() << ": " << to_string(event.kind);
  if (event.peer != 0) text << " (" << event.peer << ")";
  if (event.error != Error::none) text << ": " << to_string(event.error);
  if (event.os_error != 0) text << " (errno " << event.os_error << ")";
  if (event.lost == 1)
    text << ", 1 message lost";
  else if (event.lost != 0)
    text << ", " << event.lost << " messages lost";
  if (event.retry_in != Duration::zero()) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(event.retry_in).count();
    text << ", again in " << std::int64_t{ms} << " ms";
  }
  return text;
}

}  // namespace spool
