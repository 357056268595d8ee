// fork(): what a child may do with its parent's loop, and what the parent never notices.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"
#include "tests/support/recording_poller.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

// Runs `work` in a child, which ends with what it returns; waits for it.
template <typename Work>
int in_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    ::_exit(work());
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

// A child cannot use the test framework: it returns the line that went wrong.
#define MUST(condition) \
  if (!(condition)) return __LINE__ % 256

// Whether a fresh pair of sockets in this loop talks.
int talk(EventLoop& loop, std::string_view address) {
  Result<Pull> pull = loop.open<Pull>();
  MUST(pull.ok());
  Result<Endpoint> endpoint = pull->listen(address);
  MUST(endpoint.ok());
  Result<Push> push = loop.open<Push>();
  MUST(push.ok());
  MUST(push->connect(std::string(endpoint->address().text())).ok());
  MUST(push->send_for("from the child", 10s).ok());
  const Result<Message> message = pull->recv_for(10s);
  MUST(message.ok() && message->text() == "from the child");
  return 0;
}

struct World {
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  Push push = loop.open<Push>().value();
  std::string address;

  explicit World(const char* transport) : address(listen_on(pull, transport)) {
    push.connect(address).value();
    REQUIRE(push.wait_for_peers(1, 10s).ok());
    REQUIRE(pull.wait_for_peers(1, 10s).ok());
  }
};

TEST_CASE("a child starts anew, and its parent goes on as if nothing had happened") {
  HangGuard guard;
  const auto* transport = GENERATE("tcp", "ipc", "inproc");
  CAPTURE(transport);
  World world(transport);
  const Result<NativeHandle> parents_fd = world.loop.backend_fd();
  {
    Batch batch(world.loop);  // gathered, and in the child's memory too
    for (int i = 0; i < 10; ++i) world.push.try_send("once " + std::to_string(i)).value();
    CHECK(in_child([&] {
            MUST(world.loop.after_fork_child().ok());
            MUST(!world.push.is_open() && !world.pull.is_open());
            MUST(world.push.try_send("no").error() == Error::closed);
            MUST(world.loop.stats().sockets == 0);
            MUST(!world.loop.next_deadline().has_value());
            if (parents_fd.ok()) MUST(world.loop.backend_fd().ok());
            for (int i = 0; i < 5; ++i) {
              const PollResult turn = world.loop.poll_once();
              MUST(turn.error == Error::none && !turn.more && turn.events == 0);
            }
            if (const int line = talk(world.loop, "tcp://127.0.0.1:0")) return line;
            return talk(world.loop, "inproc://child");
          }) == 0);
  }
  for (int i = 0; i < 10; ++i) CHECK(receive(world.pull) == "once " + std::to_string(i));
  world.push.send_for("still here", 10s).value();
  CHECK(receive(world.pull) == "still here");
  CHECK_FALSE(world.pull.try_recv().ok());
  // A new peer finds the listener.
  Push second = world.loop.open<Push>().value();
  second.connect(world.address).value();
  second.send_for("a second one", 10s).value();
  CHECK(receive(world.pull) == "a second one");
}

TEST_CASE("the child's end takes no file and no connection away from its parent") {
  HangGuard guard;
  World world("ipc");
  CHECK(in_child([&] {
          MUST(world.loop.after_fork_child().ok());
          World moved_away = std::move(world);
          return 0;
        }) == 0);
  struct stat file {};
  CHECK(::stat(world.address.c_str() + std::string("ipc://").size(), &file) == 0);
  for (int i = 0; i < 10; ++i) world.loop.poll_once(1ms);
  CHECK(world.push.peers() == 1);
  world.push.send_for("x", 10s).value();
  CHECK(receive(world.pull) == "x");
}

TEST_CASE("what was posted runs in the parent, once") {
  int ran = 0;
  EventLoop loop = EventLoop::create({}).value();
  loop.post([&] { ++ran; }).value();
  loop.wake();
  CHECK(in_child([&] {
          MUST(loop.after_fork_child().ok());
          loop.poll_once();
          MUST(ran == 0);
          MUST(loop.post([&] { ++ran; }).ok());
          loop.poll_once(Timeout::infinite());
          return ran == 1 ? 0 : __LINE__;
        }) == 0);
  loop.poll_once(Timeout::infinite());
  CHECK(ran == 1);
}

TEST_CASE("timers, exchanges and lookups of the parent are not the child's") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Req req = loop.open<Req>().value();
  req.connect("tcp://127.0.0.1:1").value();
  req.connect("tcp://nowhere.invalid:1").value();
  Exchange exchange = req.open_exchange({.deadline = 50ms}).value();
  exchange.request("x").value();
  loop.poll_once();
  CHECK(in_child([&] {
          MUST(loop.after_fork_child().ok());
          MUST(exchange.try_recv().error() == Error::closed);
          MUST(!loop.next_deadline().has_value());
          return 0;
        }) == 0);
  CHECK(exchange.recv_for(10s).error() == Error::deadline_passed);
}

TEST_CASE("within a callback it is refused, and nothing is closed") {
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  Error error = Error::none;
  loop.post([&] { error = loop.after_fork_child().error(); }).value();
  loop.poll_once();
  CHECK(error == Error::reentrant);
  CHECK(pull.is_open());
}

TEST_CASE("with a poller that cannot start anew the loop says so, and can be destroyed") {
  testing::RecordingPoller poller;
  EventLoopConfig config;
  config.poller = &poller;
  EventLoop loop = EventLoop::create(std::move(config)).value();
  Pull pull = loop.open<Pull>().value();
  pull.listen("tcp://127.0.0.1:0").value();
  CHECK(loop.after_fork_child().error() == Error::not_supported);
  CHECK_FALSE(pull.is_open());
  CHECK(loop.poll_once().error == Error::not_supported);
}

}  // namespace
}  // namespace spool
