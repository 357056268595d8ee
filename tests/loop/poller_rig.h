// What the tests of pollers share: descriptors in the states they need, and waits that are looked
// at as a whole.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include <catch2/catch.hpp>

#include "spool/loop/box.h"
#include "spool/loop/memory.h"
#include "spool/loop/owned_fd.h"
#include "spool/loop/poller.h"
#include "spool/loop/poller_epoll.h"
#include "spool/loop/poller_kqueue.h"
#include "spool/loop/poller_poll.h"

namespace spool {

inline bool operator==(Readiness a, Readiness b) {
  return a.readable == b.readable && a.writable == b.writable;
}

}  // namespace spool

namespace spool::loop {

// Every poller that can be built here. kqueue's runs over tests/support/kqueue_emulation.
#define SPOOL_EVERY_POLLER \
  ::spool::loop::EpollPoller, ::spool::loop::PollPoller, ::spool::loop::KqueuePoller
// Those that have a descriptor of their own.
#define SPOOL_NESTING_POLLERS ::spool::loop::EpollPoller, ::spool::loop::KqueuePoller

using namespace std::chrono_literals;

// Kills a test that hangs, which a test runner would notice only much later.
class HangGuard {
 public:
  HangGuard() { ::alarm(10); }
  ~HangGuard() { ::alarm(0); }
};

// Two connected stream sockets that never block.
struct Pair {
  OwnedFd near;
  OwnedFd far;
  Pair() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    near = OwnedFd(fds[0]);
    far = OwnedFd(fds[1]);
  }
  // `near` becomes readable, and stops to be.
  void make_readable() { REQUIRE(::send(far.get(), "x", 1, MSG_NOSIGNAL) == 1); }
  void drain() {
    char bytes[4096];
    while (::read(near.get(), bytes, sizeof bytes) > 0) {
    }
  }
  // `near` stops to be writable, and becomes it again.
  void fill() {
    const char bytes[4096] = {};
    while (::send(near.get(), bytes, sizeof bytes, MSG_NOSIGNAL) > 0) {
    }
  }
  void unfill() {
    char bytes[4096];
    while (::read(far.get(), bytes, sizeof bytes) > 0) {
    }
  }
};

constexpr Readiness nothing{false, false};
constexpr Readiness readable{true, false};
constexpr Readiness writable{false, true};
constexpr Readiness both{true, true};

// A poller, and its events merged per token: a poller may report a descriptor in two pieces.
template <typename P>
struct Rig {
  HangGuard guard;
  SystemMemory system;
  LimitedMemory memory{system, 0};
  Box<Poller> owner = P::create(memory).value();
  Poller& poller = *owner;

  using Seen = std::map<std::uint64_t, Readiness>;

  Seen wait(std::optional<Duration> length, std::size_t room = 256) {
    std::vector<PollEvent> events(room);
    const Result<std::size_t> result = poller.wait(events, length);
    REQUIRE(result.ok());
    const std::size_t count = result.value();
    REQUIRE(count <= room);
    Seen seen;
    for (std::size_t i = 0; i < count; ++i) {
      Readiness& ready = seen[events[i].token.value()];
      ready.readable |= events[i].ready.readable;
      ready.writable |= events[i].ready.writable;
      REQUIRE((events[i].ready.readable || events[i].ready.writable));
    }
    return seen;
  }
  Seen ready_now() { return wait(Duration::zero()); }
  // What is reported now of one registration.
  Readiness ready_now(Token token) {
    const Seen seen = ready_now();
    const auto found = seen.find(token.value());
    return found == seen.end() ? nothing : found->second;
  }
  void add(const OwnedFd& fd, Interest interest, Token token) {
    REQUIRE(poller.add(fd.get(), interest, token) == Error::none);
  }
  void modify(const OwnedFd& fd, Interest interest, Token token) {
    REQUIRE(poller.modify(fd.get(), interest, token) == Error::none);
  }
  void remove(const OwnedFd& fd, Token token) { poller.remove(fd.get(), token); }
};

// How long `work` takes.
template <typename Work>
std::chrono::nanoseconds time_of(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::steady_clock::now() - start;
}

// The processor time that `work` takes in this thread: sleeping costs none, spinning all.
template <typename Work>
std::chrono::nanoseconds cpu_time_of(Work work) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  };
  const auto start = now();
  work();
  return now() - start;
}

// The descriptors this process has open.
inline std::vector<int> open_descriptors() {
  std::vector<int> result;
  for (int fd = 0; fd < 1024; ++fd)
    if (::fcntl(fd, F_GETFD) >= 0) result.push_back(fd);
  return result;
}

}  // namespace spool::loop
