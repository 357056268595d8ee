// World: a loop under test, everything it says, and raw peers that talk to it byte by byte.
#pragma once

#include <spool/spool.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/acceptance/raw_peer.h"

// What SP calls the patterns (docs/wire.md §1).
enum : unsigned {
  pair_id = 0x10,
  pair1_id = 0x11,
  pub_id = 0x20,
  sub_id = 0x21,
  req_id = 0x30,
  rep_id = 0x31,
  push_id = 0x50,
  pull_id = 0x51,
  surveyor_id = 0x62,
  respondent_id = 0x63,
  bus_id = 0x70,
};

// Four bytes, big-endian.
inline std::string word(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

// Somewhere to listen that nobody else uses.
inline std::string somewhere(std::string_view transport) {
  if (transport == "tcp") return "tcp://127.0.0.1:0";
  static int number = 0;
  const std::string name = std::to_string(::getpid()) + "_" + std::to_string(number++);
  return transport == "ipc" ? "ipc:///tmp/spool_world_" + name : "inproc://" + name;
}

struct World {
  using Peer = std::unique_ptr<raw::Peer>;

  // With a clock of the test's own, time stands still unless that goes on.
  explicit World(spool::Clock* clock = nullptr, spool::EventLoopConfig config = {})
      : loop(make_loop(clock, std::move(config))) {
    ::alarm(100);  // a test that hangs ends
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() { ::alarm(0); }

  // Turns the loop until done() is true; false after ten seconds.
  template <typename Done>
  bool until(Done done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop.poll_once(std::chrono::milliseconds(1));
    }
    return true;
  }
  // Enough turns for everything that is due, and for everything that is on its way.
  void settle() {
    for (int i = 0; i < 10; ++i) loop.poll_once();
  }

  // A peer of this pattern that has shaken hands with the socket that listens there.
  Peer join(const spool::SocketBase& socket, std::string_view address, unsigned id) {
    auto peer = std::make_unique<raw::Peer>(address);
    return shake_hands(socket, std::move(peer), id);
  }
  // The same for one that the socket has connected to.
  Peer join(const spool::SocketBase& socket, raw::Listener& listener, unsigned id) {
    Peer peer;
    REQUIRE(until([&] { return (peer = listener.accept()) != nullptr; }));
    return shake_hands(socket, std::move(peer), id);
  }
  // What the peer is sent, up to `size` bytes, while the loop turns.
  std::string read(raw::Peer& peer, std::size_t size) {
    std::string bytes;
    until([&] {
      peer.receive_some(bytes, size);
      return bytes.size() >= size || peer.closed;
    });
    return bytes;
  }
  // The payload of the next frame that the peer is sent; its head must be that of a frame.
  std::string read_frame(raw::Peer& peer) {
    std::string head = read(peer, peer.ipc ? 9 : 8);
    std::size_t size = 0;
    for (const char byte : head.substr(peer.ipc ? 1 : 0))
      size = size * 256 + static_cast<unsigned char>(byte);
    CHECK(head == (peer.ipc ? std::string(1, '\1') : std::string()) + raw::length(size));
    return read(peer, std::min(size, std::size_t{1} << 24));
  }
  // Is the peer sent nothing, after everything that is due was done?
  bool is_silent(raw::Peer& peer) {
    settle();
    std::string bytes;
    peer.receive_some(bytes, 1);
    return bytes.empty() && !peer.closed;
  }

  [[nodiscard]] std::size_t count(spool::EventKind kind) const {
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(), [&](const spool::Event& e) { return e.kind == kind; }));
  }
  [[nodiscard]] const spool::Event* last(spool::EventKind kind) const {
    for (auto event = events.rbegin(); event != events.rend(); ++event)
      if (event->kind == kind) return &*event;
    return nullptr;
  }
  // Turns until the event comes; the last of its kind.
  spool::Event wait_for(spool::EventKind kind) {
    INFO("waits for: " << spool::to_string(kind));
    REQUIRE(until([&] { return last(kind) != nullptr; }));
    return *last(kind);
  }

  std::vector<spool::Event> events;
  spool::EventLoop loop;

 private:
  spool::EventLoop make_loop(spool::Clock* clock, spool::EventLoopConfig config) {
    config.clock = clock;
    config.event_queue = 1024;
    config.on_event = [this](const spool::Event& event) { events.push_back(event); };
    return spool::EventLoop::create(std::move(config)).value();
  }
  Peer shake_hands(const spool::SocketBase& socket, Peer peer, unsigned id) {
    const std::uint64_t before = socket.stats().peers_joined;
    REQUIRE(peer->send(raw::header(id)));
    REQUIRE(until([&] { return socket.stats().peers_joined > before; }));
    REQUIRE(read(*peer, 8).size() == 8);
    return peer;
  }
};

// Listens somewhere; returns the address to connect to.
template <typename Socket>
std::string listen_on(Socket& socket, std::string_view transport,
                      const spool::EndpointOptions& options = {}) {
  return std::string(socket.listen(somewhere(transport), options).value().address().text());
}
