// What the tests of the facade share: addresses, turns until something is true, a guard.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "spool/spool.h"

namespace spool {

// Kills a test that hangs, which a test runner would notice only much later.
class HangGuard {
 public:
  explicit HangGuard(unsigned seconds = 30) { ::alarm(seconds); }
  ~HangGuard() { ::alarm(0); }
};

// A directory of this process with a short name; unix socket paths are limited to 107 bytes.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_("/tmp/spool-test-XXXXXX") {
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryDirectory() { ::rmdir(path_.c_str()); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// An address of that transport that nobody else uses. tcp: the system chooses the port.
inline std::string fresh_address(std::string_view transport) {
  static const TemporaryDirectory directory;
  static int count = 0;
  const std::string number = std::to_string(++count);
  if (transport == "tcp") return "tcp://127.0.0.1:0";
  if (transport == "ipc") return "ipc://" + directory.path() + "/" + number;
  return "inproc://" + number;
}

// Listens on a fresh address; returns the one to connect to.
template <typename Socket>
std::string listen_on(Socket& socket, std::string_view transport) {
  return std::string(socket.listen(fresh_address(transport)).value().address().text());
}

// Turns the loop until done() is true; false after ten seconds.
template <typename Done>
bool turn_until(EventLoop& loop, Done done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.poll_once(std::chrono::milliseconds(1));
  }
  return true;
}
// The same for several loops in one thread.
template <typename Done>
bool turn_until(EventLoop& one, EventLoop& other, Done done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    one.poll_once(std::chrono::microseconds(200));
    other.poll_once(std::chrono::microseconds(200));
  }
  return true;
}

// The next message as text; "" and a failed check when none comes.
template <typename Socket>
std::string receive(Socket& socket, Duration limit = std::chrono::seconds(10)) {
  Result<Message> message = socket.recv_for(limit);
  INFO("recv_for: " << to_string(message.error()));
  CHECK(message.ok());
  return message.ok() ? std::string(message->text()) : std::string();
}

// Keeps every event; hand `collect()` to EventLoopConfig::on_event. Outlives the loop.
struct EventLog {
  std::vector<Event> events;

  [[nodiscard]] auto collect() {
    return [this](const Event& event) { events.push_back(event); };
  }
  [[nodiscard]] std::size_t count(EventKind kind) const {
    std::size_t result = 0;
    for (const Event& event : events) result += event.kind == kind ? 1 : 0;
    return result;
  }
  [[nodiscard]] const Event* last(EventKind kind) const {
    for (auto event = events.rbegin(); event != events.rend(); ++event)
      if (event->kind == kind) return &*event;
    return nullptr;
  }
};

}  // namespace spool
