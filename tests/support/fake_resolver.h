// FakeResolver: answers when the test says so, or at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "spool/io/resolver.h"
#include "spool/loop/assert.h"

namespace spool::testing {

class FakeResolver final : public Resolver {
 public:
  void resolve(NameQuery& query) noexcept override {
    names.emplace_back(query.name());
    pending.push_back(&query);
    if (at_once) answer(*at_once);
  }
  void cancel(NameQuery& query) noexcept override {
    ++cancels;
    SPOOL_ASSERT(std::erase(pending, &query) == 1);
  }

  // The oldest query that waits.
  NameQuery& take() {
    NameQuery* query = pending.at(0);
    pending.erase(pending.begin());
    return *query;
  }
  void answer(const std::vector<const char*>& texts) {
    std::vector<IpAddress> addresses;
    for (const char* text : texts) addresses.push_back(IpAddress::parse(text).value());
    take().answer(addresses);
  }
  void fail(Error error) { take().fail(error); }

  std::optional<std::vector<const char*>> at_once;
  std::vector<std::string> names;  // that were asked for
  std::vector<NameQuery*> pending;
  int cancels = 0;
};

}  // namespace spool::testing
