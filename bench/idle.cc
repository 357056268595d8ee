// idle: what a poll_once costs that finds nothing to do: time, system calls, memory.
//
//   bazel run //bench:idle -- [CALLS]
//
// The system calls are counted by ptrace, in a process that does nothing else.
#include <spool/spool.h>

#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bench/figures.h"

using namespace std::chrono_literals;

namespace {

// A socket that listens, and so many peers without the library that say nothing.
class Idle {
 public:
  explicit Idle(int connections) {
    const std::string address(pull_.listen("tcp://127.0.0.1:0").value().address().text());
    const auto port = static_cast<std::uint16_t>(std::atoi(&address[address.rfind(':') + 1]));
    for (int i = 0; i < connections; ++i) {
      connect_to(port);
      while (pull_.peers() < peers_.size()) loop.poll_once(1s);
    }
    for (int i = 0; i < 100; ++i) loop.poll_once();
  }
  Idle(const Idle&) = delete;
  Idle& operator=(const Idle&) = delete;
  ~Idle() {
    for (const int peer : peers_) ::close(peer);
  }

  spool::EventLoop loop = spool::EventLoop::create({}).value();

 private:
  void connect_to(std::uint16_t port) {
    constexpr std::string_view header("\0SP\0\0\x50\0\0", 8);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 ||
        ::send(fd, header.data(), header.size(), 0) != 8) {
      std::perror("idle: connect");
      ::_exit(1);
    }
    peers_.push_back(fd);
  }

  spool::Pull pull_ = loop.open<spool::Pull>().value();
  std::vector<int> peers_;
};

// Between two of these, which nothing else calls, system calls are counted.
void mark() { ::syscall(SYS_getppid); }

long system_calls(int connections, int calls) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    Idle idle(connections);
    mark();
    for (int i = 0; i < calls; ++i) idle.loop.poll_once();
    mark();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) != 0) {
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    return -1;
  }
  long count = 0;
  bool counting = false;
  for (bool entering = true;; entering = !entering) {
    ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    if (::waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status)) return count;
    if (!entering || WSTOPSIG(status) != (SIGTRAP | 0x80)) continue;
    __ptrace_syscall_info info{};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
    if (info.entry.nr == SYS_getppid)
      counting = !counting;
    else if (counting)
      ++count;
  }
}

double nanos_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

bool measure(int connections, int calls) {
  constexpr int together = 100;  // so that the looks at the clock cost nothing
  const long counted = system_calls(connections, 1000);
  Idle idle(connections);
  const std::uint64_t allocations = idle.loop.stats().allocations;
  bench::Figures each;
  bench::Figures single;
  for (int i = 0; i < calls; i += together) {
    auto start = std::chrono::steady_clock::now();
    for (int j = 0; j < together; ++j) idle.loop.poll_once();
    each.add(nanos_since(start) / together);
    start = std::chrono::steady_clock::now();
    idle.loop.poll_once();
    single.add(nanos_since(start));
  }
  const std::uint64_t allocated = idle.loop.stats().allocations - allocations;
  std::printf("%11d %9.0f %9.0f ", connections, each.at(0.5), single.at(0.99));
  if (counted < 0)
    std::printf("%13s ", "no ptrace");
  else
    std::printf("%13.3f ", static_cast<double>(counted) / 1000);
  std::printf("%12llu\n", static_cast<unsigned long long>(allocated));
  return each.at(0.5) < 1000 && allocated == 0 && (counted == 1000 || counted < 0);
}

}  // namespace

int main(int argc, char** argv) {
  const int calls = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
  if (calls < 1000) {
    std::fprintf(stderr, "usage: idle [CALLS 1000..]\n");
    return 2;
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  std::printf("%11s %9s %9s %13s %12s\n", "connections", "p50 ns", "p99 ns", "system calls",
              "allocations");
  bool good = true;
  for (const int connections : {0, 1, 64, 1000}) good = measure(connections, calls) && good;
  std::printf("%s: below a microsecond, one system call, nothing allocated\n",
              good ? "holds" : "DOES NOT HOLD");
  return good ? 0 : 1;
}
