// on_readable and on_writable: what facade/socket.h promises.
#include <memory>

#include <catch2/catch.hpp>

#include "context_rig.h"

namespace spool::core {
namespace {

// A pair of PAIRs in one context.
struct Rig : ContextRig {
  Socket& a;
  Socket& b;
  int readable = 0;
  int writable = 0;

  explicit Rig(const SocketOptions& options_of_b = {})
      : a(open(SocketType::pair)), b(open(SocketType::pair, options_of_b)) {
    link(a, b);
  }
};

SocketOptions two_messages() {
  SocketOptions options;
  options.receive_queue_messages = 2;
  return options;
}

// --- on_readable --------------------------------------------------------------------------------

TEST_CASE("a message is told of in the next turn, once") {
  Rig rig;
  rig.b.set_on_readable([&] { ++rig.readable; });
  rig.turns(2);
  CHECK(rig.readable == 0);
  rig.send(rig.a, "x");
  rig.send(rig.a, "y");
  CHECK(rig.readable == 0);  // never from within a send
  CHECK(rig.turn().notices == 1);
  CHECK(rig.readable == 1);
}

TEST_CASE("who receives something is called again while there is more, once per turn") {
  Rig rig;
  Texts texts;
  rig.b.set_on_readable([&] { texts.push_back(rig.receive(rig.b)); });
  for (const char* text : {"1", "2", "3"}) rig.send(rig.a, text);
  CHECK(rig.turn().more);
  CHECK(texts == Texts{"1"});
  rig.turn();
  CHECK(texts == Texts{"1", "2"});
  CHECK_FALSE(rig.turn().more);
  rig.turns(3);
  CHECK(texts == Texts{"1", "2", "3"});
}

TEST_CASE("who receives nothing is called again only when more arrives") {
  Rig rig;
  rig.b.set_on_readable([&] { ++rig.readable; });
  rig.send(rig.a, "1");
  CHECK_FALSE(rig.turn().more);
  rig.turns(5);
  CHECK(rig.readable == 1);
  rig.send(rig.a, "2");
  rig.turns(5);
  CHECK(rig.readable == 2);
}

TEST_CASE("news about writing does not tell again of messages that were left unread") {
  Rig rig(two_messages());
  rig.a.set_on_readable([&] { ++rig.readable; });
  rig.send(rig.b, "left unread");
  rig.turns(2);
  REQUIRE(rig.readable == 1);
  rig.a.set_on_writable([&] { ++rig.writable; });
  rig.turns(2);
  CHECK(rig.writable == 1);
  // Full, and room again.
  while (rig.a.can_send()) rig.send(rig.a, "x");
  rig.turns(2);
  while (rig.b.can_receive()) static_cast<void>(rig.receive(rig.b));
  rig.turns(2);
  CHECK(rig.writable == 2);
  CHECK(rig.readable == 1);
}

TEST_CASE("a notice that is set while there is something to receive comes in the next turn") {
  Rig rig;
  rig.send(rig.a, "x");
  rig.turns(2);
  rig.b.set_on_readable([&] { ++rig.readable; });
  CHECK(rig.readable == 0);
  rig.turn();
  CHECK(rig.readable == 1);
}

TEST_CASE("what was taken before the turn is not told of") {
  Rig rig;
  rig.b.set_on_readable([&] { ++rig.readable; });
  rig.send(rig.a, "x");
  CHECK(rig.receive(rig.b) == "x");
  CHECK(rig.turn().notices == 0);
  CHECK(rig.readable == 0);
}

TEST_CASE("an empty function takes the notice away, from within itself too") {
  Rig rig;
  rig.b.set_on_readable([&] { ++rig.readable; });
  rig.send(rig.a, "x");
  rig.b.set_on_readable(nullptr);
  rig.turns(2);
  CHECK(rig.readable == 0);
  rig.b.set_on_readable([&] {
    ++rig.readable;
    static_cast<void>(rig.receive(rig.b));
    rig.b.set_on_readable(nullptr);
  });
  rig.send(rig.a, "y");
  rig.turns(3);
  CHECK(rig.readable == 1);
  CHECK(rig.receive(rig.b) == "y");
}

TEST_CASE("a notice that replaces itself goes on with the new one, and the old one lives on") {
  Rig rig;
  const auto held = std::make_shared<int>(7);
  int seen = 0;
  int second = 0;
  rig.b.set_on_readable([&, held] {
    rig.b.set_on_readable([&] {
      ++second;
      static_cast<void>(rig.receive(rig.b));
    });
    seen = *held;  // what was captured is still there
    static_cast<void>(rig.receive(rig.b));
  });
  for (const char* text : {"1", "2", "3"}) rig.send(rig.a, text);
  rig.turn();
  CHECK(seen == 7);
  CHECK(second == 0);  // at most once per turn
  CHECK(held.use_count() == 1);
  rig.turns(3);
  CHECK(second == 2);
}

TEST_CASE("a notice may close its own socket") {
  Rig rig;
  rig.b.set_on_readable([&] {
    ++rig.readable;
    rig.b.close(Duration::zero());
  });
  rig.b.set_on_writable([&] { ++rig.writable; });
  rig.send(rig.a, "1");
  const SocketHandle handle = rig.b.handle();
  rig.turns(3);
  CHECK(rig.readable == 1);
  CHECK(rig.writable == 0);
  CHECK(rig.context->find(handle) == nullptr);
}

TEST_CASE("a notice may close any other socket of the same turn") {
  ContextRig rig;
  Socket& push = rig.open(SocketType::push);
  Socket* pulls[2] = {&rig.open(SocketType::pull), &rig.open(SocketType::pull)};
  int calls = 0;
  for (Socket* pull : pulls) {
    rig.link(*pull, push);
    pull->set_on_readable([&] {
      ++calls;
      for (Socket* other : pulls) other->close(Duration::zero());
    });
  }
  rig.send(push, "1");
  rig.send(push, "2");
  rig.turns(3);
  CHECK(calls == 1);
  CHECK(rig.context->stats().sockets == 1);
}

TEST_CASE("a message that a former peer left is told of") {
  Rig rig;
  rig.b.set_on_readable([&] { ++rig.readable; });
  rig.send(rig.a, "last word");
  rig.a.close(1s);
  rig.turns(3);
  CHECK(rig.readable == 1);
  CHECK(rig.receive(rig.b) == "last word");
}

// --- on_writable --------------------------------------------------------------------------------

TEST_CASE("room is told of when the notice is set, and not again while nothing changes") {
  Rig rig;
  rig.a.set_on_writable([&] { ++rig.writable; });
  rig.turns(5);
  CHECK(rig.writable == 1);
  rig.send(rig.a, "x");
  rig.turns(5);
  CHECK(rig.writable == 1);
}

TEST_CASE("an arrival is no news about writing") {
  Rig rig;
  rig.a.set_on_writable([&] { ++rig.writable; });
  rig.a.set_on_readable([&] { ++rig.readable; });
  rig.turns(2);
  REQUIRE(rig.writable == 1);
  for (int i = 1; i <= 3; ++i) {
    rig.send(rig.b, "x");
    rig.turn();
    CHECK(rig.readable == i);
  }
  CHECK(rig.writable == 1);
}

TEST_CASE("the first peer is told of") {
  ContextRig rig;
  Socket& push = rig.open(SocketType::push);
  int writable = 0;
  push.set_on_writable([&] { ++writable; });
  rig.turns(3);
  CHECK(writable == 0);
  rig.link(rig.open(SocketType::pull), push);
  CHECK(writable == 1);
}

TEST_CASE("after would_block, room is told of once it is there") {
  Rig rig(two_messages());
  rig.a.set_on_writable([&] { ++rig.writable; });
  rig.turns(2);
  REQUIRE(rig.writable == 1);
  CHECK(rig.send(rig.a, "1") == Error::none);
  CHECK(rig.send(rig.a, "2") == Error::none);
  CHECK(rig.send(rig.a, "3") == Error::would_block);
  rig.turns(3);
  CHECK(rig.writable == 1);
  CHECK(rig.receive(rig.b) == "1");
  rig.turns(3);
  CHECK(rig.writable == 2);
  CHECK(rig.send(rig.a, "3") == Error::none);
}

TEST_CASE("filling the last room without seeing would_block counts as not writable as well") {
  Rig rig(two_messages());
  rig.a.set_on_writable([&] { ++rig.writable; });
  rig.turns(2);
  rig.send(rig.a, "1");
  rig.send(rig.a, "2");
  CHECK_FALSE(rig.a.can_send());
  rig.receive(rig.b);
  rig.turns(2);
  CHECK(rig.writable == 2);
}

TEST_CASE("a producer that fills all room in its notice is called again for the next room") {
  Rig rig(two_messages());
  int sent = 0;
  rig.a.set_on_writable([&] {
    while (rig.send(rig.a, std::to_string(sent)) == Error::none) ++sent;
  });
  Texts texts;
  for (int i = 0; i < 20; ++i) {
    rig.turn();
    for (const std::string& text : rig.receive_all(rig.b)) texts.push_back(text);
  }
  CHECK(sent > 10);
  for (std::size_t i = 0; i < texts.size(); ++i) REQUIRE(texts[i] == std::to_string(i));
}

TEST_CASE("room that was used up before the turn is not told of") {
  Rig rig(two_messages());
  rig.a.set_on_writable([&] { ++rig.writable; });
  rig.send(rig.a, "1");
  rig.send(rig.a, "2");
  rig.turns(2);
  CHECK(rig.writable == 0);
}

TEST_CASE("the peer that comes after another has gone is told of") {
  Rig rig;
  rig.a.set_on_writable([&] { ++rig.writable; });
  rig.turns(2);
  rig.b.close(Duration::zero());
  rig.turns(2);
  CHECK_FALSE(rig.a.can_send());
  CHECK(rig.writable == 1);
  rig.link(rig.a, rig.open(SocketType::pair));
  CHECK(rig.writable == 2);
}

TEST_CASE("the writable notice may replace itself, and close its socket") {
  Rig rig;
  int second = 0;
  rig.a.set_on_writable([&] {
    ++rig.writable;
    rig.a.set_on_writable([&] {
      ++second;
      rig.a.close(Duration::zero());
    });
  });
  rig.turns(5);
  CHECK(rig.writable == 1);
  CHECK(second == 1);
  CHECK(rig.context->stats().sockets == 1);
}

TEST_CASE("readable and writable are each called once in a turn that has both") {
  Rig rig;
  rig.b.set_on_readable([&] { ++rig.readable; });
  rig.b.set_on_writable([&] { ++rig.writable; });
  rig.send(rig.a, "x");
  CHECK(rig.turn().notices == 2);
  CHECK(rig.readable == 1);
  CHECK(rig.writable == 1);
}

}  // namespace
}  // namespace spool::core
