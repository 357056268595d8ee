#include <cerrno>

#include "tests/io/pipe_fixture.h"

namespace spool::io {
namespace {

struct SendFixture : PipeFixture {
  SendFixture() : PipeFixture(ProtocolId::push) {}
};

TEST_CASE("a sent message is a frame on the wire when the call returns") {
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  SendFixture f;
  f.open(framing);
  for (const std::string& body : {std::string("abc"), std::string(), std::string(2049, 'x')}) {
    CHECK(f.send(body) == Error::none);
    CHECK(f.peer->take() == frame(framing, body));
  }
  CHECK(f.pipe->stats().messages_sent == 3);
  CHECK(f.pipe->stats().bytes_sent == 3 + 2049);
  CHECK(f.pipe->unsent_bytes() == 0);
}

TEST_CASE_METHOD(SendFixture,
                 "the first sends of a turn are written at once, the following ones together") {
  config.immediate_sends = 4;
  open();
  const std::uint64_t before = pipe->stream().end().writes;
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(send("message") == Error::none);
    expected += frame(Framing::tcp, "message");
  }
  CHECK(pipe->stream().end().writes == before + 4);
  CHECK(pipe->unsent_messages() == 96);
  CHECK(rig.reactor.next_deadline() == sim.clock.now());
  rig.turn();
  CHECK(pipe->stream().end().writes == before + 5);
  CHECK(peer->take() == expected);
  // A new turn, a new share.
  REQUIRE(send("again") == Error::none);
  CHECK(peer->take() == frame(Framing::tcp, "again"));
}

TEST_CASE_METHOD(SendFixture, "in a batch nothing is written, its end writes everything at once") {
  config.send_queue_messages = 5000;
  open();
  const std::uint64_t before = pipe->stream().end().writes;
  rig.reactor.begin_batch();
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(send("0123456789") == Error::none);
    expected += frame(Framing::tcp, "0123456789");
  }
  CHECK(pipe->stream().end().writes == before);
  rig.reactor.end_batch();
  CHECK(pipe->stream().end().writes <= before + 2);
  CHECK(peer->take() == expected);
}

TEST_CASE_METHOD(SendFixture, "a batch that grows large is written before its end") {
  config.send_queue_messages = 100'000;
  config.send_queue_bytes = 100 << 20;
  open();
  peer->end().room = 100 << 20;
  rig.reactor.begin_batch();
  for (int i = 0; i < 1000; ++i) REQUIRE(send(std::string(1000, 'x')) == Error::none);
  CHECK(peer->end().waiting() > 900'000);
  CHECK(pipe->unsent_bytes() < 70'000);
  rig.reactor.end_batch();
  CHECK(peer->end().waiting() == 1'008'000);
}

TEST_CASE_METHOD(SendFixture, "a full send queue is not sendable; half empty, it tells so") {
  const bool by_bytes = GENERATE(false, true);
  config.send_queue_messages = by_bytes ? 1000 : 10;
  config.send_queue_bytes = by_bytes ? 1080 : 1 << 20;
  config.immediate_sends = 0;
  open();
  peer->end().room = 0;
  int sent = 0;
  for (; pipe->sendable(); ++sent) REQUIRE(send(std::string(100, 'x')) == Error::none);
  CHECK(sent == 10);
  rig.turns(3);
  CHECK(owner.sendable == 0);
  CHECK(interest() == Interest::read_write);
  // Four of ten are taken: not half.
  peer->end().room = 4 * 108;
  rig.turns(3);
  CHECK(owner.sendable == 0);
  CHECK(pipe->unsent_messages() == 6);
  peer->end().room = 5 * 108 - 1;
  rig.turns(3);
  CHECK(owner.sendable == 0);
  peer->end().room = 5 * 108;
  rig.turns(3);
  CHECK(owner.sendable == 1);
  CHECK(pipe->sendable());
  peer->end().room = 1 << 20;
  rig.turns(3);
  CHECK(pipe->unsent_messages() == 0);
  CHECK(interest() == Interest::read);
  CHECK(owner.sendable == 1);
}

TEST_CASE_METHOD(SendFixture, "dropping the oldest makes room for one, but half is told at half") {
  config.send_queue_messages = 10;
  config.immediate_sends = 0;
  open();
  peer->end().room = 50;  // the first is partly written, and is not dropped
  for (char text = 'a'; pipe->sendable(); ++text) {
    REQUIRE(send(std::string(100, text)) == Error::none);
    rig.turns(1);
  }
  REQUIRE(pipe->drop_oldest());
  CHECK(pipe->sendable());
  CHECK(pipe->stats().messages_sent == 9);
  CHECK(pipe->stats().bytes_sent == 900);
  REQUIRE(send(std::string(100, 'z')) == Error::none);
  CHECK_FALSE(pipe->sendable());
  REQUIRE(pipe->drop_oldest());
  REQUIRE(pipe->drop_oldest());
  CHECK(pipe->sendable());
  rig.turns(3);
  CHECK(owner.sendable == 0);
  peer->end().room = 4 * 108;  // still sendable, and now half of it is written
  rig.turns(3);
  CHECK(owner.sendable == 1);
  peer->end().room = 1 << 20;
  rig.turns(3);
  CHECK(owner.sendable == 1);
  CHECK_FALSE(pipe->drop_oldest());
  std::string got;
  for (const char text : {'a', 'e', 'f', 'g', 'h', 'i', 'j', 'z'})
    got += frame(Framing::tcp, std::string(100, text));
  CHECK(peer->take() == got);
}

TEST_CASE_METHOD(SendFixture, "a pipe whose user has given it up has no room, whatever it drops") {
  config.send_queue_messages = 3;
  open();
  peer->end().room = 0;
  while (pipe->sendable()) REQUIRE(send("x") == Error::none);
  pipe->abandon(Error::too_slow);
  CHECK(pipe->drop_oldest());
  CHECK_FALSE(pipe->sendable());
  rig.turns(3);
  CHECK(owner.sendable == 0);
  CHECK(owner.reason == Error::too_slow);
}

TEST_CASE_METHOD(SendFixture,
                 "a blocked peer is not written to again before it can take something") {
  open();
  peer->end().room = 10;
  REQUIRE(send(std::string(100, 'x')) == Error::none);
  const std::uint64_t writes = pipe->stream().end().writes;
  for (int i = 0; i < 50; ++i) REQUIRE(send("more") == Error::none);
  rig.turns(5);
  CHECK(pipe->stream().end().writes == writes);
}

TEST_CASE(
    "messages that the end of the pipe finds half written or unwritten are lost, and counted "
    "exactly") {
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  const std::string small = frame(framing, "0123456789");
  const std::string large = frame(framing, std::string(5000, 'l'));
  const std::string all = small + large + small + large;
  for (std::size_t room = 0; room <= all.size();
       room += room < 40 || room + 40 > all.size() ? 1 : 37) {
    CAPTURE(room);
    SendFixture f;
    f.config.immediate_sends = room % 2 == 0 ? 16 : 0;
    f.open(framing);
    f.peer->end().room = room;
    for (const char* body : {"s", "l", "s", "l"})
      REQUIRE(f.send(*body == 's' ? "0123456789" : std::string(5000, 'l')) == Error::none);
    f.rig.turns(6);
    REQUIRE(f.peer->end().waiting() == room);
    const std::uint64_t lost = room < small.size()                      ? 4
                               : room < small.size() + large.size()     ? 3
                               : room < 2 * small.size() + large.size() ? 2
                               : room < all.size()                      ? 1
                                                                        : 0;
    CHECK(f.pipe->unsent_messages() == lost);
    f.peer->break_off(Error::connection_reset, ECONNRESET);
    f.rig.turns(3);
    CHECK(f.owner.closed == 1);
    CHECK(f.pipe->stats().lost == lost);
    CHECK(f.pipe->stats().messages_sent == 4);
    CHECK(f.pipe->unsent_messages() == 0);
  }
}

TEST_CASE_METHOD(SendFixture, "closing counts what was queued as lost, and calls nobody") {
  open();
  peer->end().room = 0;
  for (int i = 0; i < 7; ++i) REQUIRE(send("x") == Error::none);
  pipe->close();
  CHECK(pipe->stats().lost == 7);
  CHECK(owner.closed == 0);
  CHECK(owner.ended == 0);
}

TEST_CASE_METHOD(SendFixture,
                 "a send that fails calls nobody back; reading says why, and what came before") {
  open();
  peer->put(frame(Framing::tcp, "last words"));
  peer->break_off(Error::connection_reset, ECONNRESET);
  CHECK(send("x") == Error::none);
  CHECK(owner.closed == 0);
  CHECK(owner.ended == 0);
  CHECK_FALSE(pipe->sendable());
  rig.turns(3);
  CHECK(owner.closed == 1);
  CHECK(owner.reason == Error::connection_reset);
  CHECK(owner.os_error == ECONNRESET);
  CHECK(pipe->stats().lost == 1);
  CHECK(taken() == std::deque<std::string>{"last words"});
}

TEST_CASE_METHOD(SendFixture,
                 "a peer that can be written to no more and says nothing has ten seconds") {
  open();
  pipe->stream().end().write_error = Error::connection_reset;
  CHECK(send("x") == Error::none);
  CHECK_FALSE(pipe->sendable());
  sim.pass(9'999ms);
  CHECK(owner.closed == 0);
  CHECK(owner.sendable == 0);
  hear(frame(Framing::tcp, "still here"));
  sim.pass(2ms);
  CHECK(owner.closed == 1);
  CHECK(owner.reason == Error::connection_reset);
  CHECK(taken() == std::deque<std::string>{"still here"});
}

TEST_CASE_METHOD(SendFixture,
                 "a message that finds no memory stays with the caller, and the pipe goes on") {
  open();
  peer->end().room = 0;
  Message one = message(std::string(100, 'x'));
  rig.memory.refuse_all();
  std::vector<Message> held;
  for (const std::size_t size : {256, 4096, 64'000})
    for (Result<Message> made = rig.pool.make(size); made.ok(); made = rig.pool.make(size))
      held.push_back(std::move(made).value());
  CHECK(pipe->send(one) == Error::no_memory);
  CHECK(one.size() == 100);
  CHECK(pipe->stats().messages_sent == 0);
  CHECK(pipe->sendable());
  rig.memory.allow();
  held.clear();
  CHECK(pipe->send(one) == Error::none);
  peer->end().room = 1000;
  rig.turns(2);
  CHECK(peer->take() == frame(Framing::tcp, std::string(100, 'x')));
  CHECK(owner.closed == 0);
}

TEST_CASE_METHOD(
    SendFixture,
    "half a message on the wire and no memory for the rest: the pipe is over, the message is not") {
  open();
  peer->end().room = 50;
  Message one = message(std::string(100, 'x'));
  rig.memory.refuse_all();
  std::vector<Message> held;
  for (const std::size_t size : {256, 4096, 64'000})
    for (Result<Message> made = rig.pool.make(size); made.ok(); made = rig.pool.make(size))
      held.push_back(std::move(made).value());
  CHECK(pipe->send(one) == Error::no_memory);
  CHECK(one.text() == std::string(100, 'x'));
  CHECK_FALSE(pipe->sendable());
  CHECK(peer->take().size() == 50);
  CHECK(peer->end().arrived_end);
  held.clear();
  CHECK(owner.closed == 0);
  peer->close();
  rig.turns(2);
  CHECK(owner.closed == 1);
  CHECK(pipe->stats().lost == 0);
  CHECK(pipe->stats().messages_sent == 0);
}

// --- Draining ---------------------------------------------------------------------------------

void detach(PipeFixture& f) { f.pipe->set_user(nullptr); }

TEST_CASE_METHOD(SendFixture,
                 "draining writes what is queued, says so, and ends when the peer has closed") {
  open();
  peer->end().room = 100;
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    REQUIRE(send("queued message") == Error::none);
    expected += frame(Framing::tcp, "queued message");
  }
  detach(*this);
  pipe->drain(5s);
  CHECK(pipe->state() == PipeState::draining);
  CHECK_FALSE(pipe->sendable());
  std::string got;
  while (!peer->end().arrived_end) {
    got += peer->take();
    rig.turn();
    REQUIRE(owner.closed == 0);
  }
  got += peer->take();
  CHECK(got == expected);
  rig.turns(3);
  CHECK(owner.closed == 0);
  peer->close();
  rig.turns(2);
  CHECK(owner.closed == 1);
  CHECK(owner.reason == Error::closed);
  CHECK(pipe->stats().lost == 0);
}

TEST_CASE_METHOD(SendFixture, "with nothing queued, draining says at once that no more comes") {
  open();
  detach(*this);
  pipe->drain(5s);
  CHECK(peer->end().arrived_end);
  CHECK(owner.closed == 0);
  peer->close();
  rig.turns(2);
  CHECK(owner.closed == 1);
  CHECK(owner.reason == Error::closed);
}

TEST_CASE_METHOD(SendFixture,
                 "after the linger a draining pipe ends in any case, and counts what it lost") {
  open();
  peer->end().room = 22 * 3 + 1;
  for (int i = 0; i < 8; ++i) REQUIRE(send("queued message") == Error::none);
  detach(*this);
  pipe->drain(1s);
  sim.pass(999ms);
  CHECK(owner.closed == 0);
  sim.pass(2ms);
  CHECK(owner.closed == 1);
  CHECK(owner.reason == Error::timed_out);
  CHECK(pipe->stats().lost == 5);
}

TEST_CASE_METHOD(SendFixture, "what a peer sends to a draining pipe is discarded") {
  open();
  detach(*this);
  hear(frame(Framing::tcp, "before") + "\0\0\0");
  pipe->drain(5s);
  hear("anything, and not even frames" + std::string(100'000, 'x'), 300);
  CHECK(pipe->stats().discarded == 1);
  CHECK(owner.closed == 0);
  peer->close();
  rig.turns(300);
  CHECK(owner.closed == 1);
  CHECK(owner.reason == Error::closed);
}

TEST_CASE_METHOD(SendFixture,
                 "a peer that said no more first still gets everything, and then it is over") {
  open();
  peer->end().room = 10;
  REQUIRE(send("queued message") == Error::none);
  detach(*this);
  pipe->drain(5s);
  peer->shutdown_write();
  rig.turns(3);
  CHECK(owner.closed == 0);
  peer->end().room = 1000;
  rig.turns(3);
  CHECK(peer->take() == frame(Framing::tcp, "queued message"));
  CHECK(owner.closed == 1);
  CHECK(owner.reason == Error::closed);
  CHECK(pipe->stats().lost == 0);
}

TEST_CASE_METHOD(SendFixture,
                 "a connection that breaks while it drains ends with its reason and its losses") {
  open();
  peer->end().room = 0;
  REQUIRE(send("queued message") == Error::none);
  detach(*this);
  pipe->drain(5s);
  peer->break_off(Error::connection_reset, ECONNRESET);
  rig.turns(3);
  CHECK(owner.closed == 1);
  CHECK(owner.reason == Error::connection_reset);
  CHECK(pipe->stats().lost == 1);
}

TEST_CASE_METHOD(SendFixture, "a pipe that never opened has nothing to drain") {
  start();
  pipe->drain(5s);
  CHECK(owner.closed == 1);
  CHECK(owner.reason == Error::closed);
  CHECK(pipe->ended());
}

TEST_CASE_METHOD(SendFixture, "draining in a batch or a turn waits for its end with the writing") {
  open();
  rig.reactor.begin_batch();
  REQUIRE(send("x") == Error::none);
  detach(*this);
  pipe->drain(5s);
  CHECK(peer->take().empty());
  rig.reactor.end_batch();
  CHECK(peer->take() == frame(Framing::tcp, "x"));
  CHECK(peer->end().arrived_end);
}

TEST_CASE_METHOD(SendFixture,
                 "draining in the middle of a message that is coming in needs no memory for it") {
  open();
  detach(*this);
  hear(frame_header(Framing::tcp, 500'000) + std::string(65'536, 'x'));
  peer->end().room = 0;
  REQUIRE(send("queued message") == Error::none);
  pipe->drain(5s);
  rig.memory.refuse_all();
  std::vector<Message> held;
  for (std::size_t size = 64; size < (1 << 20); size *= 2)
    for (Result<Message> made = rig.pool.make(size); made.ok(); made = rig.pool.make(size))
      held.push_back(std::move(made).value());
  hear(std::string(100'000, 'y'), 300);
  held.clear();
  sim.pass(1s);
  CHECK(owner.closed == 0);
  peer->end().room = 1000;
  rig.turns(2);
  CHECK(peer->take() == frame(Framing::tcp, "queued message"));
}

}  // namespace
}  // namespace spool::io
