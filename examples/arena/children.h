// Children: the processes that the parent has started.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace arena {

// Owned by the parent. Whoever is still there when it goes is killed, by its pid.
class Children {
 public:
  // What the children write to stderr is appended to this file.
  explicit Children(std::string error_file);
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  ~Children();

  // Starts this program again, with these arguments. False, with a message, when it cannot.
  [[nodiscard]] bool start(const std::vector<std::string>& arguments);
  // Looks who has ended; never waits.
  void look() noexcept;

  [[nodiscard]] int started() const noexcept { return static_cast<int>(pids_.size()); }
  [[nodiscard]] int running() const noexcept { return running_; }
  // Ended otherwise than with 0, or killed.
  [[nodiscard]] int failed() const noexcept { return failed_; }
  // Ends those that are left.
  void kill_all() noexcept;

 private:
  std::string error_file_;
  std::vector<pid_t> pids_;  // 0: has ended
  int running_ = 0;
  int failed_ = 0;
};

}  // namespace arena
