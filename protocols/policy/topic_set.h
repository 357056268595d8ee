// TopicSet: subscriptions. A topic is a prefix of the body; the empty one matches everything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "spool/loop/error.h"
#include "spool/loop/memory.h"

namespace spool::protocols {

// Owns copies of the topics, sorted bytewise. Matching takes O(log n) steps for each topic that is
// nested in another, and allocates nothing.
class TopicSet {
 public:
  static constexpr std::size_t topic_size_max = 4096;

  explicit TopicSet(Memory& memory) noexcept : memory_(memory) {}
  TopicSet(const TopicSet&) = delete;
  TopicSet& operator=(const TopicSet&) = delete;
  ~TopicSet();

  // The same topic twice needs two removals, as in nanomsg. Error::invalid_argument above
  // topic_size_max, no_memory.
  [[nodiscard]] Error add(std::span<const std::byte> topic) noexcept;
  // Error::invalid_argument when there is no such topic.
  [[nodiscard]] Error remove(std::span<const std::byte> topic) noexcept;
  [[nodiscard]] bool matches(std::span<const std::byte> body) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct Topic {
    std::byte* bytes;
    std::uint32_t size;
    std::uint32_t count;
    [[nodiscard]] std::span<const std::byte> span() const noexcept { return {bytes, size}; }
  };
  [[nodiscard]] std::size_t after(std::span<const std::byte> body) const noexcept;
  [[nodiscard]] bool grow() noexcept;
  void free_topic(const Topic& topic) noexcept;

  Memory& memory_;
  Topic* topics_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace spool::protocols
