// Figures: many measurements of one thing, and what is said of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace bench {

class Figures {
 public:
  explicit Figures(std::size_t expected = 0) { values_.reserve(expected); }
  void add(double value) {
    values_.push_back(value);
    sorted_ = false;
  }
  [[nodiscard]] std::size_t count() const { return values_.size(); }
  [[nodiscard]] double max() { return at(1); }
  // The smallest value that at least this share of all is not above: at(0.5) is the median.
  [[nodiscard]] double at(double share) {
    if (values_.empty()) return 0;
    if (!sorted_) std::sort(values_.begin(), values_.end());
    sorted_ = true;
    const double rank = std::ceil(share * static_cast<double>(values_.size()));
    return values_[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
  }
  void print(const char* name, const char* unit) {
    std::printf("%-34s p50 %7.1f  p99 %7.1f  p99.9 %7.1f  p99.99 %7.1f  max %8.1f %s\n", name,
                at(0.5), at(0.99), at(0.999), at(0.9999), max(), unit);
  }
  void print_histogram(double step, const char* unit) {
    constexpr std::size_t bar = 50;
    static_cast<void>(max());
    for (std::size_t i = 0; i < values_.size();) {
      const double low = std::floor(values_[i] / step) * step;
      const std::size_t begin = i;
      while (i < values_.size() && values_[i] < low + step) ++i;
      const std::size_t length = ((i - begin) * bar + values_.size() - 1) / values_.size();
      std::printf("%6.0f to %6.0f %s %8zu  %.*s\n", low, low + step, unit, i - begin,
                  static_cast<int>(length), "##################################################");
    }
  }

 private:
  std::vector<double> values_;
  bool sorted_ = false;
};

}  // namespace bench
