// one_way: messages per second from one process to another, PUSH to PULL, a plain try_send loop
// with poll_once when it would block.
//
//   bazel run //bench:one_way -- [SIZE] [COUNT] [ADDRESS]
#include <spool/spool.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace std::chrono_literals;

namespace {

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int send(const std::string& address, std::size_t size, long count) {
  ::alarm(300);
  auto loop = spool::EventLoop::create({}).value();
  auto push = loop.open<spool::Push>().value();
  push.connect(address).value();
  const std::string body(size, 'x');
  const double before = cpu_seconds();
  for (long i = 0; i < count;) {
    if (push.try_send(body).ok())
      ++i;
    else
      loop.poll_once(1s);
  }
  push.close();
  const bool drained = loop.drain_for(60s).value();
  std::printf("sender:   %.1f ns of CPU time per message\n",
              (cpu_seconds() - before) * 1e9 / static_cast<double>(count));
  return drained ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto size = static_cast<std::size_t>(argc > 1 ? std::atol(argv[1]) : 64);
  const long count = argc > 2 ? std::atol(argv[2]) : 5'000'000;
  const std::string where = argc > 3 ? argv[3] : "tcp://127.0.0.1:0";
  if (size > (1u << 20) || count < 1) {
    std::fprintf(stderr, "usage: one_way [SIZE 0..1048576] [COUNT 1..] [ADDRESS]\n");
    return 2;
  }
  auto loop = spool::EventLoop::create({}).value();
  auto pull = loop.open<spool::Pull>().value();
  const auto endpoint = pull.listen(where);
  if (!endpoint.ok()) {
    std::fprintf(stderr, "one_way: %.*s\n", static_cast<int>(loop.last_error().size()),
                 loop.last_error().data());
    return 1;
  }
  const std::string address(endpoint->address().text());
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    const int result = send(address, size, count);
    std::fflush(stdout);
    ::_exit(result);
  }
  while (!pull.can_recv()) loop.poll_once(1s);
  const auto start = std::chrono::steady_clock::now();
  const double before = cpu_seconds();
  for (long received = 0; received < count;) {
    while (pull.try_recv().ok()) ++received;
    if (received < count) loop.poll_once(1s);
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("receiver: %.1f ns of CPU time per message\n",
              (cpu_seconds() - before) * 1e9 / static_cast<double>(count));
  loop.poll_once(10ms);
  int status = 0;
  ::waitpid(child, &status, 0);
  std::printf("%zu bytes: %.2f million messages per second, %.1f MB/s\n", size,
              static_cast<double>(count) / seconds / 1e6,
              static_cast<double>(count) * static_cast<double>(size) / seconds / 1e6);
  return status;
}
