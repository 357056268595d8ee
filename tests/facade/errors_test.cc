// Wrong addresses, options and arguments: the error value, and words that name what was given and
// what was expected.
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include <catch2/catch.hpp>

#include "facade_rig.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

struct Wrong {
  std::string address;
  Error error;
  std::vector<std::string> words;  // all of them are in last_error
};

void check_words(EventLoop& loop, const std::vector<std::string>& words) {
  const std::string said(loop.last_error());
  for (const std::string& word : words) {
    CAPTURE(said, word);
    CHECK(said.find(word) != std::string::npos);
  }
}

TEST_CASE("a wrong address is refused at once, by listen and by connect, with words") {
  EventLoop loop = EventLoop::create({}).value();
  Pair pair = loop.open<Pair>().value();
  const std::string long_path(108, 'p');
  const std::string long_address = "tcp://" + std::string(400, 'h') + ":1";
  const std::vector<Wrong> both = {
      {"", Error::invalid_address, {"''", "SCHEME://"}},
      {"127.0.0.1:5555", Error::invalid_address, {"'127.0.0.1:5555'", "SCHEME://"}},
      {"://x", Error::invalid_address, {"'://x'", "SCHEME://"}},
      {"udp://127.0.0.1:1",
       Error::unknown_scheme,
       {"'udp'", "tcp tcp4 tcp6 ipc unix abstract inproc"}},
      {"TCP://127.0.0.1:1", Error::unknown_scheme, {"'TCP'"}},
      {"tcp://127.0.0.1", Error::invalid_address, {"'127.0.0.1'", "port is missing"}},
      {"tcp://127.0.0.1:", Error::invalid_address, {"'127.0.0.1:'", "0 to 65535"}},
      {"tcp://127.0.0.1:65536", Error::invalid_address, {"'127.0.0.1:65536'", "0 to 65535"}},
      {"tcp://127.0.0.1:-1", Error::invalid_address, {"0 to 65535"}},
      {"tcp://127.0.0.1:80x", Error::invalid_address, {"'127.0.0.1:80x'", "0 to 65535"}},
      {"tcp://no such name:80", Error::invalid_address, {"'no such name:80'", "IPv4"}},
      {"tcp4://[::1]:80", Error::invalid_address, {"'[::1]:80'", "only IPv4"}},
      {"tcp6://127.0.0.1:80", Error::invalid_address, {"'127.0.0.1:80'", "only IPv6"}},
      {"unix://", Error::invalid_address, {"path"}},
      {"abstract://%4", Error::invalid_address, {"'%4'", "hexadecimal"}},
      {"tcp://[::1:80", Error::invalid_address, {"'[::1:80'"}},
      {"tcp://[::1]", Error::invalid_address, {"port is missing"}},
      {"tcp://[zz]:80", Error::invalid_address, {"IPv6"}},
      {"tcp://256.0.0.1:80", Error::invalid_address, {"IPv4"}},
      {"tcp://a\nb:1", Error::invalid_address, {"'tcp://a?b:1'", "control"}},
      {"ipc://", Error::invalid_address, {"path"}},
      {"ipc://" + long_path, Error::name_too_long, {"108", "107"}},
      {long_address, Error::name_too_long, {"408", "335"}},
      {"inproc://", Error::invalid_address, {"name"}},
  };
  for (const Wrong& wrong : both) {
    CAPTURE(wrong.address);
    CHECK(pair.listen(wrong.address).error() == wrong.error);
    check_words(loop, wrong.words);
    CHECK(pair.connect(wrong.address).error() == wrong.error);
    check_words(loop, wrong.words);
  }
  for (const char* address : {"tcp://*:80", "tcp://:80", "tcp://127.0.0.1:0"}) {
    CAPTURE(address);
    CHECK(pair.connect(address).error() == Error::invalid_address);
    check_words(loop, {std::string("'") + (address + 6) + "'"});
  }
  const std::string label(64, 'h');
  CHECK(pair.connect("tcp://" + label + ".example:80").error() == Error::name_too_long);
  check_words(loop, {"64", "63"});
  CHECK(pair.connect("abstract://").error() == Error::invalid_address);
  check_words(loop, {"only to listen"});
  CHECK(pair.listen("tcp://127.0.0.1;127.0.0.1:80").error() == Error::invalid_address);
  check_words(loop, {"'127.0.0.1;127.0.0.1:80'", "only for connecting"});
  CHECK(pair.listen("tcp://no-such-if:80").error() == Error::address_unavailable);
  check_words(loop, {"'tcp://no-such-if:80'", "no interface 'no-such-if'"});
  // Nothing of it is left, and a right one goes.
  CHECK(pair.listen("inproc://right").ok());
}

TEST_CASE("an address that somebody listens on is refused with the system's reason") {
  EventLoop loop = EventLoop::create({}).value();
  Pull first = loop.open<Pull>().value();
  Pull second = loop.open<Pull>().value();
  for (const char* transport : {"tcp", "ipc", "inproc"}) {
    CAPTURE(transport);
    const std::string address = listen_on(first, transport);
    CHECK(second.listen(address).error() == Error::address_in_use);
    check_words(loop, {"'" + address + "'", "address_in_use"});
  }
}

TEST_CASE("an address that this machine does not have is unavailable") {
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  CHECK(pull.listen("tcp://192.0.2.1:5555").error() == Error::address_unavailable);
  check_words(loop, {"'tcp://192.0.2.1:5555'", "errno"});
  CHECK(pull.listen("ipc:///no/such/directory/x").error() == Error::address_unavailable);
}

TEST_CASE("a file that is no socket is not replaced by one") {
  EventLoop loop = EventLoop::create({}).value();
  Pull pull = loop.open<Pull>().value();
  const std::string address = fresh_address("ipc");
  const std::string path = address.substr(6);
  const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  REQUIRE(fd >= 0);
  ::close(fd);
  CHECK(pull.listen(address).error() == Error::address_in_use);
  CHECK(::access(path.c_str(), F_OK) == 0);
  ::unlink(path.c_str());
}

TEST_CASE("wrong options name the field, its value and its range") {
  EventLoop loop = EventLoop::create({}).value();
  CHECK(loop.open<Push>({.send_queue_messages = 0}).error() == Error::invalid_argument);
  CHECK(loop.last_error() == "send_queue_messages is 0: expected 1 to 1099511627776");
  CHECK(loop.open(SocketType::sub, {.linger = -1s}).error() == Error::invalid_argument);
  CHECK(loop.last_error() == "linger is -1000000 us: expected 0 to 86400000000 us");
  Push push = loop.open<Push>().value();
  CHECK(push.listen("inproc://x", {.send_priority = 17}).error() == Error::invalid_argument);
  CHECK(loop.last_error() == "send_priority is 17: expected 1 to 16");
  CHECK(push.connect("inproc://x", {.receive_priority = 0}).error() == Error::invalid_argument);
  CHECK(loop.last_error() == "receive_priority is 0: expected 1 to 16");
  CHECK(loop.stats().sockets == 1);
}

TEST_CASE("a wrong configuration names the field, its value and its range") {
  Explanation why;
  CHECK(EventLoop::create({.receive_buffer = 1}, &why).error() == Error::invalid_argument);
  CHECK(why.text() == "receive_buffer is 1: expected 4096 to 16777216");
  CHECK(EventLoop::create({.receive_buffer = 1}).error() == Error::invalid_argument);
  CHECK(EventLoop::create({}, &why).ok());
  CHECK(why.empty());
}

TEST_CASE("wrong topics are named") {
  EventLoop loop = EventLoop::create({}).value();
  Sub sub = loop.open<Sub>().value();
  CHECK(sub.unsubscribe("weather").error() == Error::invalid_argument);
  CHECK(loop.last_error() == "'weather': expected a topic that is subscribed to");
  CHECK(sub.subscribe(std::string(4097, 'x')).error() == Error::invalid_argument);
  CHECK(loop.last_error() == "a topic of 4097 bytes: expected at most 4096");
  CHECK(sub.subscribe(std::string(4096, 'x')).ok());
}

TEST_CASE("a message that is too large is refused when it is made") {
  EventLoop loop = EventLoop::create({.message_memory_limit = 0}).value();
  CHECK(loop.message(Message::max_size + 1).error() == Error::message_too_large);
  CHECK(loop.message(SIZE_MAX).error() == Error::message_too_large);
}

TEST_CASE("a peer that announces too much is disconnected, and both sides say so") {
  HangGuard guard;
  EventLog log;
  EventLoopConfig config;
  config.on_event = log.collect();
  EventLoop loop = EventLoop::create(std::move(config)).value();
  Pull pull = loop.open<Pull>({.max_message_size = 100}).value();
  Push push = loop.open<Push>({.reconnect_min = 1h, .reconnect_max = 1h}).value();
  push.connect(listen_on(pull, "tcp")).value();
  REQUIRE(turn_until(loop, [&] { return push.can_send(); }));
  push.try_send(std::string(100, 'x')).value();
  push.try_send(std::string(101, 'x')).value();
  REQUIRE(turn_until(loop, [&] { return log.count(EventKind::peer_left) == 2; }));
  bool seen = false;
  for (const Event& event : log.events) seen = seen || event.error == Error::message_too_large;
  CHECK(seen);
  CHECK(receive(pull).size() == 100);
  CHECK_FALSE(pull.can_recv());
}

}  // namespace
}  // namespace spool
