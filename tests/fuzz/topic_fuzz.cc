// A TopicSet against a set that is searched from end to end.
//
// Input: actions, one after the other. A byte chooses: add, remove, match or refuse memory; the
// next byte is a length, and so many bytes follow (fewer at the end).
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "spool/protocols/policy/topic_set.h"
#include "tests/support/sim_rig.h"

namespace {

void check(bool true_now) {
  if (!true_now) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace spool;
  sim::SimMemory memory;
  {
    protocols::TopicSet set(memory);
    std::map<std::string, int, std::less<>> model;
    std::string_view left(reinterpret_cast<const char*>(data), size);
    while (left.size() >= 2) {
      const unsigned action = static_cast<unsigned char>(left[0]) % 8;
      const std::size_t length = static_cast<unsigned char>(left[1]);
      const std::string_view topic = left.substr(2, length);
      left.remove_prefix(std::min(left.size(), 2 + length));
      if (action <= 2) {
        if (action == 2) memory.refuse_after(1);
        const Error error = set.add(sim::bytes_of(topic));
        memory.allow();
        check(error == Error::none || (action == 2 && error == Error::no_memory));
        if (error == Error::none) ++model[std::string(topic)];
      } else if (action <= 4) {
        const Error error = set.remove(sim::bytes_of(topic));
        const auto found = model.find(topic);
        check((error == Error::none) == (found != model.end()));
        if (found != model.end() && --found->second == 0) model.erase(found);
      } else {
        const bool any = std::any_of(model.begin(), model.end(), [&](const auto& one) {
          return topic.substr(0, one.first.size()) == one.first;
        });
        check(set.matches(sim::bytes_of(topic)) == any);
      }
      check(set.size() == model.size());
    }
  }
  check(memory.live == 0);
  return 0;
}
