// What goes wrong around a socket: no descriptors, peers that are killed, listeners that go away.
#include <fcntl.h>
#include <spool/spool.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/acceptance/child.h"
#include "tests/acceptance/raw_peer.h"

using namespace spool;
using namespace std::chrono_literals;

namespace {

bool turn_until(EventLoop& loop, const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.poll_once(5ms);
  }
  return true;
}

std::string ipc_path(const char* name) {
  return std::string("ipc:///tmp/spool_faults_") + name + std::to_string(::getpid());
}

}  // namespace

TEST_CASE("Without descriptors accepting pauses, says so, does not spin, and goes on") {
  // In a process of its own: it uses up all descriptors.
  Child child([] {
    std::string log;
    int failures = 0;
    Duration retry{};
    EventLoopConfig config;
    config.log = [&](LogLevel, std::string_view line) { (log += line) += '\n'; };
    config.on_event = [&](const Event& event) {
      if (event.kind != EventKind::accept_failed) return;
      if (event.error != Error::no_descriptors || event.os_error != EMFILE) ::_exit(10);
      ++failures;
      retry = event.retry_in;
    };
    auto loop = EventLoop::create(std::move(config)).value();
    auto pull = loop.open<Pull>().value();
    const std::string address(pull.listen("tcp://127.0.0.1:0").value().address().text());
    raw::Peer early(address);
    early.send(raw::header(0x50));
    if (!turn_until(loop, [&] { return pull.peers() == 1; })) return 11;

    raw::Peer late(address);  // connected by the kernel, not accepted yet
    late.send(raw::header(0x50) + raw::frame(false, "patient"));
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    std::vector<int> hoard;
    for (int fd; (fd = ::open("/dev/null", O_RDONLY)) >= 0;) hoard.push_back(fd);

    // Half a second of waiting turns: a spinning listener would need thousands of them.
    int turns = 0;
    const auto end = std::chrono::steady_clock::now() + 500ms;
    while (std::chrono::steady_clock::now() < end) {
      loop.poll_once(500ms);
      ++turns;
    }
    if (failures < 1 || retry <= Duration::zero()) return 12;
    if (turns > 100) return 13;
    if (log.find("accept failed: no_descriptors (errno 24), again in 100 ms") == std::string::npos)
      return 14;
    // The peer that was there before is served all the time.
    early.send(raw::frame(false, "still here"));
    auto message = pull.recv_for(10s);
    if (!message.ok() || message->text() != "still here") return 15;

    for (const int fd : hoard) ::close(fd);
    message = pull.recv_for(10s);
    if (!message.ok() || message->text() != "patient") return 16;
    if (pull.stats().accepts_failed != static_cast<std::uint64_t>(failures)) return 17;
    return 0;
  });
  CHECK(child.wait() == 0);
}

TEST_CASE("Without descriptors a connect fails, is tried again, and succeeds later") {
  Child child([] {
    auto loop = EventLoop::create({}).value();
    auto pull = loop.open<Pull>().value();
    const std::string address(pull.listen("tcp://127.0.0.1:0").value().address().text());
    auto push = loop.open<Push>().value();
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    std::vector<int> hoard;
    for (int fd; (fd = ::open("/dev/null", O_RDONLY)) >= 0;) hoard.push_back(fd);
    if (!push.connect(address).ok()) return 10;
    if (pull.listen("tcp://127.0.0.1:0").error() != Error::no_descriptors) return 11;
    if (loop.last_error().find("errno 24") == std::string_view::npos) return 12;
    if (!turn_until(loop, [&] { return push.stats().connects_failed >= 2; })) return 13;
    for (const int fd : hoard) ::close(fd);
    auto message = loop.message("at last").value();
    if (!push.send_for(message, 20s).ok()) return 14;
    return pull.recv_for(20s).ok() ? 0 : 15;
  });
  CHECK(child.wait() == 0);
}

TEST_CASE(
    "A peer that is killed in mid-frame costs that frame, is reported, and the next one is "
    "served") {
  for (const std::string& where : {std::string("tcp://127.0.0.1:0"), ipc_path("kill")}) {
    std::optional<Event> left;
    EventLoopConfig config;
    config.on_event = [&](const Event& event) {
      if (event.kind == EventKind::peer_left) left = event;
    };
    auto loop = EventLoop::create(std::move(config)).value();
    auto pull = loop.open<Pull>().value();
    const std::string address(pull.listen(where).value().address().text());
    Child victim([&] {
      raw::Peer peer(address);
      peer.receive(8);  // what is left unread would turn the end into a reset
      peer.send(raw::header(0x50) + raw::frame(peer.ipc, "whole") +
                raw::frame(peer.ipc, std::string(100'000, 'x')).substr(0, 50'000));
      ::pause();
      return 0;
    });
    REQUIRE(turn_until(loop, [&] { return pull.can_recv(); }));
    victim.kill();
    REQUIRE(turn_until(loop, [&] { return left.has_value(); }));
    CHECK(left->error == Error::truncated);
    CHECK(pull.try_recv()->text() == "whole");
    CHECK(pull.try_recv().error() == Error::would_block);
    raw::Peer next(address);
    next.send(raw::header(0x50) + raw::frame(next.ipc, "next"));
    auto message = pull.recv_for(20s);
    REQUIRE(message.ok());
    CHECK(message->text() == "next");
  }
}

TEST_CASE(
    "A peer that is killed while we send to it: what is partly written is lost, the rest waits for "
    "the next peer") {
  std::optional<Event> left;
  EventLoopConfig config;
  config.on_event = [&](const Event& event) {
    if (event.kind == EventKind::peer_left) left = event;
  };
  auto loop = EventLoop::create(std::move(config)).value();
  auto push = loop.open<Push>().value();
  const std::string address(push.listen("tcp://127.0.0.1:0").value().address().text());
  Child victim([&] {
    raw::Peer peer(address);
    peer.send(raw::header(0x51));
    ::pause();  // reads nothing
    return 0;
  });
  REQUIRE(turn_until(loop, [&] { return push.can_send(); }));
  const std::string body(10'000, 'x');
  std::uint64_t accepted = 0;
  for (int quiet = 0; quiet < 20;) {
    if (push.try_send(body).ok())
      ++accepted, quiet = 0;
    else
      loop.poll_once(5ms), ++quiet;
  }
  const SocketStats full = push.stats();
  CHECK(full.messages_sent == accepted);
  CHECK(full.unsent_messages > 0);
  victim.kill();
  REQUIRE(turn_until(loop, [&] { return left.has_value(); }));
  const SocketStats after = push.stats();
  CHECK(left->lost <= 1);
  CHECK(after.lost_unsent == left->lost);
  CHECK(loop.stats().messages_lost == left->lost);
  CHECK(after.returned == full.unsent_messages - left->lost);
  CHECK(after.waiting_messages == after.returned);
  CHECK(after.unsent_messages == 0);
  CHECK(push.try_send(body).error() == Error::would_block);
}

TEST_CASE("A listener that goes away and comes back is found again, and the reasons are told") {
  for (const std::string& where : {std::string("tcp://127.0.0.1:0"), ipc_path("back")}) {
    std::vector<EventKind> events;
    std::string log;
    EventLoopConfig config;
    config.log_level = LogLevel::debug;
    config.event_queue = 1024;
    config.log = [&](LogLevel, std::string_view line) { (log += line) += '\n'; };
    config.on_event = [&](const Event& event) { events.push_back(event.kind); };
    auto loop = EventLoop::create(std::move(config)).value();
    auto push = loop.open<Push>().value();
    std::string address = where;
    {
      auto pull = loop.open<Pull>().value();
      address = pull.listen(where).value().address().text();
      push.connect(address).value();
      auto message = loop.message("first").value();
      REQUIRE(push.send_for(message, 20s).ok());
      REQUIRE(pull.recv_for(20s).ok());
    }
    REQUIRE(turn_until(loop, [&] { return push.peers() == 0; }));
    REQUIRE(turn_until(loop, [&] { return push.stats().connects_failed >= 2; }));
    CHECK(log.find("connect failed: connection_refused") != std::string::npos);
    auto pull = loop.open<Pull>().value();
    INFO(loop.last_error());
    REQUIRE(pull.listen(address).ok());
    auto message = loop.message("second").value();
    REQUIRE(push.send_for(message, 20s).ok());
    auto second = pull.recv_for(20s);
    REQUIRE(second.ok());
    CHECK(second->text() == "second");
  }
}

TEST_CASE("A peer that accepts and hangs up at once does not make the connector spin") {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
  REQUIRE(::listen(listener, 128) == 0);
  socklen_t size = sizeof at;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  const std::string address = "tcp://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  const int flags = ::fcntl(listener, F_GETFL);
  ::fcntl(listener, F_SETFL, flags | O_NONBLOCK);

  auto loop = EventLoop::create({}).value();
  auto push = loop.open<Push>().value();
  push.connect(address).value();
  int turns = 0;
  const auto end = std::chrono::steady_clock::now() + 1s;
  while (std::chrono::steady_clock::now() < end) {
    loop.poll_once(50ms);
    const int fd = ::accept(listener, nullptr, nullptr);
    if (fd >= 0) ::close(fd);
    ++turns;
  }
  ::close(listener);
  CHECK(push.stats().handshakes_failed + push.stats().connects_failed >= 1);
  CHECK(turns < 500);
}
