// What goes wrong is dropped or ended at once, counted, and told once, with its type: malformed
// messages, connections, and accepting.
#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/acceptance/world.h"
#include "tests/support/fake_clock.h"

using namespace spool;
using namespace std::chrono_literals;
using spool::testing::FakeClock;

namespace {
std::deque<int> accept_errors;  // what the next calls fail with
int accept_calls = 0;
}  // namespace

// In place of libc's: the kernel says what a test wants it to say.
extern "C" int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  ++accept_calls;
  if (accept_errors.empty())
    return static_cast<int>(::syscall(SYS_accept4, fd, address, size, flags));
  errno = accept_errors.front();
  accept_errors.pop_front();
  return -1;
}

// --- Malformed messages --------------------------------------------------------------------------

TEST_CASE("A malformed message is dropped, counted and told, and the next taken in the same turn") {
  struct Row {
    SocketType type;
    unsigned peer;
    std::string bad;
    std::string good;
    Error error;
  };
  const std::string id = word(0x8000'0007);
  const std::vector<Row> rows = {
      {SocketType::rep, req_id, "abc", id + "good", Error::malformed},
      {SocketType::rep, req_id, "\1\2\3\4", id + "good", Error::malformed},
      {SocketType::rep, req_id, std::string(32, '\0') + id, id + "good", Error::too_many_hops},
      {SocketType::respondent, surveyor_id, "", id + "good", Error::malformed},
      {SocketType::pair1, pair1_id, word(9) + "bad", word(1) + "good", Error::too_many_hops},
  };
  for (const std::string transport : {"tcp", "ipc"}) {
    for (const Row& row : rows) {
      CAPTURE(transport, to_string(row.type), row.bad.size());
      World world;
      AnySocket socket = world.loop.open(row.type).value();
      const std::string address = listen_on(socket, transport);
      const World::Peer peer = world.join(socket, address, row.peer);
      REQUIRE(peer->send(raw::frame(peer->ipc, row.bad) + raw::frame(peer->ipc, row.good)));
      const std::uint64_t turns = world.loop.stats().turns;
      world.loop.poll_once(10s);
      CHECK(world.loop.stats().turns == turns + 1);
      Result<Message> message = socket.try_recv();
      REQUIRE(message.ok());
      CHECK(message->text() == "good");
      const SocketStats stats = socket.stats();
      CHECK(stats.dropped_malformed == (row.error == Error::malformed ? 1 : 0));
      CHECK(stats.dropped_hops == (row.error == Error::too_many_hops ? 1 : 0));
      REQUIRE(world.count(EventKind::messages_dropped) == 1);
      const Event event = *world.last(EventKind::messages_dropped);
      CHECK(event.error == row.error);
      CHECK(event.lost == 1);
      CHECK(event.socket == socket.handle());
      CHECK(socket.peers() == 1);
    }
  }
}

TEST_CASE("A malformed answer is dropped, counted and told, and the right one ends the receive") {
  for (const std::string transport : {"tcp", "ipc"}) {
    for (const SocketType type : {SocketType::req, SocketType::surveyor}) {
      CAPTURE(transport, to_string(type));
      World world;
      AnySocket socket = world.loop.open(type).value();
      const std::string address = listen_on(socket, transport);
      const World::Peer peer =
          world.join(socket, address, type == SocketType::req ? rep_id : respondent_id);
      REQUIRE(socket.try_send("question").ok());
      const std::string id = world.read_frame(*peer).substr(0, 4);
      REQUIRE(peer->send(raw::frame(peer->ipc, "no") + raw::frame(peer->ipc, id + "yes")));
      world.loop.poll_once(10s);
      CHECK(socket.try_recv().value().text() == "yes");
      CHECK(socket.stats().dropped_malformed == 1);
      CHECK(world.count(EventKind::messages_dropped) == 1);
      CHECK(world.last(EventKind::messages_dropped)->error == Error::malformed);
    }
  }
}

// --- Connections ---------------------------------------------------------------------------------

namespace {

// One way for a peer to fail, and how it is told and counted.
struct Failure {
  const char* what;
  EventKind kind;
  Error error;
  std::uint64_t SocketStats::*counted;
  std::uint64_t EndpointStats::*counted_there;
  std::function<void(FakeClock&, raw::Peer&)> happens;
  bool ipc_only = false;
};

const std::string hello = raw::header(push_id);

std::vector<Failure> failures() {
  const auto handshake = [](const char* what, Error error, const std::string& bytes) {
    return Failure{what,
                   EventKind::handshake_failed,
                   error,
                   &SocketStats::handshakes_failed,
                   &EndpointStats::handshakes_failed,
                   [bytes](FakeClock&, raw::Peer& peer) { peer.send(bytes); }};
  };
  // After a handshake whose answer was read: a unix socket with bytes unread ends in a reset.
  const auto leaves = [](const char* what, Error error, const std::string& bytes, bool hangs_up) {
    return Failure{what,
                   EventKind::peer_left,
                   error,
                   &SocketStats::peers_left,
                   &EndpointStats::peers_left,
                   [bytes, hangs_up](FakeClock&, raw::Peer& peer) {
                     peer.send(hello);
                     peer.receive(8);
                     peer.send(bytes);
                     if (hangs_up) peer.close();
                   }};
  };
  std::vector<Failure> all = {
      handshake("a wrong header", Error::bad_handshake, "GET / HT"),
      handshake("another pattern", Error::protocol_mismatch, raw::header(sub_id)),
      handshake("a header that never comes", Error::handshake_timeout, ""),
      leaves("an end between messages", Error::peer_closed, "", true),
      leaves("an end within a message", Error::truncated, std::string(3, '\1'), true),
      leaves("too much announced", Error::message_too_large, std::string(9, '\1'), false),
  };
  all[2].happens = [](FakeClock& clock, raw::Peer&) { clock.advance(10s); };
  all.push_back(leaves("a reset", Error::connection_reset, "", false));
  all.back().happens = [](FakeClock&, raw::Peer& peer) {
    peer.send(hello);
    peer.reset();  // with our header unread
  };
  all.push_back(
      leaves("an ipc frame of another type", Error::malformed, "\2" + raw::length(1) + "x", false));
  all.back().ipc_only = true;
  return all;
}

}  // namespace

TEST_CASE("Each end of a connection is one event with its type, on its socket and its endpoint") {
  for (const std::string transport : {"tcp", "ipc"}) {
    for (const Failure& failure : failures()) {
      if (failure.ipc_only && transport == "tcp") continue;
      CAPTURE(transport, failure.what);
      FakeClock clock;
      World world(&clock);
      Pull pull = world.loop.open<Pull>().value();
      const Endpoint endpoint = pull.listen(somewhere(transport)).value();
      Pull other = world.loop.open<Pull>().value();
      const Endpoint elsewhere = pull.listen(somewhere(transport)).value();
      {
        raw::Peer peer(endpoint.address().text());
        world.wait_for(EventKind::accepted);
        // Its header is here before `happens` may read it.
        REQUIRE(world.until([&] {
          char byte;
          return ::recv(peer.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
        }));
        failure.happens(clock, peer);
        const Event event = world.wait_for(failure.kind);
        CHECK(event.error == failure.error);
        CHECK(event.socket == pull.handle());
        CHECK(event.endpoint == endpoint.handle());
        CHECK_FALSE(event.address.empty());
      }
      world.settle();
      CHECK(world.count(EventKind::handshake_failed) + world.count(EventKind::peer_left) == 1);
      CHECK(pull.stats().*failure.counted == 1);
      CHECK(endpoint.stats().*failure.counted_there == 1);
      CHECK(elsewhere.stats().*failure.counted_there == 0);
      CHECK(other.stats().*failure.counted == 0);
      // Whoever comes next is served.
      const World::Peer good = world.join(pull, endpoint.address().text(), push_id);
      REQUIRE(good->send(raw::frame(good->ipc, "good")));
      REQUIRE(world.until([&] { return pull.can_recv(); }));
    }
  }
}

TEST_CASE("A connect that fails is one event with its type, and is tried again") {
  for (const std::string transport : {"tcp", "ipc"}) {
    CAPTURE(transport);
    FakeClock clock;
    World world(&clock);
    Pull pull = world.loop.open<Pull>().value();
    std::string address = somewhere(transport);
    if (transport == "tcp") address = raw::Listener(address).address;  // nobody is there any more
    const Endpoint endpoint = pull.connect(address).value();
    const Event refused = world.wait_for(EventKind::connect_failed);
    CHECK(refused.error == Error::connection_refused);
    CHECK(refused.os_error == (transport == "tcp" ? ECONNREFUSED : ENOENT));
    CHECK(refused.retry_in > 0ms);
    CHECK(refused.socket == pull.handle());
    CHECK(refused.endpoint == endpoint.handle());
    CHECK(pull.stats().connects_failed == 1);
    CHECK(endpoint.stats().connects_failed == 1);

    raw::Listener listener(address);
    clock.advance(refused.retry_in);
    std::unique_ptr<raw::Peer> peer;
    REQUIRE(world.until([&] { return (peer = listener.accept()) != nullptr; }));
    REQUIRE(peer->send("not SP at all"));
    const Event failed = world.wait_for(EventKind::handshake_failed);
    CHECK(failed.error == Error::bad_handshake);
    CHECK(failed.retry_in > 0ms);
    CHECK(endpoint.stats().handshakes_failed == 1);

    clock.advance(failed.retry_in);
    world.join(pull, listener, push_id)->send("\1\2\3");
    CHECK(world.wait_for(EventKind::peer_left).error == Error::truncated);
    CHECK(endpoint.stats().attempts == 3);
    CHECK(world.count(EventKind::connect_failed) == 1);
    CHECK(world.count(EventKind::handshake_failed) == 1);
  }
}

// --- Accepting -----------------------------------------------------------------------------------

TEST_CASE("Whatever accepting fails with, it pauses, says so, and goes on") {
  struct Row {
    int os_error;
    Error error;
  };
  for (const Row row : {Row{EMFILE, Error::no_descriptors}, Row{ENFILE, Error::no_descriptors},
                        Row{ENOBUFS, Error::no_buffers}, Row{ENOMEM, Error::no_buffers},
                        Row{EIO, Error::system}, Row{EINVAL, Error::invalid_argument}}) {
    for (const std::string transport : {"tcp", "ipc"}) {
      CAPTURE(row.os_error, transport);
      FakeClock clock;
      World world(&clock);
      Pull pull = world.loop.open<Pull>().value();
      const Endpoint endpoint = pull.listen(somewhere(transport)).value();
      // Twice in a row: it does not give up after the first.
      accept_errors = {row.os_error, row.os_error};
      raw::Peer peer(endpoint.address().text());
      REQUIRE(peer.send(hello + raw::frame(peer.ipc, "patient")));
      for (std::uint64_t times = 1; times <= 2; ++times) {
        REQUIRE(world.until([&] { return world.count(EventKind::accept_failed) == times; }));
        const Event event = *world.last(EventKind::accept_failed);
        CHECK(event.error == row.error);
        CHECK(event.os_error == row.os_error);
        CHECK(event.retry_in == 100ms);
        CHECK(event.socket == pull.handle());
        CHECK(event.endpoint == endpoint.handle());
        CHECK(pull.stats().accepts_failed == times);
        CHECK(endpoint.stats().accepts_failed == times);
        // No spinning: until its time has come the kernel is not asked again.
        const int calls = accept_calls;
        world.settle();
        clock.advance(99ms);
        world.settle();
        CHECK(accept_calls == calls);
        clock.advance(1ms);
      }
      REQUIRE(world.until([&] { return pull.can_recv(); }));
      CHECK(pull.try_recv().value().text() == "patient");
      CHECK(world.count(EventKind::accept_failed) == 2);
    }
  }
}

TEST_CASE("A connection that is gone before it is accepted is no reason to pause, nor to tell") {
  for (const int os_error : {ECONNABORTED, EINTR, EPROTO, ETIMEDOUT, ECONNRESET, EPERM}) {
    CAPTURE(os_error);
    FakeClock clock;  // stands still: a pause would last for ever
    World world(&clock);
    Pull pull = world.loop.open<Pull>().value();
    const std::string address = listen_on(pull, "tcp");
    accept_errors = {os_error, os_error, os_error};
    raw::Peer peer(address);
    REQUIRE(peer.send(hello + raw::frame(false, "here")));
    REQUIRE(world.until([&] { return pull.can_recv(); }));
    CHECK(world.count(EventKind::accept_failed) == 0);
    CHECK(pull.stats().accepts_failed == 0);
  }
}
