// Screen: 80 x 24 characters of a terminal, in colour. A character of the field is two pixels, one
// above the other. Only what has changed is written.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "examples/arena/arena.h"

namespace arena {

struct Color {
  std::uint8_t r = 0;
  std::uint8_t g = 0;
  std::uint8_t b = 0;
  friend bool operator==(const Color&, const Color&) = default;
};

// Owned by the parent; takes the terminal over when it is made and gives it back when it goes.
class Screen {
 public:
  static constexpr int columns = 80;
  static constexpr int rows = 24;
  static constexpr int field_row = 1;  // the first row of the field, below the title

  Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen();

  // Is there a terminal of at least 80 x 24 behind stdout?
  [[nodiscard]] static bool available() noexcept;

  void clear_row(int row) noexcept;
  void pixel(int x, int y, Color color) noexcept;
  // UTF-8, one column for each character; what does not fit is cut off.
  void text(int column, int row, Color color, std::string_view text) noexcept;
  void show() noexcept;

 private:
  struct Cell {
    std::array<char, 4> glyph{' '};  // UTF-8, ends early at a zero
    Color front;
    Color back;
    friend bool operator==(const Cell&, const Cell&) = default;
  };

  void put(std::string_view bytes) noexcept;
  void put_color(int ground, Color color) noexcept;  // 38: front, 48: back
  void put_cell(const Cell& cell) noexcept;
  void flush() noexcept;

  std::array<Cell, columns * rows> wanted_{};
  std::array<Cell, columns * rows> shown_{};
  std::vector<char> output_;  // of fixed capacity
  Color front_;
  Color back_;
  int top_ = 0;  // where the picture stands in a larger terminal
  int left_ = 0;
  int height_ = 0;
  int width_ = 0;
  bool repaint_ = true;
  bool true_color_;
  bool utf8_;
};

}  // namespace arena
