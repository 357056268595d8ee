// What the tests of connector and acceptor share: a reactor that stands still, and fakes around it.
#pragma once

#include <catch2/catch.hpp>

#include "spool/core/backoff.h"
#include "spool/loop/reactor.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/fake_transport.h"
#include "tests/support/recording_poller.h"

namespace spool::core {

using namespace std::chrono_literals;
using Kinds = std::vector<EventKind>;

struct EndpointRig {
  testing::PipeWorld world;
  testing::FakeClock clock;
  testing::RecordingPoller poller;
  loop::Reactor reactor{world.system, clock};
  testing::FakeTransport transport{world};
  testing::FakeResolver resolver;
  testing::FakeEndpointHost host;
  io::Address address = testing::address_of("fake://there");
  EndpointOptions endpoint_options{.send_priority = 3, .receive_priority = 5};
  SocketOptions socket_options;
  Random random{1};

  EndpointRig() { REQUIRE(reactor.open({&poller, 0, false}) == Error::none); }

  // Lets time pass and timers fire.
  void pass(Duration length) {
    clock.advance(length);
    PollResult result;
    REQUIRE(reactor.begin_turn(Timeout::none(), {}, result) == Error::none);
    reactor.end_turn(result, false);
  }
  [[nodiscard]] bool idle() { return !reactor.next_deadline().has_value(); }
};

}  // namespace spool::core
