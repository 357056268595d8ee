#include "spool/protocols/policy/topic_set.h"

#include <algorithm>
#include <cstring>

namespace spool::protocols {

namespace {

using Bytes = std::span<const std::byte>;

int compare(Bytes a, Bytes b) noexcept {
  const std::size_t common = std::min(a.size(), b.size());
  const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
  if (order != 0) return order;
  return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

std::size_t common_prefix(Bytes a, Bytes b) noexcept {
  const std::size_t limit = std::min(a.size(), b.size());
  std::size_t size = 0;
  while (size < limit && a[size] == b[size]) ++size;
  return size;
}

}  // namespace

TopicSet::~TopicSet() {
  for (std::size_t i = 0; i < size_; ++i) free_topic(topics_[i]);
  if (topics_ != nullptr) memory_.deallocate(topics_, capacity_ * sizeof(Topic), alignof(Topic));
}

void TopicSet::free_topic(const Topic& topic) noexcept {
  if (topic.bytes != nullptr) memory_.deallocate(topic.bytes, topic.size, 1);
}

// The index of the first topic that sorts behind `body`.
std::size_t TopicSet::after(Bytes body) const noexcept {
  const Topic* end = topics_ + size_;
  const Topic* found = std::upper_bound<const Topic*>(
      topics_, end, body,
      [](Bytes value, const Topic& topic) { return compare(value, topic.span()) < 0; });
  return static_cast<std::size_t>(found - topics_);
}

bool TopicSet::grow() noexcept {
  const std::size_t capacity = capacity_ == 0 ? 4 : capacity_ * 2;
  auto* topics = static_cast<Topic*>(memory_.allocate(capacity * sizeof(Topic), alignof(Topic)));
  if (topics == nullptr) return false;
  if (topics_ != nullptr) {
    std::memcpy(topics, topics_, size_ * sizeof(Topic));
    memory_.deallocate(topics_, capacity_ * sizeof(Topic), alignof(Topic));
  }
  topics_ = topics;
  capacity_ = capacity;
  return true;
}

Error TopicSet::add(Bytes topic) noexcept {
  if (topic.size() > topic_size_max) return Error::invalid_argument;
  const std::size_t at = after(topic);
  if (at != 0 && compare(topics_[at - 1].span(), topic) == 0) {
    ++topics_[at - 1].count;
    return Error::none;
  }
  if (size_ == capacity_ && !grow()) return Error::no_memory;
  std::byte* bytes = nullptr;
  if (!topic.empty()) {
    bytes = static_cast<std::byte*>(memory_.allocate(topic.size(), 1));
    if (bytes == nullptr) return Error::no_memory;
    std::memcpy(bytes, topic.data(), topic.size());
  }
  std::memmove(topics_ + at + 1, topics_ + at, (size_ - at) * sizeof(Topic));
  topics_[at] = {bytes, static_cast<std::uint32_t>(topic.size()), 1};
  ++size_;
  return Error::none;
}

Error TopicSet::remove(Bytes topic) noexcept {
  const std::size_t at = after(topic);
  if (at == 0 || compare(topics_[at - 1].span(), topic) != 0) return Error::invalid_argument;
  if (--topics_[at - 1].count != 0) return Error::none;
  free_topic(topics_[at - 1]);
  std::memmove(topics_ + at - 1, topics_ + at, (size_ - at) * sizeof(Topic));
  --size_;
  return Error::none;
}

// A topic that is a prefix of `body` sorts before it, and every topic between the two begins with
// it. So the neighbour below either is such a topic, or shares with `body` a shorter beginning
// that contains all of them: look there next.
bool TopicSet::matches(Bytes body) const noexcept {
  for (;;) {
    const std::size_t at = after(body);
    if (at == 0) return false;
    const Bytes below = topics_[at - 1].span();
    const std::size_t common = common_prefix(below, body);
    if (common == below.size()) return true;
    body = body.first(common);
  }
}

}  // namespace spool::protocols
