#include "spool/core/events.h"

#include <set>
#include <string>

#include <catch2/catch.hpp>

namespace spool {
namespace {

using namespace std::chrono_literals;

constexpr EventKind all_kinds[] = {
    EventKind::listening,     EventKind::connecting,     EventKind::connect_failed,
    EventKind::accepted,      EventKind::accept_failed,  EventKind::handshake_failed,
    EventKind::peer_joined,   EventKind::peer_refused,   EventKind::peer_left,
    EventKind::peer_blocked,  EventKind::peer_caught_up, EventKind::messages_dropped,
    EventKind::messages_lost, EventKind::closed};

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

TEST_CASE("messages that were dropped or missed are not called lost") {
  Event event = event_of(EventKind::messages_dropped);
  event.peer = 4;
  event.error = Error::malformed;
  event.lost = 1;
  CHECK(describe(event).text() ==
        "tcp://127.0.0.1:5555: messages dropped (4): malformed, 1 message dropped");
  event = event_of(EventKind::peer_caught_up);
  event.peer = 4;
  event.lost = 17;
  CHECK(describe(event).text() == "tcp://127.0.0.1:5555: peer caught up (4), 17 messages missed");
}

TEST_CASE("an event that is about no address is about its socket") {
  Event event;
  event.kind = EventKind::closed;
  event.socket = {3, 9};
  event.lost = 2;
  CHECK(describe(event).text() == "socket 3: closed, 2 messages lost");
}

TEST_CASE("losses and refusals are warnings, retries are for debugging, the rest is information") {
  for (const EventKind kind :
       {EventKind::connecting, EventKind::connect_failed, EventKind::accepted, EventKind::closed})
    CHECK(level_of(kind) == LogLevel::debug);
  for (const EventKind kind : {EventKind::listening, EventKind::peer_joined, EventKind::peer_left,
                               EventKind::peer_caught_up})
    CHECK(level_of(kind) == LogLevel::info);
  for (const EventKind kind :
       {EventKind::handshake_failed, EventKind::peer_refused, EventKind::accept_failed,
        EventKind::messages_lost, EventKind::messages_dropped, EventKind::peer_blocked})
    CHECK(level_of(kind) == LogLevel::warning);
}

}  // namespace
}  // namespace spool
