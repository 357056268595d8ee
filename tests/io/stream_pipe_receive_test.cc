#include <cerrno>

#include "tests/io/pipe_fixture.h"

namespace spool::io {
namespace {

std::string body_of(std::size_t size) {
  std::string body(size, '\0');
  for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>((i * 31) ^ (i >> 8));
  return body;
}

TEST_CASE("a message of any size up to the limit arrives whole, however it is cut") {
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  const Cut cut = GENERATE(Cut::never, Cut::random);
  const std::size_t limit = 1 << 20;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{2048}, std::size_t{2049}, std::size_t{65536},
        std::size_t{131072}, limit - 1, limit}) {
    CAPTURE(size);
    PipeFixture f;
    f.config.receive_queue_bytes = 4 << 20;
    f.open(framing);
    f.pipe->stream().end().read_cut = cut;
    const std::string body = body_of(size);
    f.peer->put(frame(framing, body) + frame(framing, "behind"));
    REQUIRE(f.rig.until([&] { return f.pipe->stats().messages_received == 2; }, 5000));
    const std::deque<std::string> got = f.taken();
    REQUIRE(got.size() == 2);
    CHECK((got[0] == body));
    CHECK(got[1] == "behind");
    CHECK(f.pipe->stats().bytes_received == size + 6);
    CHECK(f.owner.closed == 0);
  }
}

TEST_CASE("a length above the limit ends the pipe, and nothing is reserved for it") {
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  for (const std::uint64_t size :
       {std::uint64_t{(1 << 20) + 1}, std::uint64_t{1} << 32, std::uint64_t{1} << 63,
        (std::uint64_t{1} << 63) + 3, UINT64_MAX}) {
    CAPTURE(size);
    PipeFixture f;
    f.open(framing);
    f.hear(frame(framing, "before") + frame_header(framing, size) + "abc");
    CHECK(f.owner.closed == 1);
    CHECK(f.owner.reason == Error::message_too_large);
    CHECK(f.taken() == std::deque<std::string>{"before"});
    CHECK(f.rig.pool.stats().bytes_high_water < 1000);
  }
}

TEST_CASE("an ipc frame of another type ends the pipe") {
  for (const char type : {'\0', '\x02', '\x7f', '\xff'}) {
    PipeFixture f;
    f.open(Framing::ipc);
    std::string bad = frame(Framing::ipc, "abc");
    bad[0] = type;
    f.hear(frame(Framing::ipc, "before") + bad);
    CHECK(f.owner.closed == 1);
    CHECK(f.owner.reason == Error::malformed);
    CHECK(f.taken() == std::deque<std::string>{"before"});
  }
}

TEST_CASE("frames are read, wherever the stream is cut") {
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  const std::deque<std::string> expected{"first", "", "third", "4"};
  std::string all;
  for (const std::string& body : expected) all += frame(framing, body);
  SECTION("into any two pieces") {
    for (std::size_t split = 0; split <= all.size(); ++split) {
      CAPTURE(split);
      PipeFixture f;
      f.open(framing);
      f.hear(all.substr(0, split));
      f.hear(all.substr(split));
      CHECK(f.taken() == expected);
    }
  }
  SECTION("into single bytes") {
    PipeFixture f;
    f.open(framing);
    f.pipe->stream().end().read_cut = Cut::single;
    f.hear(all, 100);
    CHECK(f.taken() == expected);
  }
}

TEST_CASE("an end between two frames is a normal one, inside of one the rest was cut off") {
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  const std::string one = frame(framing, "first");
  const std::string all = one + frame(framing, "second") + frame(framing, "");
  for (std::size_t size = 0; size <= all.size(); ++size) {
    CAPTURE(size);
    PipeFixture f;
    f.open(framing);
    f.hear(all.substr(0, size));
    f.peer->close();
    f.rig.turns(2);
    REQUIRE(f.owner.closed == 1);
    const bool boundary = size == 0 || size == one.size() || size == all.size() ||
                          size == all.size() - frame(framing, "").size();
    CHECK(f.owner.reason == (boundary ? Error::peer_closed : Error::truncated));
    CHECK(f.owner.os_error == 0);
    const std::size_t whole = f.taken().size();
    CHECK(whole == (size < one.size() ? 0u : size < all.size() - 9 ? 1u : whole));
  }
}

TEST_CASE("what came before a reset can be taken after it") {
  PipeFixture f;
  f.open();
  f.peer->put(frame(Framing::tcp, "a") + frame(Framing::tcp, "b") + "\0\0\0");
  f.peer->break_off(Error::connection_reset, ECONNRESET);
  f.rig.turns(3);
  CHECK(f.owner.closed == 1);
  CHECK(f.owner.ended == 1);
  CHECK(f.owner.reason == Error::connection_reset);
  CHECK(f.owner.os_error == ECONNRESET);
  REQUIRE(f.pipe->receivable());
  CHECK(f.pipe->take().text() == "a");
  CHECK(f.owner.drained == 0);
  CHECK(f.pipe->take().text() == "b");
  CHECK(f.owner.drained == 1);
}

TEST_CASE_METHOD(PipeFixture,
                 "a pipe that ends with nothing to take is not drained, it is just closed") {
  open();
  peer->close();
  rig.turns(2);
  CHECK(owner.closed == 1);
  CHECK(owner.drained == 0);
}

TEST_CASE_METHOD(PipeFixture, "a user that takes at once does not change the order of calls") {
  owner.take_at_once = true;
  open();
  SECTION("when the end comes with the last message") {
    hear(frame(Framing::tcp, "a") + frame_header(Framing::tcp, UINT64_MAX));
    CHECK(owner.reason == Error::message_too_large);
  }
  SECTION("when the receive queue was full") {
    owner.take_at_once = false;
    config.receive_queue_messages = 2;
    hear(frame(Framing::tcp, "a") + frame(Framing::tcp, "b"));
    REQUIRE(interest() == Interest::none);
    owner.take_at_once = true;
    pipe->stream().end().write_error = Error::connection_reset;
    CHECK(send("x") == Error::none);
    sim.pass(11s);
    CHECK(owner.reason == Error::connection_reset);
  }
  CHECK(owner.closed == 1);
  CHECK(owner.drained == 0);
  CHECK(owner.broken == "");
}

TEST_CASE_METHOD(PipeFixture, "what is not taken when the pipe is closed is counted as discarded") {
  open();
  hear(frame(Framing::tcp, "a") + frame(Framing::tcp, "b") + frame(Framing::tcp, "c"));
  CHECK(pipe->take().text() == "a");
  pipe->close();
  CHECK(pipe->stats().messages_received == 3);
  CHECK(pipe->stats().discarded == 2);
  CHECK_FALSE(pipe->receivable());
  CHECK(owner.closed == 0);
  CHECK(owner.drained == 0);
}

TEST_CASE_METHOD(PipeFixture,
                 "a full receive queue stops the reading, half of it taken starts it again") {
  const bool by_bytes = GENERATE(false, true);
  config.receive_queue_messages = by_bytes ? 1000 : 8;
  config.receive_queue_bytes = by_bytes ? 8 * 100 : 1 << 20;
  open();
  const std::string one = frame(Framing::tcp, std::string(100, 'm'));
  for (int i = 0; i < 8; ++i) hear(one);
  CHECK(interest() == Interest::none);
  const std::uint64_t reads = pipe->stream().end().reads;
  hear(one, 10);
  CHECK(pipe->stream().end().reads == reads);
  for (int i = 0; i < 3; ++i) static_cast<void>(pipe->take());
  rig.turns(3);
  CHECK(pipe->stream().end().reads == reads);
  static_cast<void>(pipe->take());
  CHECK(interest() == Interest::read);
  rig.turns(3);
  CHECK(taken().size() == 5);
  CHECK(owner.closed == 0);
}

TEST_CASE_METHOD(PipeFixture,
                 "what one read brought is kept, also above the limit: nothing is lost") {
  config.receive_queue_messages = 4;
  open();
  std::string all;
  for (int i = 0; i < 100; ++i) all += frame(Framing::tcp, std::to_string(i));
  hear(all);
  CHECK(interest() == Interest::none);
  std::deque<std::string> got = taken();
  REQUIRE(got.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(got[static_cast<std::size_t>(i)] == std::to_string(i));
  CHECK(interest() == Interest::read);
  CHECK(pipe->stats().overflowed == 0);
}

TEST_CASE_METHOD(PipeFixture, "drop_oldest keeps the newest messages, and counts the others") {
  config.overflow = Overflow::drop_oldest;
  config.receive_queue_messages = 3;
  open();
  for (int i = 0; i < 10; ++i) hear(frame(Framing::tcp, std::to_string(i)));
  CHECK(interest() == Interest::read);
  CHECK(pipe->stats().overflowed == 7);
  CHECK(pipe->stats().messages_received == 10);
  CHECK(taken() == std::deque<std::string>{"7", "8", "9"});
}

TEST_CASE_METHOD(PipeFixture, "drop_oldest by bytes drops no more than it must") {
  config.overflow = Overflow::drop_oldest;
  config.receive_queue_bytes = 100;
  open();
  for (int i = 0; i < 20; ++i)
    hear(frame(Framing::tcp, std::string(50, static_cast<char>('a' + i))));
  CHECK(pipe->stats().overflowed == 18);
  hear(frame(Framing::tcp, std::string(1000, 'x')));
  CHECK(pipe->stats().overflowed == 19);
  CHECK(taken() == std::deque<std::string>{std::string(50, 't'), std::string(1000, 'x')});
  hear(frame(Framing::tcp, "b") + frame(Framing::tcp, "c"));
  CHECK(taken() == std::deque<std::string>{"b", "c"});
}

TEST_CASE_METHOD(PipeFixture, "drop_newest keeps the oldest messages, and counts the others") {
  config.overflow = Overflow::drop_newest;
  config.receive_queue_messages = 3;
  open();
  for (int i = 0; i < 10; ++i) hear(frame(Framing::tcp, std::to_string(i)));
  CHECK(interest() == Interest::read);
  CHECK(pipe->stats().overflowed == 7);
  CHECK(pipe->stats().messages_received == 3);
  CHECK(taken() == std::deque<std::string>{"0", "1", "2"});
  hear(frame(Framing::tcp, "10"));
  CHECK(taken() == std::deque<std::string>{"10"});
}

TEST_CASE_METHOD(PipeFixture,
                 "a message that nobody asked for is dropped and counted, whatever its size") {
  config.inspects = true;
  owner.admit = [](std::string_view payload) { return payload.substr(0, 1) == "y"; };
  open();
  hear(frame(Framing::tcp, "no") + frame(Framing::tcp, "yes") + frame(Framing::tcp, "") +
           frame(Framing::tcp, std::string(300'000, 'n')) +
           frame(Framing::tcp, std::string(300'000, 'y')),
       20);
  const std::deque<std::string> got = taken();
  REQUIRE(got.size() == 2);
  CHECK(got[0] == "yes");
  CHECK((got[1] == std::string(300'000, 'y')));
  CHECK(pipe->stats().filtered == 3);
  CHECK(pipe->stats().messages_received == 2);
}

TEST_CASE_METHOD(PipeFixture,
                 "a turn takes one bounded bite, says that there is more, and counts it") {
  config.receive_queue_bytes = 16 << 20;
  open();
  peer->put(frame(Framing::tcp, std::string(1'000'000, 'a')));
  Budget one_read;
  one_read.events = 1;
  const PollResult result = rig.turn(Timeout::none(), one_read);
  CHECK(result.more);
  CHECK(result.bytes > 0);
  CHECK(result.bytes <= 2 * sim::IoRig::buffer_size);
  CHECK(rig.until([&] { return pipe->receivable(); }, 100));
  const PollResult idle = rig.turn();
  CHECK_FALSE(idle.more);
  hear("", 0);
  peer->put(frame(Framing::tcp, "a") + frame(Framing::tcp, "b"));
  CHECK(rig.turn().messages == 2);
}

}  // namespace
}  // namespace spool::io
