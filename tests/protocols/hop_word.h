// PAIR v1 messages as they are on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spool/protocols/policy/backtrace.h"
#include "tests/support/fake_pipe.h"

namespace spool::testing {

inline std::string with_hops(std::uint32_t hops, std::string_view body) {
  const protocols::Word word = protocols::encode_word(hops);
  return std::string(reinterpret_cast<const char*>(word.data()), word.size()).append(body);
}

inline std::string bytes_of(const Message& message) {
  const auto payload = message.payload();
  return {reinterpret_cast<const char*>(payload.data()), payload.size()};
}

// What was sent through it so far, header and all.
inline std::vector<std::string> on_the_wire(const FakePipe& pipe) {
  std::vector<std::string> result;
  for (const Message& message : pipe.sent) result.push_back(bytes_of(message));
  return result;
}

}  // namespace spool::testing
