#include "examples/arena/children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <utility>

namespace arena {

Children::Children(std::string error_file) : error_file_(std::move(error_file)) {}

Children::~Children() { kill_all(); }

bool Children::start(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  argv.push_back(program_invocation_short_name);
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, error_file_.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, "/proc/self/exe", &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    std::fprintf(stderr, "%s: cannot start a process: %s\n", program_invocation_short_name,
                 std::strerror(error));
    return false;
  }
  pids_.push_back(pid);
  ++running_;
  return true;
}

void Children::look() noexcept {
  for (pid_t& pid : pids_) {
    int status = 0;
    if (pid == 0 || waitpid(pid, &status, WNOHANG) != pid) continue;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) ++failed_;
    pid = 0;
    --running_;
  }
}

void Children::kill_all() noexcept {
  look();
  for (pid_t& pid : pids_) {
    if (pid == 0) continue;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    ++failed_;
    pid = 0;
    --running_;
  }
}

}  // namespace arena
