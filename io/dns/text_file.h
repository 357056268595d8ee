// LineReader: a small text file, line by line. For files of the system that are on a disk: it does
// not wait for anything else (a pipe counts as empty).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "spool/loop/owned_fd.h"

namespace spool::io::dns {

// A local variable: 4 KiB on the stack. Longer lines are left out, and so is what stands behind the
// first `limit` bytes. A file that cannot be read is empty.
class LineReader {
 public:
  LineReader(const char* path, std::size_t limit) noexcept;

  // The next line without its end, valid until the next call; false at the end of the file.
  [[nodiscard]] bool next(std::string_view& line) noexcept;

 private:
  // Reads on behind what is there; false when nothing came.
  [[nodiscard]] bool fill() noexcept;

  loop::OwnedFd fd_;
  std::size_t left_;  // of the limit
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool skipping_ = false;  // within a line that is too long
  std::array<char, 4096> buffer_;
};

// The next word of a line, which loses it; empty at the end. Spaces and tabs are between words.
[[nodiscard]] std::string_view take_word(std::string_view& line) noexcept;

}  // namespace spool::io::dns
