// frame_time: how long poll_once takes while peers flood the loop. A child process floods one PULL
// socket over N connections; the parent plays a host at 60 frames a second and prints a histogram.
//
//   bazel run //bench:frame_time -- [CONNECTIONS] [FRAMES]
#include <spool/spool.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

[[noreturn]] void flood(const std::string& address, int connections) {
  ::alarm(300);
  auto loop = spool::EventLoop::create({}).value();
  std::vector<spool::Push> sockets;
  for (int i = 0; i < connections; ++i) {
    sockets.push_back(loop.open<spool::Push>().value());
    sockets.back().connect(address).value();
  }
  const std::string body(64, 'x');
  for (;;) {
    for (auto& socket : sockets)
      for (int i = 0; i < 64; ++i)
        if (!socket.try_send(body).ok()) break;
    loop.poll_once(1ms);
  }
}

double micros(Clock::duration length) {
  return std::chrono::duration<double, std::micro>(length).count();
}

}  // namespace

int main(int argc, char** argv) {
  const int connections = argc > 1 ? std::atoi(argv[1]) : 64;
  const int frames = argc > 2 ? std::atoi(argv[2]) : 600;
  if (connections < 1 || connections > 1000 || frames < 1) {
    std::fprintf(stderr, "usage: frame_time [CONNECTIONS 1..1000] [FRAMES 1..]\n");
    return 2;
  }
  auto loop = spool::EventLoop::create({}).value();
  auto pull = loop.open<spool::Pull>().value();
  const std::string address(pull.listen("tcp://127.0.0.1:0").value().address().text());
  const pid_t child = ::fork();
  if (child == 0) flood(address, connections);

  while (pull.peers() < static_cast<std::size_t>(connections)) loop.poll_once(10ms);
  std::vector<double> times;
  std::uint64_t received = 0;
  for (int frame = 0; frame < frames; ++frame) {
    const auto start = Clock::now();
    loop.poll_once();
    times.push_back(micros(Clock::now() - start));
    while (pull.try_recv().ok()) ++received;
    ::usleep(static_cast<useconds_t>(std::max(0.0, 16'667 - micros(Clock::now() - start))));
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);

  const double budget = micros(spool::Budget().time);
  std::sort(times.begin(), times.end());
  const auto at = [&](double share) {
    return times[std::min(times.size() - 1,
                          static_cast<std::size_t>(share * static_cast<double>(times.size())))];
  };
  std::printf("%d connections, %d frames, %llu messages received, budget %.0f us\n", connections,
              frames, static_cast<unsigned long long>(received), budget);
  std::printf("poll_once: p50 %.0f us, p99 %.0f us, p99.9 %.0f us, max %.0f us\n", at(0.5),
              at(0.99), at(0.999), times.back());
  for (double low = 0; low <= times.back(); low += 100) {
    const auto count = std::count_if(times.begin(), times.end(),
                                     [&](double time) { return time >= low && time < low + 100; });
    if (count != 0)
      std::printf("%5.0f - %5.0f us %6ld\n", low, low + 100, static_cast<long>(count));
  }
}
