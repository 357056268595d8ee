#include "spool/io/resolver.h"

#include <algorithm>
#include <utility>

#include "spool/loop/assert.h"

namespace spool {

NameQuery::~NameQuery() { SPOOL_ASSERT(resolver_ == nullptr); }

void NameQuery::ask(Resolver& resolver, std::string_view name, IpFamily family) noexcept {
  SPOOL_ASSERT(resolver_ == nullptr);
  resolver_ = &resolver;
  name_ = name;
  family_ = family;
  count_ = 0;
  resolver.resolve(*this);
}

void NameQuery::cancel() noexcept {
  if (Resolver* resolver = std::exchange(resolver_, nullptr)) resolver->cancel(*this);
}

void NameQuery::answer(std::span<const IpAddress> addresses) noexcept {
  SPOOL_ASSERT(resolver_ != nullptr);
  const auto kept = addresses_.begin();
  for (const IpAddress& address : addresses) {
    const bool wanted =
        address.family != IpFamily::any && (family_ == IpFamily::any || family_ == address.family);
    if (!wanted || std::find(kept, kept + count_, address) != kept + count_) continue;
    addresses_[count_++] = address;
    if (count_ == addresses_max) break;
  }
  if (count_ == 0) return fail(Error::name_unknown);
  resolver_ = nullptr;
  owner_.on_name_found(*this);
}

void NameQuery::fail(Error error) noexcept {
  SPOOL_ASSERT(resolver_ != nullptr && error != Error::none);
  resolver_ = nullptr;
  count_ = 0;
  owner_.on_name_failed(*this, error);
}

}  // namespace spool
