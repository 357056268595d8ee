#include "examples/arena/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace arena {

namespace {

constexpr std::string_view take_over =
    "\x1b[?1049h"  // the other screen: what was there comes back afterwards
    "\x1b[?25l"    // no cursor
    "\x1b[?7l";    // no new line behind the last column
constexpr std::string_view give_back = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr std::string_view begin_frame =
    "\x1b[?2026h";  // terminals that know it show a frame whole
constexpr std::string_view end_frame = "\x1b[?2026l";

constexpr std::size_t bytes_per_cell = 56;  // cursor, two colours, glyph

bool window_size(int& rows, int& columns) noexcept {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return false;
  rows = size.ws_row;
  columns = size.ws_col;
  return true;
}

bool environment_says(const char* name, const char* what) noexcept {
  const char* value = std::getenv(name);
  return value != nullptr && std::strstr(value, what) != nullptr;
}

bool speaks_utf8() noexcept {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == 0) continue;
    return std::strstr(value, "UTF-8") != nullptr || std::strstr(value, "utf8") != nullptr;
  }
  return false;
}

// The nearest of the 6 x 6 x 6 colours, or of the 24 greys, that every terminal has.
int palette_index(Color c) noexcept {
  const auto level = [](int v) { return v < 48 ? 0 : v < 115 ? 1 : (v - 35) / 40; };
  const auto value = [](int l) { return l == 0 ? 0 : 55 + 40 * l; };
  const auto square = [](int v) { return v * v; };
  const int r = level(c.r);
  const int g = level(c.g);
  const int b = level(c.b);
  const int grey = (c.r + c.g + c.b) / 3;
  const int step = grey < 8 ? 0 : grey > 238 ? 23 : (grey - 8) / 10;
  const int shade = 8 + 10 * step;
  const int off_cube = square(value(r) - c.r) + square(value(g) - c.g) + square(value(b) - c.b);
  const int off_grey = square(shade - c.r) + square(shade - c.g) + square(shade - c.b);
  // Grey only when it is much nearer: a dim glow is still coloured.
  return 2 * off_grey < off_cube ? 232 + step : 16 + 36 * r + 6 * g + b;
}

Color between(Color a, Color b) noexcept {
  return {static_cast<std::uint8_t>((a.r + b.r) / 2), static_cast<std::uint8_t>((a.g + b.g) / 2),
          static_cast<std::uint8_t>((a.b + b.b) / 2)};
}

}  // namespace

Screen::Screen()
    : true_color_(environment_says("COLORTERM", "truecolor") ||
                  environment_says("COLORTERM", "24bit")),
      utf8_(speaks_utf8()) {
  output_.reserve(columns * rows * bytes_per_cell + 256);
  put(take_over);
  flush();
}

Screen::~Screen() {
  put(give_back);
  flush();
}

bool Screen::available() noexcept {
  int height = 0;
  int width = 0;
  return isatty(STDOUT_FILENO) != 0 && window_size(height, width) && height >= rows &&
         width >= columns;
}

void Screen::clear_row(int row) noexcept {
  for (int column = 0; column < columns; ++column)
    wanted_[static_cast<std::size_t>(row * columns + column)] = Cell{};
}

void Screen::pixel(int x, int y, Color color) noexcept {
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  Cell& cell = wanted_[static_cast<std::size_t>((field_row + y / 2) * columns + x)];
  cell.glyph = {'\xe2', '\x96', '\x80'};  // ▀
  (y % 2 == 0 ? cell.front : cell.back) = color;
}

void Screen::text(int column, int row, Color color, std::string_view text) noexcept {
  while (!text.empty() && column < columns) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    Cell& cell = wanted_[static_cast<std::size_t>(row * columns + column++)];
    cell.glyph = {};
    std::memcpy(cell.glyph.data(), text.data(), size < text.size() ? size : text.size());
    if (!utf8_ && size > 1) cell.glyph = {'#'};
    cell.front = color;
    // On the field the text keeps the background that is there, a little darker.
    cell.back = between(cell.back, {});
    text.remove_prefix(size < text.size() ? size : text.size());
  }
}

void Screen::put(std::string_view bytes) noexcept {
  output_.insert(output_.end(), bytes.begin(), bytes.end());
}

void Screen::put_color(int ground, Color color) noexcept {
  char text[32];
  const int size =
      true_color_ ? std::snprintf(text, sizeof text, "\x1b[%d;2;%d;%d;%dm", ground, color.r,
                                  color.g, color.b)
                  : std::snprintf(text, sizeof text, "\x1b[%d;5;%dm", ground, palette_index(color));
  put({text, static_cast<std::size_t>(size)});
}

void Screen::put_cell(const Cell& cell) noexcept {
  const bool half_block = cell.glyph[0] == '\xe2' && cell.glyph[2] == '\x80';
  const bool blurred = half_block && !utf8_;  // two pixels become one
  const Color back = blurred ? between(cell.front, cell.back) : cell.back;
  if (!(cell.front == front_)) put_color(38, front_ = cell.front);
  if (!(back == back_)) put_color(48, back_ = back);
  put(blurred ? std::string_view(" ")
              : std::string_view(cell.glyph.data(), strnlen(cell.glyph.data(), cell.glyph.size())));
}

void Screen::show() noexcept {
  int height = rows;
  int width = columns;
  static_cast<void>(window_size(height, width));
  if (height != height_ || width != width_) {
    height_ = height;
    width_ = width;
    top_ = height > rows ? (height - rows) / 2 : 0;
    left_ = width > columns ? (width - columns) / 2 : 0;
    repaint_ = true;
  }
  put(begin_frame);
  if (repaint_) put("\x1b[0m\x1b[2J");
  front_ = back_ = {};
  put_color(38, front_);
  put_color(48, back_);
  int next = -1;  // where the cursor is, as an index
  for (int i = 0; i < columns * rows; ++i) {
    const Cell& cell = wanted_[static_cast<std::size_t>(i)];
    if (!repaint_ && cell == shown_[static_cast<std::size_t>(i)]) continue;
    if (i != next || i % columns == 0) {
      char cursor[24];
      const int size = std::snprintf(cursor, sizeof cursor, "\x1b[%d;%dH", top_ + i / columns + 1,
                                     left_ + i % columns + 1);
      put({cursor, static_cast<std::size_t>(size)});
    }
    put_cell(cell);
    next = i + 1;
  }
  put("\x1b[0m");
  put(end_frame);
  flush();
  shown_ = wanted_;
  repaint_ = false;
}

void Screen::flush() noexcept {
  std::size_t done = 0;
  while (done < output_.size()) {
    const ssize_t written = write(STDOUT_FILENO, output_.data() + done, output_.size() - done);
    if (written > 0)
      done += static_cast<std::size_t>(written);
    else if (errno != EINTR && errno != EAGAIN)
      break;
  }
  output_.clear();
}

}  // namespace arena
