// AddressList: some addresses of one name; bounded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "spool/io/ip_address.h"
#include "spool/io/resolver.h"

namespace spool::io::dns {

// A value. What exceeds the capacity is left out.
class AddressList {
 public:
  void add(const IpAddress& address) noexcept {
    if (count_ < items_.size()) items_[count_++] = address;
  }
  void clear() noexcept { count_ = 0; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] const IpAddress& operator[](std::size_t i) const noexcept { return items_[i]; }
  [[nodiscard]] std::span<const IpAddress> view() const noexcept { return {items_.data(), count_}; }

  // One of `first`, one of `second`, and so on: whichever family does not work here, the next
  // attempt is of the other one.
  [[nodiscard]] static AddressList interleaved(const AddressList& first,
                                               const AddressList& second) noexcept {
    AddressList both;
    for (std::size_t i = 0; i < first.size() || i < second.size(); ++i) {
      if (i < first.size()) both.add(first[i]);
      if (i < second.size()) both.add(second[i]);
    }
    return both;
  }

 private:
  std::array<IpAddress, NameQuery::addresses_max> items_{};
  std::uint8_t count_ = 0;
};

}  // namespace spool::io::dns
