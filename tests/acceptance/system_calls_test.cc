// System calls, counted by ptrace from outside: idle turns, batches, single sends.
#include <spool/spool.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "tests/acceptance/child.h"

using namespace spool;
using namespace std::chrono_literals;

namespace {

// Marks the beginning and the end of what is counted: a call that nothing else makes.
void mark() { ::syscall(SYS_getppid); }

// Runs `body` in a traced child; returns the numbers of the system calls between two marks.
std::vector<long> calls_between_marks(const std::function<void()>& body) {
  Child child([&] {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    body();
    return 0;
  });
  std::vector<long> calls;
  int status = 0;
  bool counting = false;
  bool entering = true;
  ::waitpid(child.pid(), &status, 0);
  ::ptrace(PTRACE_SETOPTIONS, child.pid(), nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  for (;;) {
    ::ptrace(PTRACE_SYSCALL, child.pid(), nullptr, nullptr);
    if (::waitpid(child.pid(), &status, 0) < 0 || WIFEXITED(status) || WIFSIGNALED(status)) break;
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != (SIGTRAP | 0x80)) continue;
    if (entering) {
      __ptrace_syscall_info info{};
      ::ptrace(PTRACE_GET_SYSCALL_INFO, child.pid(), sizeof info, &info);
      const long number = static_cast<long>(info.entry.nr);
      if (number == SYS_getppid)
        counting = !counting;
      else if (counting)
        calls.push_back(number);
    }
    entering = !entering;
  }
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  return calls;
}

// Two linked sockets in one loop, warmed up.
struct Link {
  Link() {
    push.connect(pull.listen("tcp://127.0.0.1:0").value().address().text()).value();
    for (int i = 0; i < 3; ++i) {
      auto message = loop.message("warm").value();
      push.send_for(message, 10s).value();
      pull.recv_for(10s).value();
    }
    {
      Batch batch(loop);
      for (int i = 0; i < 1000; ++i)
        push.try_send("a burst, so that later ones find their memory made").value();
    }
    for (int i = 0; i < 1000; ++i) pull.recv_for(10s).value();
    loop.poll_once();
  }
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  Push push = loop.open<Push>().value();
};

}  // namespace

TEST_CASE("An idle poll_once is exactly one system call") {
  const auto calls = calls_between_marks([] {
    Link link;
    mark();
    for (int i = 0; i < 10; ++i) link.loop.poll_once();
    mark();
  });
  CHECK(calls.size() == 10);
}

TEST_CASE("An idle poll_once is one system call with a nested host and a timer waiting, too") {
  const auto calls = calls_between_marks([] {
    Link link;
    // A connection that is tried again later keeps a timer pending.
    link.push.connect("tcp://127.0.0.1:1").value();
    static_cast<void>(link.loop.backend_fd());
    link.loop.poll_once(5ms);
    const auto quiet = link.loop.next_deadline();
    if (!quiet.has_value() || *quiet - link.loop.now() < 1ms) link.loop.poll_once(20ms);
    mark();
    link.loop.poll_once();
    mark();
  });
  CHECK(calls.size() <= 12);  // one, or a retry that happened to be due
}

TEST_CASE("poll_once without anything registered makes no system call") {
  const auto calls = calls_between_marks([] {
    auto loop = EventLoop::create({}).value();
    loop.poll_once();
    mark();
    for (int i = 0; i < 10; ++i) loop.poll_once();
    mark();
  });
  CHECK(calls.empty());
}

TEST_CASE(
    "A single send is one system call, and so is a batch of a thousand small ones per 64,000 "
    "bytes") {
  const auto single = calls_between_marks([] {
    Link link;
    mark();
    link.push.try_send("now").value();
    mark();
  });
  CHECK(single == std::vector<long>{SYS_sendmsg});
  const auto batch = calls_between_marks([] {
    Link link;
    mark();
    {
      Batch batch(link.loop);
      for (int i = 0; i < 1000; ++i)
        link.push.try_send("fifty bytes or so, times a thousand, in one call").value();
    }
    mark();
  });
  CHECK(batch == std::vector<long>{SYS_sendmsg});
}

TEST_CASE("Receiving a burst takes one wait and one read") {
  const auto calls = calls_between_marks([] {
    Link link;
    {
      Batch batch(link.loop);
      for (int i = 0; i < 500; ++i) link.push.try_send("a burst").value();
    }
    mark();
    link.loop.poll_once(1s);
    int received = 0;
    while (auto message = link.pull.try_recv()) ++received;
    mark();
    if (received != 500) ::_exit(9);
  });
  CHECK(calls.size() == 2);
}
