// What only EpollPoller has: kernels and sandboxes without epoll_pwait2().
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstddef>

#include "tests/loop/poller_rig.h"

namespace spool::loop {
namespace {

// From here on, in this process, the system call fails with this errno.
bool forbid(std::uint32_t system_call, std::uint32_t errno_value) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, system_call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errno_value),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{4, code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

enum Outcome { as_expected, no_seccomp, failed_wait, too_short, event_without_cause, missed };

Outcome wait_without_pwait2(std::uint32_t errno_value) {
  if (!forbid(SYS_epoll_pwait2, errno_value)) return no_seccomp;
  SystemMemory memory;
  Box<Poller> poller = EpollPoller::create(memory).value();
  Pair pair;
  if (poller->add(pair.near.get(), Interest::read, {0, 1}) != Error::none) return failed_wait;
  PollEvent events[4];
  for (const Duration length : {Duration(1ns), Duration(250us), Duration(1500us), Duration(5ms)}) {
    Result<std::size_t> count = Error::system;
    if (time_of([&] { count = poller->wait(events, length); }) < length) return too_short;
    if (!count.ok()) return failed_wait;
    if (*count != 0) return event_without_cause;
  }
  pair.make_readable();
  Result<std::size_t> count = poller->wait(events, Duration::max());
  return count.ok() && *count == 1 ? as_expected : missed;
}

TEST_CASE("without epoll_pwait2 waits take whole milliseconds, rounded up") {
  const int errno_value = GENERATE(ENOSYS, EPERM);
  CAPTURE(errno_value);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(wait_without_pwait2(static_cast<std::uint32_t>(errno_value)));
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == no_seccomp) return;  // forbidden here: nothing to see
  CHECK(WEXITSTATUS(status) == as_expected);
}

TEST_CASE("what epoll cannot watch is an invalid argument") {
  Rig<EpollPoller> rig;
  OwnedFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  REQUIRE(file);
  CHECK(rig.poller.add(file.get(), Interest::read, {0, 1}) == Error::invalid_argument);
  CHECK(rig.poller.add(file.get(), Interest::none, {0, 1}) == Error::invalid_argument);
}

}  // namespace
}  // namespace spool::loop
