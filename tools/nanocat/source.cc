#include "tools/nanocat/source.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "tools/nanocat/words.h"

namespace nanocat {

bool Source::open(const Options& options, int standard_input) {
  has_data_ = options.has_data();
  by_line_ = options.by_line;
  if (options.data) text_ = *options.data;
  if (!options.file) return true;
  path_ = *options.file;
  if (path_ == "-") {
    fd_ = standard_input;
  } else {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    owns_fd_ = true;
    if (fd_ < 0) {
      error_ = file_error("Error opening file", path_, errno);
      return false;
    }
  }
  if (by_line_) return true;
  for (;;) {
    const Fill filled = fill();
    if (filled == Fill::failed) return false;
    if (filled == Fill::end) return true;
    if (filled == Fill::some) continue;
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, -1) < 0) {
      error_ = file_error("Error reading file", path_, errno);
      return false;
    }
  }
}

Source::Next Source::next(std::string_view& body) {
  if (!has_data_) return Next::end;
  if (!by_line_) {
    body = text_;
    return Next::message;
  }
  for (;;) {
    const std::size_t newline = text_.find('\n', searched_);
    if (newline != std::string::npos) {
      body = std::string_view(text_).substr(position_, newline - position_);
      position_ = searched_ = newline + 1;
      return Next::message;
    }
    text_.erase(0, position_);
    position_ = 0;
    searched_ = text_.size();
    const Fill filled = fd_ >= 0 ? fill() : Fill::end;
    if (filled == Fill::failed) return Next::failed;
    if (filled == Fill::later) return Next::later;
    if (filled == Fill::some) continue;
    if (text_.empty()) return Next::end;
    text_ += '\n';  // the last line had none
  }
}

Source::Fill Source::fill() {
  pollfd ready{fd_, POLLIN, 0};
  if (::poll(&ready, 1, 0) == 0) return Fill::later;
  constexpr std::size_t chunk = 64u << 10;
  const std::size_t before = text_.size();
  text_.resize(before + chunk);
  const ssize_t got = ::read(fd_, text_.data() + before, chunk);
  const int os_error = errno;
  text_.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
  if (got > 0) return Fill::some;
  if (got < 0 && (os_error == EAGAIN || os_error == EINTR)) return Fill::later;
  if (got < 0) error_ = file_error("Error reading file", path_, os_error);
  close();
  return got < 0 ? Fill::failed : Fill::end;
}

void Source::close() {
  if (owns_fd_ && fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace nanocat
