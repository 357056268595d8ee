// What every transport promises, over each of them.
#include "spool/io/transport.h"

#include "tests/io/transport_fixture.h"

namespace spool::io {
namespace {

// A fixture with an address to listen on.
struct Conformance : TransportFixture {
  explicit Conformance(int which) {
    switch (which) {
      case 0:
        at = "tcp://127.0.0.1:0";
        break;
      case 1:
        at = "ipc://" + directory.file("s");
        break;
      case 2:
        at = "inproc://name";
        break;
      case 3:
        at = "tcp://[::1]:0";
        break;
      case 4:
        at = "abstract://spool%20" + std::to_string(::getpid());
        break;
    }
  }
  ShortDirectory directory;
  std::string at;
};

#define EVERY_TRANSPORT()                  \
  const int which = GENERATE(0, 1, 2, 4); \
  Conformance f(which);                    \
  CAPTURE(f.at)

TEST_CASE("a connection opens at both ends, once") {
  EVERY_TRANSPORT();
  f.open_link(f.at);
  f.some_turns();
  CHECK(f.client.owner.opened == 1);
  CHECK(f.server.owner.opened == 1);
  CHECK(f.server.owner.accepted.size() == 1);
  CHECK(f.server.owner.last_open == f.server.owner.accepted[0]);
  CHECK(f.near().sendable());
  CHECK(f.far().sendable());
  CHECK_FALSE(f.near().receivable());
}

TEST_CASE("a listener says at which address it can be reached") {
  EVERY_TRANSPORT();
  REQUIRE(f.listen(f.at) == Error::none);
  const std::string_view text = f.listener->address().text();
  if (which == 0) {
    CHECK(text.substr(0, 16) == "tcp://127.0.0.1:");
    CHECK(text != "tcp://127.0.0.1:0");
  } else {
    CHECK(text == f.at);
  }
}

TEST_CASE("messages of all sizes go both ways, whole and in order") {
  EVERY_TRANSPORT();
  f.server.config.receive_queue_bytes = f.client.config.receive_queue_bytes = 8 << 20;
  f.server.config.send_queue_bytes = f.client.config.send_queue_bytes = 8 << 20;
  f.open_link(f.at);
  std::vector<std::string> sent;
  for (const std::size_t size : {0, 1, 2048, 2049, 65'535, 65'536, 1 << 20, 3}) {
    sent.emplace_back(size, static_cast<char>('a' + sent.size()));
    REQUIRE(f.send(f.near(), sent.back()) == Error::none);
    REQUIRE(f.send(f.far(), sent.back()) == Error::none);
  }
  REQUIRE(f.until([&] {
    f.client.owner.take_all(f.near());
    f.server.owner.take_all(f.far());
    return f.client.owner.taken.size() == sent.size() && f.server.owner.taken.size() == sent.size();
  }));
  for (std::size_t i = 0; i < sent.size(); ++i) {
    CHECK((f.client.owner.taken[i] == sent[i]));
    CHECK((f.server.owner.taken[i] == sent[i]));
  }
  CHECK(f.near().stats().messages_sent == sent.size());
  CHECK(f.near().stats().messages_received == sent.size());
  CHECK(f.near().stats().bytes_sent == f.far().stats().bytes_received);
}

TEST_CASE("a protocol header arrives as the start of the body") {
  EVERY_TRANSPORT();
  f.open_link(f.at);
  Message message = f.rig.pool.copy_of(bytes_of("body")).value();
  REQUIRE(f.rig.pool.push_header(message, bytes_of("head")) == Error::none);
  REQUIRE(f.near().send(message) == Error::none);
  CHECK(message.empty());
  REQUIRE(f.until([&] { return f.far().receivable(); }));
  const Message got = f.far().take();
  CHECK(got.text() == "headbody");
  CHECK(got.header().empty());
}

TEST_CASE("peers that do not fit part without having opened") {
  EVERY_TRANSPORT();
  f.client.config = sim::config_of(ProtocolId::push);
  REQUIRE(f.listen(f.at) == Error::none);
  REQUIRE(f.connect(f.listener->address().text()) == Error::none);
  REQUIRE(f.until([&] {
    return f.client.owner.closed == 1 &&
           f.server.owner.closed == static_cast<int>(f.server.owner.accepted.size());
  }));
  CHECK(f.client.owner.opened == 0);
  CHECK(f.server.owner.opened == 0);
  CHECK((f.client.owner.reason == Error::protocol_mismatch ||
         f.client.owner.reason == Error::peer_closed ||
         f.client.owner.reason == Error::connection_reset));
  // The next one that fits is welcome.
  f.client.config = sim::config_of(ProtocolId::pair);
  REQUIRE(f.connect(f.listener->address().text()) == Error::none);
  REQUIRE(f.until([&] { return f.client.owner.opened == 1 && f.server.owner.opened == 1; }));
}

TEST_CASE("an address that is taken is refused, and who has it keeps it") {
  EVERY_TRANSPORT();
  REQUIRE(f.listen(f.at) == Error::none);
  const Address taken = f.listener->address();
  const Result<loop::Box<Listener>> second =
      f.transport(taken.scheme()).listen(taken, f.server.config, f.link, f.server.owner, f.error);
  CHECK(second.error() == Error::address_in_use);
  REQUIRE(f.connect(taken.text()) == Error::none);
  CHECK(f.until([&] { return f.client.owner.opened == 1 && f.server.owner.opened == 1; }));
}

TEST_CASE("a listener that goes leaves its pipes alone and its address free") {
  EVERY_TRANSPORT();
  f.open_link(f.at);
  const std::string real(f.listener->address().text());
  f.listener.reset();
  f.some_turns();
  REQUIRE(f.send(f.near(), "still there") == Error::none);
  REQUIRE(f.until([&] { return f.far().receivable(); }));
  CHECK(f.far().take().text() == "still there");
  CHECK(f.listen(real) == Error::none);
}

TEST_CASE("the end of a pipe is the end of the other one too, after what was sent") {
  EVERY_TRANSPORT();
  const bool client_closes = GENERATE(false, true);
  f.open_link(f.at);
  Pipe& closing = client_closes ? f.near() : f.far();
  Pipe& other = client_closes ? f.far() : f.near();
  sim::Recorder& owner = client_closes ? f.server.owner : f.client.owner;
  REQUIRE(f.send(closing, "one") == Error::none);
  REQUIRE(f.send(closing, "two") == Error::none);
  closing.close();
  REQUIRE(f.until([&] { return owner.closed == 1; }));
  CHECK(owner.reason == Error::peer_closed);
  CHECK(owner.ended == 1);
  CHECK(other.ended());
  REQUIRE(other.receivable());
  CHECK(other.take().text() == "one");
  CHECK(owner.drained == 0);
  CHECK(other.take().text() == "two");
  CHECK(owner.drained == 1);
  // Nobody tells the one who closed.
  f.some_turns();
  CHECK((client_closes ? f.client : f.server).owner.closed == 0);
}

TEST_CASE("a receiver that takes nothing stops the sender; taking goes on without a loss") {
  EVERY_TRANSPORT();
  f.server.config.receive_queue_messages = 10;
  f.client.config.send_queue_messages = 10;
  f.link.kernel_send_buffer = f.link.kernel_receive_buffer = 4096;
  f.open_link(f.at);
  int sent = 0;
  int quiet = 0;
  while (quiet < 20) {
    if (f.near().sendable()) {
      quiet = 0;
      REQUIRE(f.send(f.near(), std::to_string(sent++) + std::string(5000, 'x')) == Error::none);
      REQUIRE(sent < 10'000);
    } else {
      ++quiet;
      f.rig.turn(Timeout::after(1ms));
    }
  }
  CHECK(sent >= 10);
  const int told = f.client.owner.sendable;
  int got = 0;
  REQUIRE(f.until([&] {
    while (f.far().receivable()) {
      const Message message = f.far().take();
      REQUIRE(message.text().substr(0, message.text().find('x')) == std::to_string(got++));
    }
    return got == sent;
  }));
  CHECK(f.client.owner.sendable > told);
  CHECK(f.near().sendable());
}

TEST_CASE("small kernel buffers hold little, at either end of a connection") {
  const int which = GENERATE(0, 1);
  Conformance f(which);
  const bool from_client = GENERATE(false, true);
  CAPTURE(f.at, from_client);
  f.link.kernel_send_buffer = f.link.kernel_receive_buffer = 4096;
  Side& sender = from_client ? f.client : f.server;
  Side& receiver = from_client ? f.server : f.client;
  sender.config.send_queue_bytes = 1;
  receiver.config.receive_queue_messages = 1;
  f.open_link(f.at);
  Pipe& from = from_client ? f.near() : f.far();
  std::size_t in_the_kernel = 0;
  for (int quiet = 0; quiet < 20; f.rig.turn(Timeout::after(1ms))) {
    if (!from.sendable()) {
      ++quiet;
      continue;
    }
    quiet = 0;
    REQUIRE(f.send(from, std::string(1000, 'x')) == Error::none);
    in_the_kernel = from.stats().bytes_sent - from.unsent_bytes();
    REQUIRE(in_the_kernel < 1'000'000);
  }
  Pipe& to = from_client ? f.far() : f.near();
  CHECK(in_the_kernel - to.stats().bytes_received < 64'000);
}

TEST_CASE("a slow receiver that wants the newest stops nobody") {
  EVERY_TRANSPORT();
  f.server.config.receive_queue_messages = 3;
  f.server.config.overflow = GENERATE(Overflow::drop_oldest, Overflow::drop_newest);
  f.client.config.send_queue_messages = 10'000;
  f.open_link(f.at);
  for (int i = 0; i < 1000; ++i) REQUIRE(f.send(f.near(), std::to_string(i)) == Error::none);
  REQUIRE(f.until([&] { return f.far().stats().overflowed == 997; }));
  f.server.owner.take_all(f.far());
  CHECK(f.server.owner.taken == (f.server.config.overflow == Overflow::drop_oldest
                                     ? std::deque<std::string>{"997", "998", "999"}
                                     : std::deque<std::string>{"0", "1", "2"}));
}

TEST_CASE("messages that the user does not admit cost nothing but a count") {
  EVERY_TRANSPORT();
  f.server.config.inspects = true;
  f.server.owner.admit = [](std::string_view payload) { return payload == "yes"; };
  f.open_link(f.at);
  for (const char* text : {"no", "yes", "", "yes"}) REQUIRE(f.send(f.near(), text) == Error::none);
  REQUIRE(f.until([&] { return f.far().stats().messages_received == 2; }));
  CHECK(f.far().stats().filtered == 2);
}

TEST_CASE("draining delivers everything that was sent before the pipe ends") {
  EVERY_TRANSPORT();
  f.client.config.send_queue_bytes = 64 << 20;
  f.server.config.receive_queue_messages = 10;
  f.open_link(f.at);
  int sent = 0;
  while (sent < 200 && f.near().sendable()) {
    REQUIRE(f.send(f.near(), std::to_string(sent) + std::string(20'000, 'x')) == Error::none);
    ++sent;
  }
  f.near().set_user(nullptr);
  f.near().drain(10s);
  int got = 0;
  REQUIRE(f.until([&] {
    for (; f.far().receivable(); ++got) static_cast<void>(f.far().take());
    return f.server.owner.closed == 1 && !f.far().receivable();
  }));
  CHECK(got == sent);
  CHECK(f.server.owner.reason == Error::peer_closed);
  REQUIRE(f.until([&] { return f.client.owner.closed == 1; }));
  CHECK(f.client.owner.reason == Error::closed);
  CHECK(f.near().stats().lost == 0);
}

TEST_CASE("an owner that refuses a pipe when it opens still accepts the next") {
  EVERY_TRANSPORT();
  f.server.owner.refuse = true;
  REQUIRE(f.listen(f.at) == Error::none);
  const std::string real(f.listener->address().text());
  REQUIRE(f.connect(real) == Error::none);
  REQUIRE(f.until([&] { return f.client.owner.closed == 1; }));
  CHECK(f.server.owner.opened == 1);
  CHECK(f.server.owner.closed == 0);
  f.server.owner.refuse = false;
  REQUIRE(f.connect(real) == Error::none);
  REQUIRE(f.until([&] { return f.server.owner.opened == 2 && f.client.dialed[1]->sendable(); }));
  REQUIRE(f.send(*f.client.dialed[1], "x") == Error::none);
  CHECK(f.until([&] { return f.server.owner.accepted[1]->receivable(); }));
}

TEST_CASE("many connect to one listener at once") {
  EVERY_TRANSPORT();
  REQUIRE(f.listen(f.at) == Error::none);
  for (int i = 0; i < 60; ++i) REQUIRE(f.connect(f.listener->address().text()) == Error::none);
  REQUIRE(f.until([&] { return f.client.owner.opened == 60 && f.server.owner.opened == 60; }));
  for (Pipe* pipe : f.client.dialed) REQUIRE(f.send(*pipe, "x") == Error::none);
  REQUIRE(f.until([&] {
    for (Pipe* pipe : f.server.owner.accepted) f.server.owner.take_all(*pipe);
    return f.server.owner.taken.size() == 60;
  }));
}

TEST_CASE("a pipe that is closed before it opened calls nobody") {
  EVERY_TRANSPORT();
  REQUIRE(f.listen(f.at) == Error::none);
  REQUIRE(f.connect(f.listener->address().text()) == Error::none);
  f.near().close();
  CHECK(f.near().ended());
  f.some_turns();
  CHECK(f.client.owner.opened == 0);
  CHECK(f.client.owner.closed == 0);
}

TEST_CASE("a peer is described by its address") {
  EVERY_TRANSPORT();
  f.open_link(f.at);
  Explanation near;
  Explanation far;
  f.near().describe_peer(near);
  f.far().describe_peer(far);
  if (which == 0) {
    CHECK(near.text() == f.listener->address().text());
    CHECK(far.text().substr(0, 16) == "tcp://127.0.0.1:");
  }
  if (which == 2) CHECK(near.text() == f.at);
}

TEST_CASE("an address is checked without being opened") {
  EVERY_TRANSPORT();
  Transport& transport = f.transport(f.address(f.at).scheme());
  Explanation why;
  CHECK(transport.check(f.address(f.at), true, why) == Error::none);
  CHECK(why.empty());
  const Address empty = f.address(std::string(transport.scheme()) + "://");
  CHECK(transport.check(empty, true, why) == Error::invalid_address);
  CHECK(transport.check(empty, false, why) == Error::invalid_address);
  CHECK_FALSE(why.empty());
  OpenError error;
  CHECK(transport.connect(empty, f.client.config, f.link, f.client.owner, error).error() ==
        Error::invalid_address);
  CHECK_FALSE(error.why.empty());
  CHECK(transport.listen(empty, f.server.config, f.link, f.server.owner, error).error() ==
        Error::invalid_address);
}

TEST_CASE("tcp speaks IPv6 as well") {
  Conformance f(3);
  const Error error = f.listen(f.at);
  if (error == Error::address_unavailable || error == Error::not_supported ||
      error == Error::system) {
    WARN("no IPv6 here: not tested");
    return;
  }
  REQUIRE(error == Error::none);
  REQUIRE(f.connect(f.listener->address().text()) == Error::none);
  REQUIRE(f.until([&] { return f.client.owner.opened == 1 && f.server.owner.opened == 1; }));
  Explanation near;
  f.near().describe_peer(near);
  CHECK(near.text() == f.listener->address().text());
}

}  // namespace
}  // namespace spool::io
