// Directory: of a match: for its ipc sockets, and for what its processes complain about.
#pragma once

#include <string>

namespace arena {

// A new one in /tmp, removed with all that is in it at the end. Leaves the program when it cannot
// be made.
class Directory {
 public:
  explicit Directory(const std::string& name);
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory();
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace arena
