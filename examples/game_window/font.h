// The font of the window: 5 by 7 dots, and one row for what hangs below, for the printable
// characters of ASCII.
#pragma once

#include <array>
#include <cstdint>

namespace game {

inline constexpr int glyph_columns = 5;
inline constexpr int glyph_rows = 8;
inline constexpr char first_glyph = ' ';
inline constexpr int glyph_count = 95;

// One byte per column, the lowest bit is the uppermost dot.
extern const std::array<std::array<std::uint8_t, glyph_columns>, glyph_count> glyphs;

}  // namespace game
