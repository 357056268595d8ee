// Source: where the messages to send come from: --data or --file, whole or by the line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/nanocat/options.h"

namespace nanocat {

// Owns the descriptor that it opens. Reads lines without ever waiting; a file that is sent whole is
// read to its end when the source is opened.
class Source {
 public:
  enum class Next : std::uint8_t {
    message,  // here it is
    later,    // none now: watch fd()
    end,
    failed,  // error() has the text
  };

  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source() { close(); }

  // False: error() has the text to print. Without --data and --file the source is at its end.
  [[nodiscard]] bool open(const Options& options, int standard_input);

  // `body` is valid until the next call. What is not by line is the same message again and again.
  [[nodiscard]] Next next(std::string_view& body);

  [[nodiscard]] bool is_by_line() const { return by_line_; }
  [[nodiscard]] int fd() const { return fd_; }  // -1: nothing to watch
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  enum class Fill : std::uint8_t { some, later, end, failed };

  // One read, appended to text_.
  [[nodiscard]] Fill fill();
  void close();

  std::string path_;
  std::string text_;          // whole: the message. By line: what was read and not handed out yet
  std::size_t position_ = 0;  // by line: where the next line begins in text_
  std::size_t searched_ = 0;  // by line: no newline from position_ to here
  std::string error_;
  int fd_ = -1;
  bool owns_fd_ = false;
  bool has_data_ = false;
  bool by_line_ = false;
};

}  // namespace nanocat
