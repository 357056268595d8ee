// Every row of docs/wire.md that a peer can get wrong, from raw sockets, over tcp and ipc. After
// each, a peer that behaves is served by the same socket.
#include <spool/spool.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/acceptance/raw_peer.h"

using namespace spool;
using namespace std::chrono_literals;

namespace {

constexpr unsigned pull_id = 0x51;
constexpr unsigned push_id = 0x50;

// A PULL socket that listens, and what it is told about its peers.
struct Victim {
  explicit Victim(std::string_view address, SocketOptions options = {},
                  std::size_t message_memory_limit = EventLoopConfig().message_memory_limit) {
    EventLoopConfig config;
    config.message_memory_limit = message_memory_limit;
    config.event_queue = 1024;
    config.on_event = [this](const Event& event) { events.push_back({event.kind, event.error}); };
    loop.emplace(EventLoop::create(std::move(config)).value());
    pull.emplace(loop->open<Pull>(options).value());
    at = pull->listen(address).value().address().text();
  }
  // Turns the loop until `done` or ten seconds have passed.
  bool until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop->poll_once(5ms);
      while (auto message = pull->try_recv()) received.emplace_back(message->text());
    }
    return true;
  }
  bool heard(EventKind kind, std::optional<Error> error = {}) {
    return until([&] {
      for (const auto& event : events)
        if (event.first == kind && event.second == error.value_or(event.second)) return true;
      return false;
    });
  }
  // A well-behaved peer, byte by byte: is it still served?
  void serves_others() {
    received.clear();
    raw::Peer good(at);
    REQUIRE(good.send(raw::header(push_id) + raw::frame(good.ipc, "proof")));
    REQUIRE(until([&] { return !received.empty(); }));
    CHECK(received.back() == "proof");
    CHECK(good.receive(8) == raw::header(pull_id));
  }

  std::vector<std::pair<EventKind, Error>> events;
  std::vector<std::string> received;
  std::optional<EventLoop> loop;
  std::optional<Pull> pull;
  std::string at;
};

std::string ipc_path() {
  static int number = 0;
  return "ipc:///tmp/spool_hostile_" + std::to_string(::getpid()) + "_" + std::to_string(number++);
}

std::vector<std::string> addresses() { return {"tcp://127.0.0.1:0", ipc_path()}; }

}  // namespace

TEST_CASE("A handshake that is wrong in any byte closes that connection and no other") {
  struct Row {
    const char* what;
    std::string bytes;
    Error error;
  };
  const std::vector<Row> rows = {
      {"wrong first byte", raw::hex("01 53 50 00 00 50 00 00"), Error::bad_handshake},
      {"wrong S", raw::hex("00 73 50 00 00 50 00 00"), Error::bad_handshake},
      {"wrong P", raw::hex("00 53 51 00 00 50 00 00"), Error::bad_handshake},
      {"another version", raw::hex("00 53 50 01 00 50 00 00"), Error::bad_handshake},
      {"reserved bytes in use", raw::hex("00 53 50 00 00 50 00 01"), Error::bad_handshake},
      {"reserved bytes in use, first", raw::hex("00 53 50 00 00 50 80 00"), Error::bad_handshake},
      {"an unknown protocol", raw::hex("00 53 50 00 12 34 00 00"), Error::protocol_mismatch},
      {"a protocol that is no match", raw::header(0x21), Error::protocol_mismatch},
      {"the same protocol as ours", raw::header(pull_id), Error::protocol_mismatch},
      {"a web browser", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", Error::bad_handshake},
      {"a TLS client", raw::hex("16 03 01 02 00 01 00 01 fc 03 03"), Error::bad_handshake},
  };
  for (const std::string& address : addresses()) {
    Victim victim(address);
    for (const Row& row : rows) {
      INFO(address << ": " << row.what);
      victim.events.clear();
      raw::Peer peer(victim.at);
      REQUIRE(peer.send(row.bytes));
      CHECK(victim.heard(EventKind::handshake_failed, row.error));
      CHECK(victim.until([&] { return peer.is_closed(); }));
      victim.serves_others();
    }
    CHECK(victim.pull->stats().handshakes_failed == rows.size());
  }
}

TEST_CASE("A handshake that comes byte by byte, with messages pipelined behind it, is accepted") {
  for (const std::string& address : addresses()) {
    Victim victim(address);
    raw::Peer peer(victim.at);
    const std::string bytes =
        raw::header(push_id) + raw::frame(peer.ipc, "one") + raw::frame(peer.ipc, "");
    for (const char byte : bytes) {
      REQUIRE(peer.send({&byte, 1}));
      victim.loop->poll_once(1ms);
    }
    REQUIRE(victim.until([&] { return victim.received.size() == 2; }));
    CHECK(victim.received[0] == "one");
    CHECK(victim.received[1].empty());
  }
}

TEST_CASE("A peer that says too little is cut off after the handshake time-out") {
  for (const std::string& address : addresses()) {
    SocketOptions options;
    options.handshake_timeout = 200ms;
    Victim victim(address, options);
    raw::Peer silent(victim.at);
    raw::Peer slow(victim.at);
    REQUIRE(slow.send(raw::header(push_id).substr(0, 7)));
    CHECK(victim.until([&] { return silent.is_closed() && slow.is_closed(); }));
    CHECK(victim.heard(EventKind::handshake_failed, Error::handshake_timeout));
    victim.serves_others();
  }
}

TEST_CASE("A peer that leaves within the handshake is forgotten") {
  for (const std::string& address : addresses()) {
    Victim victim(address);
    for (std::size_t have = 0; have < 8; ++have) {
      victim.events.clear();
      raw::Peer peer(victim.at);
      REQUIRE(peer.send(raw::header(push_id).substr(0, have)));
      if (have % 2 == 0)
        peer.close();
      else
        peer.reset();
      CHECK(victim.heard(EventKind::handshake_failed));
    }
    victim.serves_others();
  }
}

TEST_CASE("A length above the limit closes the connection before anything is reserved") {
  for (const std::string& address : addresses()) {
    SocketOptions options;
    options.max_message_size = 1000;
    Victim victim(address, options);
    const std::size_t before = victim.loop->stats().pool_bytes_high_water;
    for (const unsigned long long size : {1001ull, 1ull << 31, 1ull << 62, 1ull << 63, ~0ull}) {
      INFO(address << ": " << size);
      victim.events.clear();
      raw::Peer peer(victim.at);
      const std::string type = peer.ipc ? std::string(1, '\1') : std::string();
      REQUIRE(peer.send(raw::header(push_id) + type + raw::length(size) + "x"));
      CHECK(victim.heard(EventKind::peer_left, Error::message_too_large));
      CHECK(victim.until([&] { return peer.is_closed(); }));
      victim.serves_others();
    }
    CHECK(victim.loop->stats().pool_bytes_high_water <= before + 4096);
    // Exactly the limit is fine.
    raw::Peer peer(victim.at);
    victim.received.clear();
    REQUIRE(peer.send(raw::header(push_id) + raw::frame(peer.ipc, std::string(1000, 'x'))));
    CHECK(victim.until([&] { return !victim.received.empty(); }));
  }
}

TEST_CASE(
    "A length within the limit that is a lie costs what has arrived, not what was announced") {
  SocketOptions options;
  options.max_message_size = 512u << 20;
  Victim victim("tcp://127.0.0.1:0", options, 0);
  std::vector<std::unique_ptr<raw::Peer>> liars;
  for (int i = 0; i < 50; ++i) {
    liars.push_back(std::make_unique<raw::Peer>(victim.at));
    REQUIRE(liars.back()->send(raw::header(push_id) + raw::length(500u << 20) + "only this"));
  }
  REQUIRE(victim.until([&] { return victim.pull->peers() == 50; }));
  victim.serves_others();
  CHECK(victim.loop->stats().pool_bytes_in_use < 50 * 80'000);
}

TEST_CASE("A length that the memory limit could never hold closes the connection at once") {
  SocketOptions options;
  options.max_message_size = 512u << 20;
  Victim victim("tcp://127.0.0.1:0", options);
  raw::Peer peer(victim.at);
  REQUIRE(peer.send(raw::header(push_id) + raw::length(500u << 20) + "x"));
  CHECK(victim.heard(EventKind::peer_left, Error::message_too_large));
  victim.serves_others();
}

TEST_CASE("An ipc frame of another type closes the connection") {
  Victim victim(ipc_path());
  for (const char type : {'\0', '\2', '\xff'}) {
    victim.events.clear();
    raw::Peer peer(victim.at);
    REQUIRE(peer.send(raw::header(push_id) + std::string(1, type) + raw::length(1) + "x"));
    CHECK(victim.heard(EventKind::peer_left, Error::malformed));
    victim.serves_others();
  }
}

TEST_CASE("A connection that ends inside a frame loses that frame and nothing else") {
  for (const std::string& address : addresses()) {
    Victim victim(address);
    for (const std::size_t have : {1u, 8u, 9u, 11u}) {
      INFO(address << ": " << have << " bytes of the second frame");
      victim.events.clear();
      victim.received.clear();
      raw::Peer peer(victim.at);
      REQUIRE(peer.send(raw::header(push_id) + raw::frame(peer.ipc, "whole") +
                        raw::frame(peer.ipc, "half of it").substr(0, have)));
      peer.close();
      CHECK(victim.heard(EventKind::peer_left, Error::truncated));
      CHECK(victim.received == std::vector<std::string>{"whole"});
      victim.serves_others();
    }
  }
}

TEST_CASE("A connection that ends between frames is a normal end") {
  for (const std::string& address : addresses()) {
    Victim victim(address);
    raw::Peer peer(victim.at);
    REQUIRE(peer.send(raw::header(push_id) + raw::frame(peer.ipc, "last words")));
    peer.close();
    CHECK(victim.heard(EventKind::peer_left, Error::peer_closed));
    CHECK(victim.received == std::vector<std::string>{"last words"});
  }
}

TEST_CASE("PUB and PUSH drop and count what peers send them, and go on") {
  for (const std::string& address : addresses()) {
    for (const bool pub : {true, false}) {
      auto loop = EventLoop::create({}).value();
      auto socket = loop.open(pub ? SocketType::pub : SocketType::push).value();
      const std::string at(socket.listen(address).value().address().text());
      raw::Peer peer(at);
      std::string noise = raw::header(pub ? 0x21 : pull_id);
      for (int i = 0; i < 100; ++i) noise += raw::frame(peer.ipc, "unasked");
      REQUIRE(peer.send(noise));
      for (int i = 0; i < 2000 && socket.stats().dropped_unasked != 100; ++i) loop.poll_once(5ms);
      CHECK(socket.stats().dropped_unasked == 100);
      CHECK(socket.peers() == 1);
      REQUIRE(socket.try_send("still here").ok());
      loop.poll_once();
      CHECK(peer.receive(8 + (peer.ipc ? 9u : 8u) + 10).ends_with("still here"));
    }
  }
}

TEST_CASE("A second peer of a PAIR gets our header and is closed, and the first is not disturbed") {
  for (const std::string& address : addresses()) {
    auto loop = EventLoop::create({}).value();
    auto pair = loop.open<Pair>().value();
    const std::string at(pair.listen(address).value().address().text());
    raw::Peer first(at);
    REQUIRE(first.send(raw::header(0x10)));
    for (int i = 0; i < 2000 && pair.peers() == 0; ++i) loop.poll_once(5ms);
    raw::Peer second(at);
    REQUIRE(second.send(raw::header(0x10) + raw::frame(second.ipc, "let me in")));
    for (int i = 0; i < 2000 && pair.stats().peers_refused == 0; ++i) loop.poll_once(5ms);
    CHECK(second.receive(9) == raw::header(0x10));
    CHECK(second.closed);
    REQUIRE(first.send(raw::frame(first.ipc, "hello")));
    auto hello = pair.recv_for(10s);
    REQUIRE(hello.ok());
    CHECK(hello->text() == "hello");
  }
}

TEST_CASE("A flood of connections that only come and go leaves nothing behind") {
  Victim victim("tcp://127.0.0.1:0");
  victim.serves_others();
  REQUIRE(victim.until([&] { return victim.pull->peers() == 0; }));
  const std::size_t before = victim.loop->stats().memory_bytes;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::unique_ptr<raw::Peer>> peers;
    for (int i = 0; i < 25; ++i) peers.push_back(std::make_unique<raw::Peer>(victim.at));
    victim.loop->poll_once(1ms);
    for (auto& peer : peers) {
      if (round % 2 == 0)
        peer->reset();
      else
        peer->close();
    }
    victim.loop->poll_once(1ms);
  }
  REQUIRE(victim.until([&] { return victim.pull->stats().handshakes_failed >= 500; }));
  victim.serves_others();
  // Storage for pipes is recycled: it grew to the largest crowd, not with every visitor.
  CHECK(victim.loop->stats().memory_bytes < before + 64 * 1024);
  CHECK(victim.loop->stats().pool_bytes_in_use < 4096);
}
