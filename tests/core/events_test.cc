#include "spool/core/events.h"

#include <set>
#include <string>

#include <catch2/catch.hpp>

namespace spool {
namespace {

using namespace std::chrono_literals;

constexpr EventKind all_kinds[] = {EventKind::listening,        EventKind::connect_failed,
                                   EventKind::handshake_failed, EventKind::peer_joined,
                                   EventKind::peer_refused,     EventKind::peer_left,
                                   EventKind::accept_failed,    EventKind::messages_lost};

Event event_of(EventKind kind) {
  Event event;
  event.kind = kind;
  event.address << "tcp://127.0.0.1:5555";
  return event;
}

TEST_CASE("every kind of event has a name of its own") {
  std::set<std::string> names;
  for (const EventKind kind : all_kinds) names.insert(to_string(kind));
  CHECK(names.size() == std::size(all_kinds));
  CHECK(names.count("?") == 0);
}

TEST_CASE("an event without details is its address and its kind") {
  for (const EventKind kind : all_kinds)
    CHECK(describe(event_of(kind)).text() ==
          std::string("tcp://127.0.0.1:5555: ") + to_string(kind));
}

TEST_CASE("an event with everything says everything, in one line") {
  Event event = event_of(EventKind::peer_left);
  event.error = Error::connection_reset;
  event.os_error = 104;
  event.lost = 3;
  event.retry_in = 1500us;
  CHECK(describe(event).text() ==
        "tcp://127.0.0.1:5555: peer left: connection_reset (errno 104), 3 messages lost, "
        "again in 2 ms");
}

TEST_CASE("each detail is said only when there is one") {
  Event event = event_of(EventKind::connect_failed);
  event.error = Error::timed_out;
  CHECK(describe(event).text() == "tcp://127.0.0.1:5555: connect failed: timed_out");
  event.error = Error::none;
  event.os_error = 111;
  CHECK(describe(event).text() == "tcp://127.0.0.1:5555: connect failed (errno 111)");
  event.os_error = 0;
  event.retry_in = 100ms;
  CHECK(describe(event).text() == "tcp://127.0.0.1:5555: connect failed, again in 100 ms");
  event.retry_in = Duration::zero();
  event.lost = 1;
  CHECK(describe(event).text() == "tcp://127.0.0.1:5555: connect failed, 1 message lost");
}

TEST_CASE("losses and refusals are warnings, retries are for debugging, the rest is information") {
  CHECK(level_of(EventKind::connect_failed) == LogLevel::debug);
  for (const EventKind kind : {EventKind::listening, EventKind::peer_joined, EventKind::peer_left})
    CHECK(level_of(kind) == LogLevel::info);
  for (const EventKind kind : {EventKind::handshake_failed, EventKind::peer_refused,
                               EventKind::accept_failed, EventKind::messages_lost})
    CHECK(level_of(kind) == LogLevel::warning);
}

}  // namespace
}  // namespace spool
