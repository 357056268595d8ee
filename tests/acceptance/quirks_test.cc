// What other libraries are known to do wrong, row by row: that ours does it right, and that a peer
// of theirs never gets from ours what makes it crash. By raw bytes; quirks_programs_test.cc has
// what needs their programs.
//
// Not here: what nanomsg does with WebSocket requests, PINGs and messages after a refused
// handshake. There is no such transport in this library (yet), so nothing of ours can cause it.
#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "tests/acceptance/child.h"
#include "tests/acceptance/world.h"
#include "tests/support/fake_clock.h"

using namespace spool;
using namespace std::chrono_literals;
using spool::testing::FakeClock;

namespace {

std::string any_wire() { return GENERATE(as<std::string>(), "tcp", "ipc"); }

std::string path_of(std::string_view address) { return std::string(address.substr(6)); }
bool exists(const std::string& path) {
  struct stat file {};
  return ::lstat(path.c_str(), &file) == 0;
}

}  // namespace

// --- What makes nanomsg abort
// ---------------------------------------------------------------------

TEST_CASE("Each ipc frame of ours, of whatever pattern and size, has the type byte 1") {
  World world;
  const std::vector<std::size_t> sizes = {0, 1, 100, 2'048, 2'049, 64'000, 200'000};
  const auto check = [&](SocketType type, unsigned other_end, std::size_t header) {
    AnySocket socket = world.loop.open(type, {.send_queue_bytes = 4u << 20}).value();
    const std::string address = listen_on(socket, "ipc", {.kernel_send_buffer = 4096});
    const World::Peer peer = world.join(socket, address, other_end);
    const auto send = [&](std::size_t size) {
      INFO(to_string(type) << ", " << size << " bytes");
      if (type == SocketType::rep || type == SocketType::respondent) {
        REQUIRE(peer->send(raw::frame(true, word(0x8000'0001))));
        REQUIRE(socket.recv_for(10s).ok());
      }
      REQUIRE(socket.try_send(std::string(size, '\2')).ok());
    };
    // One by one, and in a batch: written at once, gathered, and in several steps.
    for (const std::size_t size : sizes) {
      send(size);
      CHECK(world.read(*peer, 9) == "\1" + raw::length(header + size));
      CHECK(world.read(*peer, header + size).size() == header + size);
    }
    if (type == SocketType::rep || type == SocketType::respondent) return;
    for (const std::size_t size : sizes) {
      Batch batch(world.loop);
      for (int i = 0; i < 3; ++i) send(size);
    }
    for (const std::size_t size : sizes) {
      for (int i = 0; i < 3; ++i) {
        CHECK(world.read(*peer, 9) == "\1" + raw::length(header + size));
        CHECK(world.read(*peer, header + size).size() == header + size);
      }
    }
  };
  check(SocketType::pair, pair_id, 0);
  check(SocketType::pair1, pair1_id, 4);
  check(SocketType::pub, sub_id, 0);
  check(SocketType::push, pull_id, 0);
  check(SocketType::bus, bus_id, 0);
  check(SocketType::req, rep_id, 4);
  check(SocketType::rep, req_id, 4);
  check(SocketType::surveyor, respondent_id, 4);
  check(SocketType::respondent, surveyor_id, 4);
}

TEST_CASE("A SUB of ours says its eight bytes to a PUB, and then nothing until it goes") {
  World world;
  raw::Listener pub(somewhere(any_wire()));
  std::string said;
  World::Peer peer;
  {
    AnySocket sub = world.loop.open(SocketType::sub).value();
    REQUIRE(sub.subscribe("before").ok());
    REQUIRE(sub.connect(pub.address).ok());
    peer = world.join(sub, pub, pub_id);
    const auto listen = [&] {
      world.settle();
      peer->receive_some(said, SIZE_MAX);
    };
    REQUIRE(sub.subscribe("").ok());
    listen();
    for (int i = 0; i < 100; ++i) REQUIRE(peer->send(raw::frame(peer->ipc, "news")));
    for (int i = 0; i < 100; ++i) REQUIRE(sub.recv_for(10s).ok());
    listen();
    REQUIRE(sub.unsubscribe("").ok());
    REQUIRE(peer->send(raw::frame(peer->ipc, "filtered")));
    CHECK(sub.try_send("never").error() == Error::not_supported);
    CHECK(sub.send_for("never", 1ms).error() == Error::not_supported);
    listen();
  }
  REQUIRE(world.until([&] {
    peer->receive_some(said, SIZE_MAX);
    return peer->closed;
  }));
  CHECK(said.empty());
}

TEST_CASE("No socket of ours sends a PUB anything behind its header, whatever it has to send") {
  const std::string transport = any_wire();
  const bool raw_socket = GENERATE(false, true);
  World world;
  for (const SocketType type :
       {SocketType::pair, SocketType::pair1, SocketType::pub, SocketType::sub, SocketType::req,
        SocketType::rep, SocketType::push, SocketType::pull, SocketType::surveyor,
        SocketType::respondent, SocketType::bus}) {
    CAPTURE(transport, to_string(type));
    raw::Listener pub(somewhere(transport));
    const auto check = [&](auto socket) {
      static_cast<void>(socket.try_send("kept for whoever comes"));
      REQUIRE(socket.connect(pub.address).ok());
      World::Peer peer;
      REQUIRE(world.until([&] { return (peer = pub.accept()) != nullptr; }));
      static_cast<void>(socket.try_send("too early"));
      REQUIRE(peer->send(raw::header(pub_id)));
      world.settle();
      static_cast<void>(socket.try_send("too late"));
      world.settle();
      socket.close();
      const std::string said = world.read(*peer, SIZE_MAX);
      CHECK(said.size() == 8);
      CHECK(peer->closed);
    };
    if (raw_socket)
      check(world.loop.open_raw(type).value());
    else
      check(world.loop.open(type).value());
  }
}

TEST_CASE("An ipc path of 107 bytes is fine, and one of 108 is refused in words") {
  World world;
  const auto path = [](std::size_t size) {
    std::string made = "/tmp/spool_quirks_" + std::to_string(::getpid()) + "_";
    return "ipc://" + made + std::string(size - made.size(), 'x');
  };
  Pull pull = world.loop.open<Pull>().value();
  Push push = world.loop.open<Push>().value();
  REQUIRE(pull.listen(path(107)).ok());
  REQUIRE(push.connect(path(107)).ok());
  REQUIRE(push.send_for("through", 10s).ok());
  CHECK(pull.recv_for(10s).value().text() == "through");
  for (const std::size_t size : {108u, 109u, 200u, 500u, 5'000u}) {
    CHECK(pull.listen(path(size)).error() == Error::name_too_long);
    const std::string words(world.loop.last_error());
    CHECK(words.find("too long") != std::string::npos);
    CHECK(words.find(size < 250 ? "at most 107" : "at most") != std::string::npos);
    CHECK(push.connect(path(size)).error() == Error::name_too_long);
    CHECK(world.loop.last_error() == words);
  }
}

TEST_CASE("Negative times are refused in words, when they are set") {
  World world;
  const auto refused = [&](Error error, std::string_view field) {
    CHECK(error == Error::invalid_argument);
    INFO(world.loop.last_error());
    CHECK(world.loop.last_error().find(field) != std::string_view::npos);
    CHECK(world.loop.last_error().find("-1") != std::string_view::npos);
  };
  SocketOptions options;
  options.request_resend = Timeout::after(-1ms);
  // Timeout::after may have its own idea of what is below nothing; 0 is too small as well.
  const Error resend = world.loop.open<Req>(options).error();
  CHECK(resend == Error::invalid_argument);
  CHECK(world.loop.last_error().find("request_resend") != std::string_view::npos);
  refused(world.loop.open<Surveyor>({.survey_deadline = -1ms}).error(), "survey_deadline");
  refused(world.loop.open<Push>({.linger = -1ms}).error(), "linger");
  refused(world.loop.open<Push>({.reconnect_min = -1ms}).error(), "reconnect_min");
  refused(world.loop.open<Push>({.handshake_timeout = -1ms}).error(), "handshake_timeout");
  Req req = world.loop.open<Req>().value();
  refused(req.request("x", {.deadline = -1ms}).error(), "deadline");
  CHECK(req.request("x", {.resend = Timeout::after(-1ms)}).error() == Error::invalid_argument);
  CHECK(world.loop.last_error().find("resend") != std::string_view::npos);
  Surveyor surveyor = world.loop.open<Surveyor>().value();
  refused(surveyor.survey("x", {.deadline = -1ms}).error(), "deadline");
  // The sockets are as good as before.
  const World::Peer peer = world.join(req, listen_on(req, "tcp"), rep_id);
  REQUIRE(req.try_send("question").ok());
  CHECK(world.read_frame(*peer).substr(4) == "question");
}

// --- What makes nanomsg crash
// ----------------------------------------------------------------------

TEST_CASE("Taking back a topic that was never subscribed to is an error in words") {
  World world;
  Sub sub = world.loop.open<Sub>().value();
  for (const char* topic : {"topic", ""}) {
    CHECK(sub.unsubscribe(topic).error() == Error::invalid_argument);
    CHECK_FALSE(world.loop.last_error().empty());
  }
  REQUIRE(sub.subscribe("topic").ok());
  for (const char* topic : {"top", "topics", "", "other"})
    CHECK(sub.unsubscribe(topic).error() == Error::invalid_argument);
  REQUIRE(sub.unsubscribe("topic").ok());
  CHECK(sub.unsubscribe("topic").error() == Error::invalid_argument);
  REQUIRE(sub.subscribe("topic").ok());
  const World::Peer pub = world.join(sub, listen_on(sub, any_wire()), pub_id);
  REQUIRE(pub->send(raw::frame(pub->ipc, "topics")));
  CHECK(sub.recv_for(10s).value().text() == "topics");
}

// --- Reconnecting
// ----------------------------------------------------------------------------------

namespace {

// The waits before so many attempts in a row that nobody answers.
std::vector<Duration> failures(World& world, FakeClock& clock, std::size_t count) {
  std::vector<Duration> waits;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t before = world.count(EventKind::connect_failed);
    REQUIRE(world.until([&] { return world.count(EventKind::connect_failed) > before; }));
    waits.push_back(world.last(EventKind::connect_failed)->retry_in);
    clock.advance(waits.back());
  }
  return waits;
}

}  // namespace

TEST_CASE("Reconnecting backs off within growing bounds, and anew after a good connection") {
  FakeClock clock;
  EventLoopConfig config;
  config.seed = 7;
  World world(&clock, std::move(config));
  SocketOptions options;
  options.reconnect_min = 100ms;
  options.reconnect_max = 60s;
  Push push = world.loop.open<Push>(options).value();
  const std::string address = somewhere("ipc");
  const Endpoint endpoint = push.connect(address).value();
  const auto check_growing = [&] {
    Duration bound = 100ms;
    Duration longest{};
    for (const Duration wait : failures(world, clock, 12)) {
      // Never at once, over and over; never negative, which some take for at once.
      CHECK(wait >= 1ms);
      CHECK(wait <= std::min<Duration>(bound, 60s));
      longest = std::max(longest, wait);
      bound = bound * 2;
    }
    CHECK(longest > 5s);  // by this seed
  };
  check_growing();
  {
    raw::Listener listener(address);
    const World::Peer peer = world.join(push, listener, pull_id);
    clock.advance(options.reconnect_reset_after);
    world.settle();
  }
  const Event left = world.wait_for(EventKind::peer_left);
  CHECK(left.retry_in <= 100ms);
  clock.advance(left.retry_in);
  Duration bound = 200ms;
  for (const Duration wait : failures(world, clock, 4)) {
    CHECK(wait <= bound);
    bound = bound * 2;
  }
}

TEST_CASE("A connection that is lost at once is no reason to start the back-off anew") {
  FakeClock clock;
  EventLoopConfig config;
  config.seed = 7;
  World world(&clock, std::move(config));
  Push push = world.loop.open<Push>({.reconnect_min = 100ms, .reconnect_max = 60s}).value();
  raw::Listener listener(somewhere(any_wire()));
  REQUIRE(push.connect(listener.address).ok());
  Duration longest{};
  for (std::size_t i = 0; i < 12; ++i) {
    world.join(push, listener, pull_id)->close();
    REQUIRE(world.until([&] { return world.count(EventKind::peer_left) == i + 1; }));
    longest = std::max(longest, world.last(EventKind::peer_left)->retry_in);
    clock.advance(world.last(EventKind::peer_left)->retry_in);
  }
  CHECK(longest > 5s);
}

// --- Messages that others lose
// ---------------------------------------------------------------------

TEST_CASE("A second right answer does not take the place of the first") {
  World world;
  Req req = world.loop.open<Req>().value();
  const std::string address = listen_on(req, any_wire());
  const World::Peer peer = world.join(req, address, rep_id);
  REQUIRE(req.try_send("question").ok());
  Exchange exchange = req.request("another").value();
  std::string answers;
  for (int i = 0; i < 2; ++i) {
    const std::string id = world.read_frame(*peer).substr(0, 4);
    answers += raw::frame(peer->ipc, id + "first") + raw::frame(peer->ipc, id + "second");
  }
  REQUIRE(peer->send(answers));
  REQUIRE(world.until([&] { return req.stats().dropped_stale == 2; }));
  CHECK(req.try_recv().value().text() == "first");
  CHECK(exchange.try_recv().value().text() == "first");
}

TEST_CASE("A PUSH that was sent something goes on reading, and hears its puller go") {
  World world;
  Push push = world.loop.open<Push>().value();
  const std::string address = listen_on(push, any_wire());
  const World::Peer peer = world.join(push, address, pull_id);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(peer->send(raw::frame(peer->ipc, "stray")));
    world.settle();
  }
  REQUIRE(world.until([&] { return push.stats().dropped_unasked == 3; }));
  REQUIRE(push.peers() == 1);
  peer->finish_writing();
  // Without a send, and in the meantime without a turn too many.
  CHECK(world.wait_for(EventKind::peer_left).error == Error::peer_closed);
  CHECK(push.peers() == 0);
  CHECK_FALSE(push.can_send());
}

TEST_CASE("A REP whose requester does not read drops no answer") {
  constexpr std::size_t size = 50'000;
  World world;
  const bool at_a_time = GENERATE(true, false);
  Rep rep = world.loop.open<Rep>({.send_queue_messages = 2}).value();
  const std::string address = listen_on(rep, any_wire(), {.kernel_send_buffer = 4096});
  const World::Peer slow = world.join(rep, address, req_id);
  const World::Peer other = world.join(rep, address, req_id);
  const std::uint32_t count = 50;
  std::string questions;
  for (std::uint32_t i = 0; i < count; ++i)
    questions += raw::frame(slow->ipc, word(0x8000'0000 + i) + std::to_string(i));
  REQUIRE(slow->send(questions));

  // As many as go; then it holds nobody else up.
  std::vector<Request> kept;
  std::uint32_t answered = 0;
  const auto serve = [&] {
    if (!at_a_time) {
      while (Result<Request> request = rep.try_recv_request())
        kept.push_back(std::move(request).value());
      while (answered < kept.size()) {
        const Error error = kept[answered].reply(std::string(size, 'x')).error();
        if (error == Error::would_block) return;
        REQUIRE(error == Error::none);
        ++answered;
      }
      return;
    }
    while (rep.can_send() || rep.try_recv().ok()) {
      const Error error = rep.try_send(std::string(size, 'x')).error();
      if (error == Error::would_block) return;
      REQUIRE(error == Error::none);
      ++answered;
    }
  };
  for (int i = 0; i < 100; ++i) world.settle(), serve();
  REQUIRE(answered < count);
  // What it does not read is not lost either.
  std::string read;
  const std::size_t frame = (slow->ipc ? 9 : 8) + 4 + size;
  REQUIRE(world.until([&] {
    serve();
    slow->receive_some(read, SIZE_MAX);
    return read.size() >= count * frame;
  }));
  REQUIRE(read.size() == count * frame);
  for (std::uint32_t i = 0; i < count; ++i)
    CHECK(read.substr(i * frame + frame - size - 4, 4) == word(0x8000'0000 + i));
  CHECK(answered == count);
  CHECK(rep.stats().dropped_unroutable + rep.stats().lost_unsent == 0);
  REQUIRE(other->send(raw::frame(other->ipc, word(0x8000'0001) + "me too")));
  REQUIRE(rep.recv_request_for(10s).value().reply("you too").ok());
  CHECK(world.read_frame(*other) == word(0x8000'0001) + "you too");
}

// --- Limits
// ------------------------------------------------------------------------------------------

TEST_CASE("Nobody can make us reserve what was not asked for: the limit is a mebibyte by default") {
  World world;
  Pull pull = world.loop.open<Pull>().value();
  const std::string address = listen_on(pull, any_wire());
  const std::size_t before = world.loop.stats().memory_high_water;
  for (const unsigned long long size : {1'048'577ull, 1ull << 32, 1ull << 63, ~0ull}) {
    world.events.clear();
    const World::Peer peer = world.join(pull, address, push_id);
    REQUIRE(peer->send(std::string(peer->ipc ? 1 : 0, '\1') + raw::length(size)));
    CHECK(world.wait_for(EventKind::peer_left).error == Error::message_too_large);
  }
  CHECK(world.loop.stats().memory_high_water < before + 64 * 1024);
}

// --- Files
// -------------------------------------------------------------------------------------------

TEST_CASE("A file that is no socket survives that somebody wants to listen there") {
  World world;
  const std::string address = somewhere("ipc");
  const std::string path = path_of(address);
  const std::string kind =
      GENERATE(as<std::string>(), "file", "directory", "link to a file", "fifo");
  CAPTURE(kind);
  const std::string target = path + "_target";
  if (kind == "directory") REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  if (kind == "fifo") REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  if (kind == "file" || kind == "link to a file") {
    const int fd = ::open((kind == "file" ? path : target).c_str(), O_CREAT | O_WRONLY, 0600);
    REQUIRE(::write(fd, "precious", 8) == 8);
    ::close(fd);
  }
  if (kind == "link to a file") REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
  struct stat before {};
  REQUIRE(::lstat(path.c_str(), &before) == 0);
  {
    Pull pull = world.loop.open<Pull>().value();
    CHECK(pull.listen(address).error() == Error::address_in_use);
    CHECK_FALSE(world.loop.last_error().empty());
  }
  world.settle();
  struct stat after {};
  REQUIRE(::lstat(path.c_str(), &after) == 0);
  CHECK(after.st_ino == before.st_ino);
  CHECK(after.st_size == before.st_size);
  kind == "directory" ? ::rmdir(path.c_str()) : ::unlink(path.c_str());
  ::unlink(target.c_str());
}

TEST_CASE("A socket file that a dead process left is used again, one of a live process is not") {
  World world;
  const std::string address = somewhere("ipc");
  {
    Child dead([&] {
      auto loop = EventLoop::create({}).value();
      auto pull = loop.open<Pull>().value();
      if (!pull.listen(address).ok()) return 1;
      ::kill(::getpid(), SIGKILL);
      return 2;
    });
    REQUIRE(dead.wait() == 128 + SIGKILL);
  }
  REQUIRE(exists(path_of(address)));
  Pull pull = world.loop.open<Pull>().value();
  REQUIRE(pull.listen(address).ok());
  Pull second = world.loop.open<Pull>().value();
  CHECK(second.listen(address).error() == Error::address_in_use);
  const World::Peer peer = world.join(pull, address, push_id);
  REQUIRE(peer->send(raw::frame(true, "alive")));
  CHECK(pull.recv_for(10s).value().text() == "alive");
}

TEST_CASE("A socket file goes with its endpoint, its socket or its loop, and no other file does") {
  const std::string how = GENERATE(as<std::string>(), "endpoint", "socket", "loop");
  const std::string address = somewhere("ipc");
  const std::string path = path_of(address);
  const bool replaced = GENERATE(false, true);
  CAPTURE(how, replaced);
  {
    World world;
    Pull pull = world.loop.open<Pull>().value();
    Endpoint endpoint = pull.listen(address).value();
    REQUIRE(exists(path));
    if (replaced) {
      // Somebody has put a file of his own there meanwhile.
      REQUIRE(::unlink(path.c_str()) == 0);
      ::close(::open(path.c_str(), O_CREAT | O_WRONLY, 0600));
    }
    if (how == "endpoint") endpoint.close();
    if (how == "socket") pull.close();
    if (how != "loop") {
      world.settle();
      CHECK(exists(path) == replaced);
    }
  }
  CHECK(exists(path) == replaced);
  ::unlink(path.c_str());
}
