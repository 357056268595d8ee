// A host's own loop behind the Poller seam: what it is told, and when.
#include <spool/hosts/foreign_poller.h>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <map>
#include <optional>

#include <catch2/catch.hpp>

#include "spool/spool.h"

namespace spool::hosts {
namespace {

using namespace std::chrono_literals;

// Remembers what it is to watch; the test is the host.
struct FakeHost final : ForeignPoller {
  std::map<NativeHandle, Interest> watched;
  std::optional<Duration> timer;
  int timer_calls = 0;
  int refuse = 0;  // so many calls

  FakeHost() : ForeignPoller(nullptr) {}
  ~FakeHost() override { detach(); }

  Result<void> attach(EventLoop& loop) {
    if (attached()) return Error::invalid_argument;
    return start(loop);
  }
  void detach() { stop(); }
  using ForeignPoller::After;
  using ForeignPoller::turn;

  void* watch(NativeHandle fd, Interest interest) noexcept override {
    if (refuse > 0 && refuse-- > 0) return nullptr;
    REQUIRE(interest != Interest::none);
    REQUIRE(watched.emplace(fd, interest).second);
    return reinterpret_cast<void*>(static_cast<std::intptr_t>(fd) + 1);
  }
  bool change(void* watch, Interest interest) noexcept override {
    if (refuse > 0 && refuse-- > 0) return false;
    REQUIRE(interest != Interest::none);
    watched.at(number(watch)) = interest;
    return true;
  }
  void unwatch(void* watch) noexcept override { REQUIRE(watched.erase(number(watch)) == 1); }
  void set_timer(std::optional<Duration> delay) noexcept override {
    timer = delay;
    ++timer_calls;
  }
  static NativeHandle number(void* watch) {
    return static_cast<NativeHandle>(reinterpret_cast<std::intptr_t>(watch) - 1);
  }
};

struct StreamPair {
  std::array<int, 2> fds{};
  StreamPair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()) == 0); }
  ~StreamPair() {
    for (const int fd : fds) ::close(fd);
  }
};

struct HandClock final : Clock {
  Instant time{1h};
  [[nodiscard]] Instant now() noexcept override { return time; }
};

EventLoop make_loop(FakeHost& host, Clock* clock = nullptr) {
  EventLoopConfig config;
  config.poller = &host;
  config.clock = clock;
  return EventLoop::create(std::move(config)).value();
}

TEST_CASE("interest follows, and `none` is not watched at all") {
  FakeHost host;
  EventLoop loop = make_loop(host);
  host.attach(loop).value();
  const std::size_t own = host.watched.size();  // the loop's waker
  CHECK(own == 1);
  StreamPair pair;
  const NativeHandle fd = pair.fds[0];
  const Token token{1000, 1};
  REQUIRE(host.add(fd, Interest::none, token) == Error::none);
  CHECK(host.watched.size() == own);
  REQUIRE(host.modify(fd, Interest::read, token) == Error::none);
  CHECK(host.watched.at(fd) == Interest::read);
  REQUIRE(host.modify(fd, Interest::read_write, token) == Error::none);
  CHECK(host.watched.at(fd) == Interest::read_write);
  REQUIRE(host.modify(fd, Interest::none, token) == Error::none);
  CHECK(host.watched.count(fd) == 0);
  REQUIRE(host.modify(fd, Interest::write, token) == Error::none);
  std::array<PollEvent, 4> events{};
  CHECK(host.wait(events, Duration::zero()).value() == 1);
  CHECK(events[0].token == token);
  CHECK(events[0].ready.writable);
  CHECK_FALSE(events[0].ready.readable);
  host.remove(fd, token);
  CHECK(host.watched.size() == own);
  CHECK(host.wait(events, Duration::zero()).value() == 0);
}

TEST_CASE("nothing is watched before it is attached, everything after, nothing when detached") {
  FakeHost host;
  EventLoop loop = make_loop(host);
  Pull pull = loop.open<Pull>().value();
  pull.listen("tcp://127.0.0.1:0").value();
  for (int i = 0; i < 3; ++i) {
    CHECK(host.watched.empty());
    CHECK(host.attach(loop).ok());
    CHECK(host.attach(loop).error() == Error::invalid_argument);
    CHECK(host.watched.size() == 2);  // the waker, the listener
    host.detach();
    host.detach();
    CHECK_FALSE(host.timer.has_value());
  }
  pull.close();
  host.attach(loop).value();
  loop.poll_once();
  CHECK(host.watched.size() == 1);
}

TEST_CASE("a host without memory: nothing is attached, nothing is half registered") {
  FakeHost host;
  EventLoop loop = make_loop(host);
  host.refuse = 1;
  CHECK(host.attach(loop).error() == Error::no_memory);
  CHECK(host.watched.empty());
  CHECK_FALSE(host.attached());
  host.attach(loop).value();
  StreamPair pair;
  const NativeHandle fd = pair.fds[0];
  host.refuse = 1;
  CHECK(host.add(fd, Interest::read, Token{1000, 1}) == Error::no_memory);
  host.detach();
  host.attach(loop).value();
  CHECK(host.watched.size() == 1);  // the waker
  CHECK(host.add(fd, Interest::read, Token{1000, 2}) == Error::none);
  host.refuse = 1;
  CHECK(host.modify(fd, Interest::write, Token{1000, 2}) == Error::no_memory);
  CHECK(host.watched.at(fd) == Interest::read);
  // The reactor tries again.
  CHECK(host.modify(fd, Interest::write, Token{1000, 2}) == Error::none);
  CHECK(host.watched.at(fd) == Interest::write);
  host.refuse = 1;
  CHECK(host.modify(fd, Interest::none, Token{1000, 2}) == Error::none);
  CHECK(host.modify(fd, Interest::write, Token{1000, 2}) == Error::no_memory);
  CHECK(host.modify(fd, Interest::write, Token{1000, 2}) == Error::none);
  host.remove(fd, Token{1000, 2});
  // A listener is told of it, as by any poller.
  host.refuse = 1;
  Pull pull = loop.open<Pull>().value();
  CHECK_FALSE(pull.listen("tcp://127.0.0.1:0").ok());
  CHECK(host.watched.size() == 1);
}

TEST_CASE("the timer has the earliest deadline, is told of it once, and again when it came early") {
  HandClock clock;
  FakeHost host;
  EventLoop loop = make_loop(host, &clock);
  host.attach(loop).value();
  CHECK_FALSE(host.timer.has_value());
  Req req = loop.open<Req>().value();
  req.listen("tcp://127.0.0.1:0").value();
  for (int i = 0; i < 10 && loop.next_deadline().has_value(); ++i) host.turn(true);
  CHECK_FALSE(host.timer.has_value());
  Exchange exchange = req.request("?", {.deadline = 10s}).value();
  if (host.timer == Duration::zero()) host.turn(true);
  CHECK(host.timer == Duration(10s));
  // It changes nothing that a descriptor was ready, and so the host is not told.
  const int calls = host.timer_calls;
  clock.time += 1s;
  host.turn(false);
  CHECK(host.timer_calls == calls);
  // Early by the loop's clock: a one-shot timer is spent, and set again.
  clock.time += 3s;
  host.turn(true);
  CHECK(host.timer == Duration(6s));
  clock.time += 6s;
  host.turn(true);
  CHECK(exchange.try_recv().error() == Error::deadline_passed);
  while (host.timer == Duration::zero()) host.turn(true);
  CHECK_FALSE(host.timer.has_value());
}

TEST_CASE("what is due while nobody is attached is due when somebody is") {
  HandClock clock;
  FakeHost host;
  EventLoop loop = make_loop(host, &clock);
  Req req = loop.open<Req>().value();
  Exchange exchange = req.request("?", {.deadline = 10s}).value();
  loop.poll_once();
  clock.time += 4s;
  host.attach(loop).value();
  CHECK(host.timer == Duration(6s));
  host.detach();
  clock.time += 1h;
  host.attach(loop).value();
  CHECK(host.timer == Duration::zero());
}

TEST_CASE("a forked child detaches, and goes on with a host of its own") {
  FakeHost host;
  EventLoop loop = make_loop(host);
  host.attach(loop).value();
  Pull pull = loop.open<Pull>().value();
  pull.listen("tcp://127.0.0.1:0").value();
  const auto fork_and = [](auto&& in_child) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(in_child() ? 0 : 1);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  };
  CHECK(fork_and([&] {
    host.detach();
    return loop.after_fork_child().ok() && host.attach(loop).ok() && host.watched.size() == 1 &&
           loop.open<Pull>().value().listen("tcp://127.0.0.1:0").ok();
  }));
  CHECK(fork_and([&] { return loop.after_fork_child().error() == Error::not_supported; }));
  CHECK(host.watched.size() == 2);
}

TEST_CASE("work from outside of a turn is due at once, a turn that leaves work too") {
  FakeHost host;
  EventLoop loop = make_loop(host);
  host.attach(loop).value();
  Push push = loop.open<Push>().value();
  Pull pull = loop.open<Pull>().value();
  int received = 0;
  pull.on_readable([&] { received += pull.try_recv().ok() ? 1 : 0; });
  pull.listen("inproc://here").value();
  push.connect("inproc://here").value();
  CHECK(host.timer == Duration::zero());
  while (host.timer == Duration::zero()) host.turn(true);
  for (int i = 0; i < 3; ++i) push.try_send("x").value();
  int turns = 0;
  for (; host.timer == Duration::zero() && turns < 10; ++turns) host.turn(true);
  CHECK(received == 3);
  CHECK(turns >= 3);
  CHECK_FALSE(host.timer.has_value());
}

}  // namespace
}  // namespace spool::hosts
