// What goes over the wire between peers that are all right, byte by byte: handshakes and who
// accepts whom, framing, the limits of a length.
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "tests/acceptance/world.h"
#include "tests/support/fake_clock.h"

using namespace spool;
using namespace std::chrono_literals;
using spool::testing::FakeClock;

namespace {

struct Pattern {
  SocketType type;
  unsigned id;
  unsigned peer;
};
constexpr Pattern patterns[] = {
    {SocketType::pair, pair_id, pair_id},
    {SocketType::pair1, pair1_id, pair1_id},
    {SocketType::pub, pub_id, sub_id},
    {SocketType::sub, sub_id, pub_id},
    {SocketType::req, req_id, rep_id},
    {SocketType::rep, rep_id, req_id},
    {SocketType::push, push_id, pull_id},
    {SocketType::pull, pull_id, push_id},
    {SocketType::surveyor, surveyor_id, respondent_id},
    {SocketType::respondent, respondent_id, surveyor_id},
    {SocketType::bus, bus_id, bus_id},
};
// Of nobody, or of nobody any more: 0x60 and 0x61 were the first surveys.
constexpr unsigned strange_ids[] = {0x00, 0x01, 0x12, 0x22, 0x32,  0x40,   0x52,   0x60,
                                    0x61, 0x64, 0x71, 0x80, 0x640, 0x1000, 0x5100, 0xffff};
std::string any_wire() { return GENERATE(as<std::string>(), "tcp", "ipc"); }

}  // namespace

TEST_CASE("Each pattern says its own number, and accepts the one that fits and no other") {
  std::vector<unsigned> all(std::begin(strange_ids), std::end(strange_ids));
  for (const Pattern& pattern : patterns) all.push_back(pattern.id);
  const std::string transport = any_wire();
  const bool raw_socket = GENERATE(false, true);
  World world;
  for (const Pattern& pattern : patterns) {
    SocketHandle handle;
    auto check = [&](auto socket) {
      const std::string address = listen_on(socket, transport);
      for (const unsigned id : all) {
        CAPTURE(transport, to_string(pattern.type), id);
        const SocketStats before = socket.stats();
        world.events.clear();
        raw::Peer peer(address);
        REQUIRE(peer.send(raw::header(id)));
        CHECK(world.read(peer, 8) == raw::header(pattern.id));
        REQUIRE(world.until([&] {
          return socket.stats().peers_joined + socket.stats().handshakes_failed !=
                 before.peers_joined + before.handshakes_failed;
        }));
        CHECK((socket.peers() == 1) == (id == pattern.peer));
        world.settle();
        CHECK(peer.is_closed() == (id != pattern.peer));
        if (id != pattern.peer) {
          CHECK(world.wait_for(EventKind::handshake_failed).error == Error::protocol_mismatch);
        }
        peer.close();
        REQUIRE(world.until([&] { return socket.peers() == 0; }));
      }
    };
    if (raw_socket)
      check(world.loop.open_raw(pattern.type).value());
    else
      check(world.loop.open(pattern.type).value());
  }
}

TEST_CASE("A connection that we make begins with the same eight bytes, before any has come") {
  const std::string transport = any_wire();
  World world;
  for (const Pattern& pattern : patterns) {
    raw::Listener listener(somewhere(transport));
    AnySocket socket = world.loop.open(pattern.type).value();
    REQUIRE(socket.connect(listener.address).ok());
    std::unique_ptr<raw::Peer> peer;
    REQUIRE(world.until([&] { return (peer = listener.accept()) != nullptr; }));
    CHECK(world.read(*peer, 8) == raw::header(pattern.id));
    CHECK(socket.peers() == 0);
    REQUIRE(peer->send(raw::header(pattern.peer)));
    REQUIRE(world.until([&] { return socket.peers() == 1; }));
    CHECK(world.is_silent(*peer));
  }
}

TEST_CASE("Who connects and is answered with a wrong header parts, says so, and tries again") {
  struct Row {
    std::string answer;
    Error error;
  };
  const std::vector<Row> rows = {
      {raw::hex("00 53 50 01 00 51 00 00"), Error::bad_handshake},
      {raw::hex("00 53 50 00 00 51 00 01"), Error::bad_handshake},
      {raw::hex("00 53 50 00 00 51 01 00"), Error::bad_handshake},
      {"HTTP/1.1", Error::bad_handshake},
      {raw::header(push_id), Error::protocol_mismatch},
      {raw::header(0x1234), Error::protocol_mismatch},
  };
  FakeClock clock;
  World world(&clock);
  raw::Listener listener(somewhere(any_wire()));
  Push push = world.loop.open<Push>().value();
  REQUIRE(push.connect(listener.address).ok());
  for (const Row& row : rows) {
    std::unique_ptr<raw::Peer> peer;
    REQUIRE(world.until([&] { return (peer = listener.accept()) != nullptr; }));
    world.events.clear();
    REQUIRE(peer->send(row.answer));
    const Event event = world.wait_for(EventKind::handshake_failed);
    CHECK(event.error == row.error);
    CHECK(event.retry_in >= 1ms);
    CHECK(world.until([&] { return peer->is_closed(); }));
    CHECK(listener.accept() == nullptr);
    clock.advance(event.retry_in);
  }
  const World::Peer good = world.join(push, listener, pull_id);
  REQUIRE(push.try_send("at last").ok());
  CHECK(world.read_frame(*good) == "at last");
}

TEST_CASE("Frames are a length and so many bytes, over ipc with a one in front") {
  const bool ipc = GENERATE(false, true);
  const std::string one = ipc ? std::string(1, '\1') : std::string();
  World world;
  Push push = world.loop.open<Push>().value();
  const std::string address = listen_on(push, ipc ? "ipc" : "tcp");
  const World::Peer peer = world.join(push, address, pull_id);
  REQUIRE(push.try_send("abc").ok());
  REQUIRE(push.try_send("").ok());
  REQUIRE(push.try_send(std::string(0x01'02'03, 'x')).ok());
  CHECK(world.read(*peer, one.size() + 11) == one + raw::hex("0000000000000003 616263"));
  CHECK(world.read(*peer, one.size() + 8) == one + raw::hex("0000000000000000"));
  CHECK(world.read(*peer, one.size() + 8) == one + raw::hex("0000000000010203"));
  CHECK((world.read(*peer, 0x01'02'03) == std::string(0x01'02'03, 'x')));

  Req req = world.loop.open<Req>().value();
  const World::Peer rep = world.join(req, listen_on(req, ipc ? "ipc" : "tcp"), rep_id);
  REQUIRE(req.try_send("hi").ok());
  const std::string asked = world.read(*rep, one.size() + 14);
  CHECK(asked.substr(0, one.size() + 8) == one + raw::hex("0000000000000006"));
  CHECK(static_cast<unsigned char>(asked[one.size() + 8]) >= 0x80);
  CHECK(asked.substr(one.size() + 12) == "hi");

  Pair1 pair = world.loop.open<Pair1>().value();
  const World::Peer other = world.join(pair, listen_on(pair, ipc ? "ipc" : "tcp"), pair1_id);
  REQUIRE(pair.try_send("x").ok());
  CHECK(world.read(*other, one.size() + 13) == one + raw::hex("0000000000000005 00000001 78"));
}

TEST_CASE("Frames are taken however they are cut") {
  World world;
  Pull pull = world.loop.open<Pull>().value();
  const std::string address = listen_on(pull, any_wire());
  const World::Peer peer = world.join(pull, address, push_id);
  std::string bytes;
  std::vector<std::string> bodies;
  for (std::size_t i = 0; i < 30; ++i) {
    bodies.emplace_back(i * i, static_cast<char>('a' + i % 26));
    bytes += raw::frame(peer->ipc, bodies.back());
  }
  const std::size_t piece =
      GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{9}, std::size_t{1000});
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    REQUIRE(peer->send(bytes.substr(at, piece)));
    world.loop.poll_once();
  }
  for (const std::string& body : bodies) {
    REQUIRE(world.until([&] { return pull.can_recv(); }));
    CHECK(pull.try_recv().value().text() == body);
  }
}

TEST_CASE("By default a message of a mebibyte is taken, and one byte more ends the connection") {
  World world;
  Pull pull = world.loop.open<Pull>().value();
  const std::string address = listen_on(pull, any_wire());
  const World::Peer peer = world.join(pull, address, push_id);
  std::string frame = raw::frame(peer->ipc, std::string(1'048'576, 'x'));
  std::size_t at = 0;
  REQUIRE(world.until([&] {
    const ssize_t n =
        ::send(peer->fd, frame.data() + at, frame.size() - at, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) at += static_cast<std::size_t>(n);
    return pull.can_recv();
  }));
  CHECK(pull.try_recv().value().size() == 1'048'576);
  REQUIRE(peer->send(raw::frame(peer->ipc, std::string(1'048'577, 'x')).substr(0, 100)));
  CHECK(world.wait_for(EventKind::peer_left).error == Error::message_too_large);
}

TEST_CASE("The limit of a message counts the words in front of its body") {
  World world;
  Rep rep = world.loop.open<Rep>({.max_message_size = 20}).value();
  const std::string address = listen_on(rep, any_wire());
  const World::Peer peer = world.join(rep, address, req_id);
  REQUIRE(peer->send(raw::frame(peer->ipc, word(7) + word(0x8000'0001) + "twelve bytes")));
  REQUIRE(world.until([&] { return rep.can_recv(); }));
  CHECK(rep.try_recv().value().text() == "twelve bytes");
  REQUIRE(peer->send(raw::frame(peer->ipc, word(7) + word(0x8000'0001) + "thirteen byte")));
  CHECK(world.wait_for(EventKind::peer_left).error == Error::message_too_large);
}

TEST_CASE("A frame of a request that ends early is dropped, whatever was in it") {
  World world;
  Rep rep = world.loop.open<Rep>().value();
  const std::string address = listen_on(rep, any_wire());
  const std::string whole = word(0x8000'0001) + "question";
  for (std::size_t have = 1; have < 8; ++have) {
    world.events.clear();
    World::Peer peer = world.join(rep, address, req_id);
    const std::string frame = raw::frame(peer->ipc, whole);
    REQUIRE(peer->send(frame + frame.substr(0, frame.size() - have)));
    peer->close();
    CHECK(world.wait_for(EventKind::peer_left).error == Error::truncated);
    REQUIRE(rep.can_recv());
    CHECK(rep.try_recv().value().text() == "question");
    CHECK_FALSE(rep.can_recv());
  }
}

TEST_CASE("A second peer of a PAIR of either version gets our header and is closed") {
  const bool v1 = GENERATE(false, true);
  const unsigned id = v1 ? pair1_id : pair_id;
  World world;
  AnySocket pair = world.loop.open(v1 ? SocketType::pair1 : SocketType::pair).value();
  const std::string address = listen_on(pair, any_wire());
  const World::Peer first = world.join(pair, address, id);
  raw::Peer second(address);
  REQUIRE(second.send(raw::header(id)));
  CHECK(world.wait_for(EventKind::peer_refused).error == Error::refused);
  CHECK(world.read(second, 9) == raw::header(id));
  CHECK(second.closed);
  CHECK(world.is_silent(*first));
}
