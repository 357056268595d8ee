// The whole turn, steps 1 to 10: see loop/reactor.h.
#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "context_rig.h"
#include "tests/support/fake_pipe.h"
#include "tests/support/recording_poller.h"

namespace spool::core {
namespace {

using Log = std::vector<std::string>;

struct Output final : loop::Flushable {
  Log* log = nullptr;
  const char* name = "";
  void flush() noexcept override { log->push_back(name); }
};
struct Input final : loop::Source {
  Log* log = nullptr;
  std::function<void()> work = [] {};
  void on_ready(Readiness) noexcept override {
    log->push_back("5 descriptor");
    work();
  }
};
struct Alarm {
  Log* log = nullptr;
  void fire() noexcept { log->push_back("6 timer"); }
  loop::Timer timer{loop::Timer::call<&Alarm::fire, Alarm>, this};
};

TEST_CASE("a turn does its ten steps in order") {
  testing::RecordingPoller poller;
  testing::PipeWorld world;
  testing::FakePipe pipe(world.pool, world.config, world.owner);
  Log log;
  EventLoopConfig config;
  config.poller = &poller;
  ContextRig rig(std::move(config));
  loop::Reactor& reactor = rig.context->reactor();
  Socket& pull = rig.open(SocketType::pull);
  Socket& push = rig.open(SocketType::push);
  rig.link(pull, push);
  rig.events.clear();

  Input input;
  input.log = &log;
  Output before;
  before.log = &log;
  before.name = "1 flush";
  Output after;
  after.log = &log;
  after.name = "9 flush";
  Alarm alarm;
  alarm.log = &log;
  const Token token = reactor.add(1000, Interest::read, input).value();
  poller.ready[1000] = {true, false};
  int looks = 0;
  poller.on_wait = [&] {
    log.push_back("3 wait");
    looks = rig.clock.looks;
  };
  input.work = [&] { CHECK(rig.clock.looks == looks + 1); };  // step 4, once
  pipe.on_dispose = [&] { log.push_back("10 free"); };
  loop::Task task([&] { log.push_back("7 task"); });
  pull.set_on_readable([&] {
    log.push_back("8 notice");
    reactor.request_flush(after);
    rig.context->reap(pipe);
  });
  REQUIRE(rig.send(push, "x") == Error::none);
  reactor.request_flush(before);
  reactor.schedule_after(alarm.timer, 0ms);
  REQUIRE(reactor.post(task) == Error::none);

  const PollResult result = rig.context->poll_once(Timeout::none(), {0, 0, 0, Duration::zero()});
  CHECK(log == Log{"1 flush", "3 wait", "5 descriptor", "6 timer", "7 task", "8 notice", "9 flush",
                   "10 free"});
  // Step 4, one after the descriptors and one after the timers, two for each call, and the end.
  CHECK(rig.clock.looks <= looks + 8);
  CHECK(result.events == 1);
  CHECK(result.timers == 1);
  CHECK(result.posted == 1);
  CHECK(result.notices == 1);
  CHECK(result.error == Error::none);
  reactor.remove(token);
}

TEST_CASE("events come before the notices of sockets, and what they cause comes next turn") {
  Log log;
  testing::FakeClock clock;
  EventLoopConfig config;
  config.clock = &clock;
  config.seed = 1;
  Anchor* anchor = Anchor::create(nullptr, 0, 0);
  Context* made = nullptr;
  Socket* late = nullptr;
  config.on_event = [&](const Event& event) {
    log.push_back(to_string(event.kind));
    if (late != nullptr)
      REQUIRE(made->listen(*std::exchange(late, nullptr), "inproc://late", {}).ok());
  };
  {
    Context context(*anchor, std::move(config));
    made = &context;
    Explanation why;
    REQUIRE(context.start(why) == Error::none);
    Socket& push = *context.find(context.open(SocketType::push, false, {}).value());
    late = context.find(context.open(SocketType::pull, false, {}).value());
    push.set_on_writable([&] { log.push_back("writable"); });
    Socket& pull = *context.find(context.open(SocketType::pull, false, {}).value());
    REQUIRE(context.listen(pull, "inproc://a", {}).ok());
    REQUIRE(context.connect(push, "inproc://a", {}).ok());
    PollResult first = context.poll_once(Timeout::none(), {});
    CHECK(log ==
          Log{"listening", "connecting", "accepted", "peer joined", "peer joined", "writable"});
    CHECK(first.notices == 6);
    CHECK(first.more);
    log.clear();
    CHECK(context.poll_once(Timeout::none(), {}).notices == 1);
    CHECK(log == Log{"listening"});
  }
  anchor->release();
}

TEST_CASE("events beyond the queue are counted and dropped, the first ones are kept") {
  EventLoopConfig config;
  config.event_queue = 3;
  ContextRig rig(std::move(config));
  Socket& pull = rig.open(SocketType::pull);
  for (int i = 0; i < 5; ++i)
    REQUIRE(rig.context->listen(pull, "inproc://name" + std::to_string(i), {}).ok());
  CHECK(rig.context->stats().events_dropped == 2);
  rig.turn();
  REQUIRE(rig.events.size() == 3);
  CHECK(rig.events[0].address.text() == "inproc://name0");
  CHECK(rig.events[2].address.text() == "inproc://name2");
  REQUIRE(rig.context->listen(pull, "inproc://name9", {}).ok());
  rig.turn();
  CHECK(rig.events.back().address.text() == "inproc://name9");
  CHECK(rig.context->stats().events_dropped == 2);
}

TEST_CASE("without anybody to hear them events cost nothing and are not dropped") {
  EventLoopConfig config;
  config.event_queue = 1;
  Anchor* anchor = Anchor::create(nullptr, 0, 0);
  {
    Context context(*anchor, std::move(config));
    Explanation why;
    REQUIRE(context.start(why) == Error::none);
    Socket& pull = *context.find(context.open(SocketType::pull, false, {}).value());
    for (int i = 0; i < 5; ++i)
      REQUIRE(context.listen(pull, "inproc://name" + std::to_string(i), {}).ok());
    CHECK(context.stats().events_dropped == 0);
  }
  anchor->release();
}

TEST_CASE("the log gets each event as a line, from its level on") {
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warning}) {
    std::vector<std::string> lines;
    EventLoopConfig config;
    config.log_level = level;
    config.log = [&](LogLevel, std::string_view line) { lines.emplace_back(line); };
    ContextRig rig(std::move(config));
    Socket& pair = rig.open(SocketType::pair);
    REQUIRE(rig.context->listen(pair, "inproc://p", {}).ok());
    REQUIRE(rig.context->connect(rig.open(SocketType::pair), "inproc://p", {}).ok());
    REQUIRE(rig.context->connect(rig.open(SocketType::pair), "inproc://p", {}).ok());
    rig.turns(2);
    const auto has = [&](const char* line) {
      return std::find(lines.begin(), lines.end(), line) != lines.end();
    };
    CHECK(has("inproc://p: listening") == (level <= LogLevel::info));
    CHECK(has("inproc://p: peer joined (1)") == (level <= LogLevel::info));
    CHECK(has("inproc://p: peer refused: refused"));
  }
}

}  // namespace
}  // namespace spool::core
