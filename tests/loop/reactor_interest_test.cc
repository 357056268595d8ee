// Interest that the poller could not take: a kqueue, or a host's own poller, may have no memory.
#include <catch2/catch.hpp>

#include "spool/loop/reactor.h"
#include "tests/support/fake_clock.h"
#include "tests/support/recording_poller.h"

using namespace spool;
using namespace spool::testing;

namespace {

class CountingSource final : public loop::Source {
 public:
  void on_ready(Readiness) noexcept override { ++calls; }
  int calls = 0;
};

struct Rig {
  Rig() {
    loop::ReactorConfig config;
    config.poller = &poller;
    config.threads = false;
    REQUIRE(reactor.open(config) == Error::none);
    token = reactor.add(7, Interest::read, source).value();
  }
  ~Rig() { reactor.remove(token); }
  void turn() {
    PollResult result;
    REQUIRE(reactor.begin_turn(Timeout::none(), Budget(), result) == Error::none);
    reactor.end_turn(result, false);
  }
  SystemMemory memory;
  FakeClock clock;
  RecordingPoller poller;
  CountingSource source;
  loop::Reactor reactor{memory, clock};
  Token token;
};

}  // namespace

TEST_CASE("interest that the poller has no memory for is set by a later turn") {
  Rig rig;
  rig.poller.modify_error = Error::no_memory;
  rig.reactor.set_interest(rig.token, Interest::read_write);
  CHECK(rig.poller.registered[7].interest == Interest::read);
  rig.turn();
  CHECK(rig.poller.registered[7].interest == Interest::read);
  rig.poller.modify_error = Error::none;
  rig.turn();
  CHECK(rig.poller.registered[7].interest == Interest::read_write);
  const int modifications = rig.poller.modifications;
  rig.turn();
  CHECK(rig.poller.modifications == modifications);
}

TEST_CASE("an event that nobody asks for any more is not served, told or not") {
  Rig rig;
  rig.poller.ready[7] = {true, false};
  rig.poller.modify_error = Error::no_memory;
  rig.reactor.set_interest(rig.token, Interest::none);
  rig.turn();
  CHECK(rig.source.calls == 0);
  rig.poller.modify_error = Error::none;
  rig.reactor.set_interest(rig.token, Interest::read);
  rig.turn();
  CHECK(rig.source.calls == 1);
}
