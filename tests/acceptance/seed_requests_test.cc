// REQ sends again in the background, whatever else goes on. Time is the test's, the other end is
// bytes.
#include <catch2/catch.hpp>
#include <chrono>
#include <set>
#include <string>

#include "tests/acceptance/world.h"
#include "tests/support/fake_clock.h"

using namespace spool;
using namespace std::chrono_literals;
using spool::testing::FakeClock;

namespace {

constexpr Duration resend = 10s;

struct Asking {
  explicit Asking(const EndpointOptions& options = {})
      : address(listen_on(req, GENERATE(as<std::string>(), "tcp", "ipc"), options)) {}
  World::Peer join() { return world.join(req, address, rep_id); }
  void answer(const World::Peer& peer, const std::string& asked, std::string_view text) {
    REQUIRE(peer->send(raw::frame(peer->ipc, asked.substr(0, 4) + std::string(text))));
  }
  // Nothing is sent again, however long one waits.
  bool stays_silent(const World::Peer& peer) {
    for (int i = 0; i < 5; ++i) {
      clock.advance(resend);
      if (!world.is_silent(*peer)) return false;
    }
    return true;
  }

  FakeClock clock;
  World world{&clock};
  Req req = world.loop.open<Req>({.request_resend = Timeout::after(resend)}).value();
  std::string address;
};

}  // namespace

TEST_CASE("The resend timer starts when a request is handed to a peer, not when it is asked") {
  Asking a;
  REQUIRE(a.req.try_send("question").ok());
  a.clock.advance(1h);
  a.world.settle();
  const World::Peer peer = a.join();
  const std::string asked = a.world.read_frame(*peer);
  CHECK(asked.substr(4) == "question");
  CHECK(static_cast<unsigned char>(asked[0]) >= 0x80);
  CHECK(a.req.stats().resent == 0);
  for (std::uint64_t times = 1; times <= 3; ++times) {
    a.clock.advance(resend - 1ms);
    CHECK(a.world.is_silent(*peer));
    a.clock.advance(1ms);
    CHECK(a.world.read_frame(*peer) == asked);
    CHECK(a.req.stats().resent == times);
  }
  // The host did nothing meanwhile; any of the answers is the answer.
  a.answer(peer, asked, "answer");
  REQUIRE(a.world.until([&] { return a.req.can_recv(); }));
  CHECK(a.req.try_recv()->text() == "answer");
}

TEST_CASE("A resend goes to the next peer in turn, and whoever had it may be late") {
  Asking a;
  const World::Peer first = a.join();
  const World::Peer second = a.join();
  REQUIRE(a.req.try_send("question").ok());
  const std::string asked = a.world.read_frame(*first);
  CHECK(a.world.is_silent(*second));
  a.clock.advance(resend);
  CHECK(a.world.read_frame(*second) == asked);
  CHECK(a.world.is_silent(*first));
  a.answer(first, asked, "answer");
  REQUIRE(a.world.until([&] { return a.req.can_recv(); }));
  CHECK(a.req.try_recv()->text() == "answer");
  a.answer(second, asked, "the same again");
  a.world.settle();
  CHECK(a.req.try_recv().error() == Error::wrong_state);
  CHECK(a.req.stats().dropped_stale == 1);
}

TEST_CASE("The reply ends the resending, whether it is received or not") {
  Asking a;
  const World::Peer peer = a.join();
  REQUIRE(a.req.try_send("question").ok());
  a.answer(peer, a.world.read_frame(*peer), "answer");
  REQUIRE(a.world.until([&] { return a.req.can_recv(); }));
  CHECK(a.stays_silent(peer));
  CHECK(a.req.try_recv()->text() == "answer");
  CHECK(a.stays_silent(peer));
}

TEST_CASE("A new request ends the resending of the one before") {
  Asking a;
  const World::Peer peer = a.join();
  REQUIRE(a.req.try_send("old").ok());
  const std::string old = a.world.read_frame(*peer);
  a.clock.advance(resend / 2);
  REQUIRE(a.req.try_send("new").ok());
  const std::string asked = a.world.read_frame(*peer);
  CHECK(asked.substr(4) == "new");
  CHECK(asked.substr(0, 4) != old.substr(0, 4));
  a.clock.advance(resend / 2);
  CHECK(a.world.is_silent(*peer));  // the old one would be due
  a.clock.advance(resend / 2);
  CHECK(a.world.read_frame(*peer) == asked);
  CHECK(a.world.is_silent(*peer));
}

TEST_CASE("Cancelling ends the resending, of the socket's own request and of an exchange") {
  Asking a;
  const World::Peer peer = a.join();
  REQUIRE(a.req.try_send("question").ok());
  a.world.read_frame(*peer);
  REQUIRE(a.req.cancel().ok());
  CHECK(a.req.try_recv().error() == Error::wrong_state);
  CHECK(a.stays_silent(peer));
  Exchange exchange = a.req.request("question").value();
  a.world.read_frame(*peer);
  REQUIRE(exchange.cancel().ok());
  CHECK(a.stays_silent(peer));
}

TEST_CASE("Closing ends the resending, of an exchange and of the socket") {
  Asking a;
  const World::Peer peer = a.join();
  {
    Exchange exchange = a.req.request("question").value();
    a.world.read_frame(*peer);
  }
  CHECK(a.stays_silent(peer));
  REQUIRE(a.req.try_send("question").ok());
  a.world.read_frame(*peer);
  a.req.close();
  for (int i = 0; i < 5; ++i) {
    a.clock.advance(resend);
    a.world.settle();
  }
  std::string more;
  peer->receive_some(more, 100);
  CHECK(more.empty());
  CHECK(peer->closed);
}

TEST_CASE("A deadline ends the resending") {
  Asking a;
  const World::Peer peer = a.join();
  Exchange exchange = a.req.request("question", {.deadline = resend * 3 / 2}).value();
  const std::string asked = a.world.read_frame(*peer);
  a.clock.advance(resend);
  CHECK(a.world.read_frame(*peer) == asked);
  a.clock.advance(resend / 2);
  a.world.settle();
  CHECK(exchange.try_recv().error() == Error::deadline_passed);
  CHECK(a.stays_silent(peer));
}

TEST_CASE(
    "A new request during a half-written resend waits for nothing: the frame finishes by itself, "
    "and its reply is dropped by its id") {
  Asking a(EndpointOptions{.kernel_send_buffer = 4096});
  const World::Peer peer = a.join();
  std::string large(1'000'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 >> 3);
  REQUIRE(a.req.try_send(large).ok());
  const std::string asked = a.world.read_frame(*peer);
  REQUIRE((asked.substr(4) == large));
  a.clock.advance(resend);
  a.world.settle();
  CHECK(a.req.stats().resent == 1);
  REQUIRE(a.req.unsent_bytes() > 0);
  REQUIRE(a.req.unsent_bytes() < large.size());

  REQUIRE(a.req.try_send("new").ok());
  CHECK((a.world.read_frame(*peer) == asked));
  const std::string next = a.world.read_frame(*peer);
  CHECK(next.substr(4) == "new");
  a.answer(peer, asked, "stale");
  a.answer(peer, next, "fresh");
  REQUIRE(a.world.until([&] { return a.req.can_recv(); }));
  CHECK(a.req.try_recv()->text() == "fresh");
  CHECK(a.req.stats().dropped_stale == 1);
}

TEST_CASE("A cancel during a half-written resend waits for nothing either") {
  Asking a(EndpointOptions{.kernel_send_buffer = 4096});
  const World::Peer peer = a.join();
  REQUIRE(a.req.try_send(std::string(1'000'000, 'x')).ok());
  const std::string asked = a.world.read_frame(*peer);
  a.clock.advance(resend);
  a.world.settle();
  REQUIRE(a.req.unsent_bytes() > 0);
  REQUIRE(a.req.cancel().ok());
  CHECK((a.world.read_frame(*peer) == asked));
  CHECK(a.stays_silent(peer));
  CHECK(a.req.unsent_bytes() == 0);
  CHECK(a.req.peers() == 1);
}

TEST_CASE("Many exchanges of one socket send again each in its own time") {
  Asking a;
  const World::Peer peer = a.join();
  Exchange soon = a.req.request("soon", {.resend = Timeout::after(1s)}).value();
  Exchange late = a.req.request("late", {.resend = Timeout::after(3s)}).value();
  Exchange never = a.req.request("never", {.resend = Timeout::infinite()}).value();
  for (const char* text : {"soon", "late", "never"})
    CHECK(a.world.read_frame(*peer).substr(4) == text);
  for (int second = 1; second <= 6; ++second) {
    a.clock.advance(1s);
    std::set<std::string> due = {"soon"};
    if (second % 3 == 0) due.insert("late");
    std::set<std::string> sent;
    while (sent.size() < due.size())
      REQUIRE(sent.insert(a.world.read_frame(*peer).substr(4)).second);
    CHECK(sent == due);
    CHECK(a.world.is_silent(*peer));
  }
}
