// Cell by cell, the table in core/connector.h.
#include "spool/core/connector.h"

#include <memory>

#include <catch2/catch.hpp>

#include "endpoint_rig.h"

namespace spool::core {
namespace {

using testing::FakePipe;

struct Rig : EndpointRig {
  std::unique_ptr<Connector> connector;

  Connector& start() {
    connector =
        std::make_unique<Connector>(host, address, endpoint_options, reactor, transport, resolver,
                                    world.config, io::LinkConfig{}, socket_options, random);
    connector->start();
    return *connector;
  }
  ~Rig() {
    if (connector) connector->close();
  }
  FakePipe& open_one() {
    FakePipe& pipe = transport.last();
    pipe.open();
    return pipe;
  }
};

// --- connecting ---------------------------------------------------------------------------------

TEST_CASE("starting begins to connect and says nothing yet") {
  Rig rig;
  rig.start();
  CHECK(rig.transport.connects == 1);
  CHECK(rig.host.events.empty());
  CHECK(rig.idle());
}

TEST_CASE("connecting, an open pipe joins with the endpoint's priorities") {
  Rig rig;
  rig.start();
  const FakePipe& pipe = rig.open_one();
  CHECK(rig.host.take_kinds() == Kinds{EventKind::peer_joined});
  CHECK(pipe.send_priority == 3);
  CHECK(pipe.receive_priority == 5);
  CHECK(rig.idle());
}

TEST_CASE("connecting, a pipe that the socket refuses is closed and tried again later") {
  Rig rig;
  rig.host.attach_error = Error::refused;
  rig.start();
  FakePipe& pipe = rig.open_one();
  CHECK(rig.host.last().error == Error::refused);
  CHECK(rig.host.take_kinds() == Kinds{EventKind::peer_refused});
  CHECK(pipe.closes == 1);
  CHECK(rig.host.discarded == std::vector<io::Pipe*>{&pipe});
  CHECK(rig.host.released.empty());
  rig.host.attach_error = Error::none;
  rig.pass(100ms);
  CHECK(rig.transport.connects == 2);
  rig.open_one();
  CHECK(rig.host.take_kinds() == Kinds{EventKind::peer_joined});
}

TEST_CASE("connecting, a pipe that closes is an event with its reason, and is tried again") {
  Rig rig;
  rig.start();
  FakePipe& pipe = rig.transport.last();
  pipe.end(Error::connection_refused, 111);
  const Event& event = rig.host.last();
  CHECK(event.kind == EventKind::connect_failed);
  CHECK(event.error == Error::connection_refused);
  CHECK(event.os_error == 111);
  CHECK(event.peer == 0);
  CHECK(event.address.text() == "fake://there");
  CHECK(event.retry_in >= 1ms);
  CHECK(event.retry_in <= 100ms);
  CHECK(rig.host.discarded == std::vector<io::Pipe*>{&pipe});
  const Duration retry = event.retry_in;
  rig.pass(retry - 1ns);
  CHECK(rig.transport.connects == 1);
  rig.pass(1ns);
  CHECK(rig.transport.connects == 2);
}

TEST_CASE("connecting, what answers and is no peer of ours is told from what does not answer") {
  const auto kind_of = [](Error reason) {
    Rig rig;
    rig.start();
    rig.transport.last().end(reason);
    return rig.host.last().kind;
  };
  for (const Error reason : {Error::bad_handshake, Error::protocol_mismatch,
                             Error::handshake_timeout, Error::peer_closed, Error::truncated})
    CHECK(kind_of(reason) == EventKind::handshake_failed);
  for (const Error reason : {Error::connection_refused, Error::timed_out, Error::unreachable,
                             Error::connection_reset, Error::system})
    CHECK(kind_of(reason) == EventKind::connect_failed);
}

TEST_CASE("connecting, closing ends the attempt for good") {
  Rig rig;
  rig.start();
  FakePipe& pipe = rig.transport.last();
  rig.connector->close();
  CHECK(pipe.closes == 1);
  CHECK(rig.host.discarded == std::vector<io::Pipe*>{&pipe});
  CHECK(rig.host.events.empty());
  CHECK(rig.idle());
  rig.pass(1h);
  CHECK(rig.transport.connects == 1);
}

// --- open ---------------------------------------------------------------------------------------

TEST_CASE("open, a pipe that closes is released to the socket, and tried again") {
  Rig rig;
  rig.start();
  FakePipe& pipe = rig.open_one();
  rig.host.take_kinds();
  pipe.end(Error::connection_reset, 104);
  const Event& event = rig.host.last();
  CHECK(event.kind == EventKind::peer_left);
  CHECK(event.error == Error::connection_reset);
  CHECK(event.os_error == 104);
  CHECK(event.peer == 1);
  CHECK(event.retry_in >= 1ms);
  CHECK(rig.host.released == std::vector<io::Pipe*>{&pipe});
  CHECK(rig.host.discarded.empty());
  rig.pass(100ms);
  CHECK(rig.transport.connects == 2);
}

TEST_CASE("open, the event of a lost peer counts what was lost with it") {
  Rig rig;
  rig.start();
  FakePipe& pipe = rig.open_one();
  pipe.hold_sends();
  for (int i = 0; i < 3; ++i) {
    Message message = rig.world.message("x");
    REQUIRE(pipe.send(message) == Error::none);
  }
  pipe.end();
  CHECK(rig.host.last().lost == 3);
}

TEST_CASE("open, closing gives the pipe to the socket alive") {
  Rig rig;
  rig.start();
  FakePipe& pipe = rig.open_one();
  rig.host.take_kinds();
  rig.connector->close();
  CHECK(rig.host.released == std::vector<io::Pipe*>{&pipe});
  CHECK(pipe.closes == 0);
  CHECK_FALSE(pipe.ended());
  CHECK(rig.host.events.empty());
  CHECK(rig.idle());
}

// --- backing_off --------------------------------------------------------------------------------

TEST_CASE("backing off, an attempt that fails at once is an event, and the next one waits") {
  Rig rig;
  rig.transport.connect_error = Error::no_descriptors;
  rig.transport.connect_errno = 24;
  rig.start();
  CHECK(rig.host.last().kind == EventKind::connect_failed);
  CHECK(rig.host.last().error == Error::no_descriptors);
  CHECK(rig.host.last().os_error == 24);
  CHECK(rig.host.last().retry_in >= 1ms);
  for (int attempt = 2; attempt <= 5; ++attempt) {
    rig.pass(rig.host.last().retry_in);
    CHECK(rig.transport.connects == attempt);
    CHECK(rig.host.events.size() == static_cast<std::size_t>(attempt));
  }
  rig.transport.connect_error = Error::none;
  rig.pass(rig.host.last().retry_in);
  rig.open_one();
  CHECK(rig.host.last().kind == EventKind::peer_joined);
}

TEST_CASE("backing off, closing ends the attempts for good") {
  Rig rig;
  rig.start();
  rig.transport.last().end(Error::connection_refused);
  rig.host.discarded.clear();
  rig.connector->close();
  CHECK(rig.idle());
  rig.pass(1h);
  CHECK(rig.transport.connects == 1);
  CHECK(rig.host.discarded.empty());
  CHECK(rig.host.released.empty());
}

TEST_CASE("backing off, refused attempts wait longer and longer, up to the cap") {
  Rig rig;
  rig.socket_options.reconnect_min = 10ms;
  rig.socket_options.reconnect_max = 1s;
  rig.start();
  Duration bound = 10ms;
  Duration longest{};
  for (int attempt = 0; attempt < 60; ++attempt) {
    rig.transport.last().end(Error::connection_refused);
    const Duration retry = rig.host.last().retry_in;
    REQUIRE(retry <= bound);
    longest = std::max(longest, retry);
    bound = std::min<Duration>(2 * bound, 1s);
    rig.pass(retry);
    REQUIRE(rig.transport.connects == attempt + 2);
  }
  CHECK(longest > 500ms);
}

// The longest of the delays after `rounds` connections that lived for `life`.
Duration longest_retry(Duration life, int rounds) {
  Rig rig;
  rig.socket_options.reconnect_min = 10ms;
  rig.socket_options.reconnect_max = 1h;
  rig.socket_options.reconnect_reset_after = 2s;
  rig.start();
  Duration longest{};
  for (int i = 0; i < rounds; ++i) {
    rig.open_one();
    rig.pass(life);
    rig.transport.last().end();
    longest = std::max(longest, rig.host.last().retry_in);
    rig.pass(rig.host.last().retry_in);
  }
  return longest;
}

TEST_CASE("backing off, a connection that lived long enough starts the delays anew") {
  CHECK(longest_retry(2s, 20) <= 10ms);
}

TEST_CASE("backing off, one that was dropped soon does not") {
  CHECK(longest_retry(2s - 1ns, 20) > 1min);
}

TEST_CASE("backing off, a peer that refuses after the handshake is not retried in a spin") {
  Rig rig;
  rig.socket_options.reconnect_min = 10ms;
  rig.socket_options.reconnect_max = 1h;
  rig.host.attach_error = Error::refused;
  rig.start();
  const Instant start = rig.clock.time();
  for (int i = 0; i < 20; ++i) {
    rig.open_one();
    REQUIRE(rig.reactor.next_deadline().has_value());
    rig.pass(*rig.reactor.next_deadline() - rig.clock.time());
  }
  CHECK(rig.clock.time() - start > 1min);
}

// --- names --------------------------------------------------------------------------------------

struct NamedRig : Rig {
  NamedRig() {
    address = testing::address_of("fake://host.name");
    transport.has_names = true;
  }
};

TEST_CASE("backing off, an address without a name is not looked up") {
  Rig rig;
  rig.start();
  CHECK(rig.resolver.names.empty());
  CHECK(rig.transport.tried == std::vector<std::string>{"fake://there"});
}

TEST_CASE("resolving, nothing is connected to and nothing is said") {
  NamedRig rig;
  rig.transport.family = IpFamily::ip6;
  rig.start();
  CHECK(rig.resolver.names == std::vector<std::string>{"host.name"});
  CHECK(rig.resolver.pending.at(0)->family() == IpFamily::ip6);
  CHECK(rig.transport.connects == 0);
  CHECK(rig.host.events.empty());
  CHECK(rig.host.attempts == 0);
  CHECK(rig.idle());
}

TEST_CASE("resolving, a name that is found is connected to at its first address") {
  NamedRig rig;
  rig.start();
  rig.resolver.answer({"::1", "127.0.0.1"});
  CHECK(rig.transport.tried == std::vector<std::string>{"fake://[::1]"});
  CHECK(rig.host.attempts == 1);
  rig.open_one();
  CHECK(rig.host.take_kinds() == Kinds{EventKind::peer_joined});
  CHECK(rig.connector->address().text() == "fake://host.name");
}

TEST_CASE("resolving, an answer may come from within the question") {
  NamedRig rig;
  rig.resolver.at_once = {"192.0.2.1"};
  rig.start();
  CHECK(rig.transport.tried == std::vector<std::string>{"fake://192.0.2.1"});
}

TEST_CASE("resolving, a name that nobody knows is an event, and is asked for again later") {
  NamedRig rig;
  rig.start();
  rig.resolver.fail(Error::name_unknown);
  CHECK(rig.host.last().kind == EventKind::connect_failed);
  CHECK(rig.host.last().error == Error::name_unknown);
  CHECK(rig.host.last().address.text() == "fake://host.name");
  const Duration retry = rig.host.last().retry_in;
  CHECK(retry >= 1ms);
  rig.pass(retry - 1ns);
  CHECK(rig.resolver.names.size() == 1);
  rig.pass(1ns);
  CHECK(rig.resolver.names.size() == 2);
  rig.resolver.answer({"127.0.0.1"});
  CHECK(rig.transport.connects == 1);
}

TEST_CASE("resolving, an answer without an address of use is an unknown name") {
  NamedRig rig;
  rig.transport.family = IpFamily::ip4;
  rig.start();
  rig.resolver.answer({"::1"});
  CHECK(rig.host.last().error == Error::name_unknown);
  CHECK(rig.transport.connects == 0);
}

TEST_CASE("resolving, closing takes the question back") {
  NamedRig rig;
  rig.start();
  rig.connector->close();
  CHECK(rig.resolver.cancels == 1);
  CHECK(rig.resolver.pending.empty());
  CHECK(rig.host.events.empty());
  CHECK(rig.idle());
}

TEST_CASE("closing takes no question back that was answered") {
  NamedRig rig;
  rig.start();
  rig.resolver.answer({"127.0.0.1"});
  rig.connector->close();
  CHECK(rig.resolver.cancels == 0);
}

TEST_CASE("connecting, the next address follows at once when one fails, and then the delay") {
  NamedRig rig;
  rig.start();
  rig.resolver.answer({"::1", "127.0.0.1", "192.0.2.1"});
  rig.transport.last().end(Error::connection_refused, 111);
  CHECK(rig.host.last().kind == EventKind::connect_failed);
  CHECK(rig.host.last().retry_in == 0ns);
  CHECK(rig.transport.connects == 2);
  CHECK(rig.idle());
  rig.transport.last().end(Error::bad_handshake);
  CHECK(rig.host.last().kind == EventKind::handshake_failed);
  CHECK(rig.host.last().retry_in == 0ns);
  CHECK(rig.transport.connects == 3);
  rig.transport.last().end(Error::timed_out);
  CHECK(rig.host.last().retry_in >= 1ms);
  CHECK(rig.transport.tried ==
        std::vector<std::string>{"fake://[::1]", "fake://127.0.0.1", "fake://192.0.2.1"});
  CHECK(rig.host.attempts == 3);
  CHECK(rig.host.events.size() == 3);
  CHECK(rig.host.discarded.size() == 3);
  // The next round looks the name up anew.
  rig.pass(rig.host.last().retry_in);
  CHECK(rig.transport.connects == 3);
  rig.resolver.answer({"192.0.2.7"});
  CHECK(rig.transport.tried.back() == "fake://192.0.2.7");
}

TEST_CASE("connecting, addresses that fail at once are told one by one, as they were tried") {
  NamedRig rig;
  rig.transport.connect_error = Error::unreachable;
  rig.transport.connect_errno = 101;
  rig.start();
  rig.resolver.answer({"::1", "127.0.0.1"});
  REQUIRE(rig.host.events.size() == 2);
  CHECK(rig.host.events[0].address.text() == "fake://[::1]");
  CHECK(rig.host.events[0].retry_in == 0ns);
  CHECK(rig.host.events[1].address.text() == "fake://127.0.0.1");
  CHECK(rig.host.events[1].retry_in >= 1ms);
  CHECK(rig.host.events[1].error == Error::unreachable);
  CHECK(rig.host.events[1].os_error == 101);
  CHECK_FALSE(rig.idle());
}

TEST_CASE("connecting, an address that does not fit into the text is a failed attempt") {
  NamedRig rig;
  rig.transport.name_size = 1;
  const std::string longest(io::Address::capacity - std::string_view("fake://").size(), 'n');
  rig.address = testing::address_of("fake://" + longest);
  rig.start();
  rig.resolver.answer({"::1"});
  CHECK(rig.transport.connects == 0);
  CHECK(rig.host.last().kind == EventKind::connect_failed);
  CHECK(rig.host.last().error == Error::name_too_long);
  CHECK(rig.host.last().retry_in >= 1ms);
}

TEST_CASE("connecting, a peer that is refused is not looked for at the next address") {
  NamedRig rig;
  rig.host.attach_error = Error::refused;
  rig.start();
  rig.resolver.answer({"::1", "127.0.0.1"});
  rig.open_one();
  CHECK(rig.transport.connects == 1);
  CHECK_FALSE(rig.idle());
}

TEST_CASE("connecting, closing goes on to no other address") {
  NamedRig rig;
  rig.start();
  rig.resolver.answer({"::1", "127.0.0.1"});
  rig.connector->close();
  CHECK(rig.transport.connects == 1);
  CHECK(rig.idle());
}

TEST_CASE("open, a lost connection is made again from the lookup on, after the delay") {
  NamedRig rig;
  rig.start();
  rig.resolver.answer({"::1", "127.0.0.1"});
  rig.open_one();
  rig.transport.last().end();
  CHECK(rig.host.last().kind == EventKind::peer_left);
  CHECK(rig.host.last().retry_in >= 1ms);
  CHECK(rig.transport.connects == 1);
  rig.pass(rig.host.last().retry_in);
  CHECK(rig.resolver.names.size() == 2);
  rig.resolver.answer({"::1", "127.0.0.1"});
  CHECK(rig.transport.tried.back() == "fake://[::1]");
}

// --- closed -------------------------------------------------------------------------------------

TEST_CASE("closed, closing again does nothing") {
  Rig rig;
  rig.start();
  rig.open_one();
  rig.connector->close();
  rig.connector->close();
  CHECK(rig.host.released.size() == 1);
}

}  // namespace
}  // namespace spool::core
