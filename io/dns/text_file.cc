#include "spool/io/dns/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace spool::io::dns {

LineReader::LineReader(const char* path, std::size_t limit) noexcept
    : fd_(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)), left_(limit) {
  struct stat file {};
  if (fd_ && (::fstat(fd_.get(), &file) != 0 || !S_ISREG(file.st_mode))) fd_.reset();
}

bool LineReader::fill() noexcept {
  if (!fd_ || left_ == 0) return false;
  if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t room = std::min(left_, buffer_.size() - end_);
  ssize_t got = 0;
  do got = ::read(fd_.get(), buffer_.data() + end_, room);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  end_ += static_cast<std::size_t>(got);
  left_ -= static_cast<std::size_t>(got);
  return true;
}

bool LineReader::next(std::string_view& line) noexcept {
  for (;;) {
    const std::string_view have(buffer_.data() + begin_, end_ - begin_);
    const std::size_t size = have.find('\n');
    if (size != std::string_view::npos) {
      line = have.substr(0, size);
      begin_ += size + 1;
      if (std::exchange(skipping_, false)) continue;
      return true;
    }
    if (have.size() == buffer_.size()) {
      begin_ = end_ = 0;
      skipping_ = true;
    }
    if (fill()) continue;
    // The last line may have no end; one that the limit has cut is not to be trusted.
    line = {buffer_.data() + begin_, end_ - begin_};
    const bool last = !line.empty() && !skipping_ && left_ != 0;
    begin_ = end_ = 0;
    return last;
  }
}

std::string_view take_word(std::string_view& line) noexcept {
  constexpr std::string_view space = " \t\r\f\v";
  line.remove_prefix(std::min(line.find_first_not_of(space), line.size()));
  const std::size_t size = std::min(line.find_first_of(space), line.size());
  const std::string_view word = line.substr(0, size);
  line.remove_prefix(size);
  return word;
}

}  // namespace spool::io::dns
