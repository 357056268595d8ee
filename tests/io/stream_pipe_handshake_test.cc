#include <cerrno>

#include "tests/io/pipe_fixture.h"

namespace spool::io {
namespace {

TEST_CASE_METHOD(PipeFixture, "our header goes out at once, without waiting for the peer's") {
  start();
  CHECK(peer->take() == hello(ProtocolId::pull));
  CHECK(owner.opened == 0);
  CHECK(pipe->state() == PipeState::handshaking);
  CHECK_FALSE(pipe->sendable());
}

TEST_CASE("the peer's header may come in any two pieces") {
  for (std::size_t split = 0; split <= handshake_size; ++split) {
    CAPTURE(split);
    PipeFixture f;
    f.start();
    f.hear(hello(ProtocolId::push).substr(0, split));
    CHECK(f.owner.opened == (split == handshake_size ? 1 : 0));
    f.hear(hello(ProtocolId::push).substr(split));
    CHECK(f.owner.opened == 1);
    CHECK(f.pipe->state() == PipeState::active);
    CHECK(f.pipe->sendable());
  }
}

TEST_CASE("both headers may come byte by byte") {
  const std::uint64_t seed = GENERATE(range(1, 9));
  CAPTURE(seed);
  PipeFixture f(ProtocolId::pull, 0, seed);
  f.prepare();
  f.pipe->stream().end().read_cut = seed == 1 ? Cut::single : Cut::random;
  f.pipe->stream().end().write_cut = seed == 1 ? Cut::single : Cut::random;
  REQUIRE(f.pipe->start(true) == Error::none);
  f.hear(hello(ProtocolId::push), 100);
  CHECK(f.owner.opened == 1);
  CHECK(f.pipe->sendable());
  CHECK(f.peer->take() == hello(ProtocolId::pull));
}

TEST_CASE("our own header may be taken in any two pieces, before or after the peer's came") {
  const bool peer_first = GENERATE(false, true);
  for (std::size_t split = 0; split < handshake_size; ++split) {
    CAPTURE(split, peer_first);
    PipeFixture f(ProtocolId::pair);
    f.prepare();
    f.peer->end().room = split;
    REQUIRE(f.pipe->start(true) == Error::none);
    if (peer_first) {
      f.hear(hello(ProtocolId::pair) + frame(Framing::tcp, "early"));
      CHECK(f.owner.opened == 1);
      CHECK_FALSE(f.pipe->sendable());
      CHECK(f.taken() == std::deque<std::string>{"early"});
    }
    const std::string first = f.peer->take();
    CHECK(first == hello(ProtocolId::pair).substr(0, split));
    f.peer->end().room = 1000;
    f.rig.turns(2);
    CHECK(first + f.peer->take() == hello(ProtocolId::pair));
    if (!peer_first) f.hear(hello(ProtocolId::pair));
    CHECK(f.owner.opened == 1);
    CHECK(f.owner.sendable == (peer_first ? 1 : 0));
    CHECK(f.pipe->sendable());
    CHECK(f.send("x") == Error::none);
    CHECK(f.peer->take() == frame(Framing::tcp, "x"));
  }
}

TEST_CASE("what comes behind the header in the same read is not lost, wherever it is cut") {
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  const std::string all = hello(ProtocolId::push) + frame(framing, "one") + frame(framing, "") +
                          frame(framing, "three");
  for (std::size_t split = 0; split <= all.size(); ++split) {
    CAPTURE(split);
    PipeFixture f;
    f.start(framing);
    f.hear(all.substr(0, split));
    f.hear(all.substr(split));
    CHECK(f.owner.opened == 1);
    CHECK(f.owner.closed == 0);
    CHECK(f.taken() == std::deque<std::string>{"one", "", "three"});
  }
}

TEST_CASE("any other byte in the header ends the pipe, and nothing but our header was sent") {
  const std::string good = hello(ProtocolId::push);
  for (std::size_t at = 0; at < handshake_size; ++at) {
    CAPTURE(at);
    PipeFixture f;
    f.start();
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    f.hear(bad + frame(Framing::tcp, "x"));
    CHECK(f.owner.opened == 0);
    CHECK(f.owner.closed == 1);
    CHECK(f.owner.reason == (at == 4 || at == 5 ? Error::protocol_mismatch : Error::bad_handshake));
    CHECK(f.pipe->ended());
    CHECK_FALSE(f.pipe->receivable());
    CHECK(f.peer->take() == hello(ProtocolId::pull));
    CHECK(f.peer->end().arrived_end);
  }
}

TEST_CASE("a peer of every other type is refused") {
  for (const ProtocolId id : {ProtocolId::pair, ProtocolId::pub, ProtocolId::sub, ProtocolId::req,
                              ProtocolId::rep, ProtocolId::pull, ProtocolId::bus, ProtocolId::pair1,
                              ProtocolId::surveyor, ProtocolId::respondent}) {
    PipeFixture f;
    f.start();
    f.hear(hello(id));
    CHECK(f.owner.closed == 1);
    CHECK(f.owner.reason == Error::protocol_mismatch);
  }
}

TEST_CASE(
    "a peer that goes before its header is whole was cut off; before the first byte, it left") {
  for (std::size_t size = 0; size < handshake_size; ++size) {
    CAPTURE(size);
    PipeFixture f;
    f.start();
    f.hear(hello(ProtocolId::push).substr(0, size));
    f.peer->close();
    f.rig.turns(2);
    CHECK(f.owner.closed == 1);
    CHECK(f.owner.reason == (size == 0 ? Error::peer_closed : Error::truncated));
  }
}

TEST_CASE_METHOD(PipeFixture,
                 "a connection that is reset in the handshake says so, with the errno") {
  start();
  peer->break_off(Error::connection_reset, ECONNRESET);
  rig.turns(2);
  CHECK(owner.closed == 1);
  CHECK(owner.reason == Error::connection_reset);
  CHECK(owner.os_error == ECONNRESET);
}

TEST_CASE("a peer that keeps silent, or stops in the middle, has until the handshake's deadline") {
  const std::size_t said = GENERATE(std::size_t{0}, std::size_t{7});
  PipeFixture f;
  f.config.handshake_timeout = 500ms;
  f.start();
  f.sim.pass(400ms);
  f.hear(hello(ProtocolId::push).substr(0, said));
  f.sim.pass(99ms);
  CHECK(f.owner.closed == 0);
  f.sim.pass(2ms);
  CHECK(f.owner.closed == 1);
  CHECK(f.owner.reason == Error::handshake_timeout);
}

TEST_CASE_METHOD(PipeFixture,
                 "a pipe that is open does not know the handshake's deadline any more") {
  open();
  sim.pass(60s);
  CHECK(owner.closed == 0);
  hear(frame(Framing::tcp, "late"));
  CHECK(taken() == std::deque<std::string>{"late"});
}

TEST_CASE("a connect that is under way ends in a handshake, an error or a timeout") {
  PipeFixture f;
  f.config.handshake_timeout = 500ms;
  f.prepare();
  sim::SimEnd& end = f.pipe->stream().end();
  end.connecting = true;
  REQUIRE(f.pipe->start(false) == Error::none);
  CHECK(f.pipe->state() == PipeState::connecting);
  f.rig.turns(3);
  CHECK(f.interest() == Interest::write);
  CHECK(f.peer->take().empty());
  SECTION("success") {
    end.connecting = false;
    f.rig.turns(2);
    CHECK(f.pipe->state() == PipeState::handshaking);
    CHECK(f.interest() == Interest::read);
    f.greet();
  }
  SECTION("an error") {
    end.connecting = false;
    end.write_error = Error::connection_refused;
    end.os_error = ECONNREFUSED;
    f.rig.turns(2);
    CHECK(f.owner.closed == 1);
    CHECK(f.owner.reason == Error::connection_refused);
    CHECK(f.owner.os_error == ECONNREFUSED);
  }
  SECTION("a timeout") {
    f.sim.pass(501ms);
    CHECK(f.owner.closed == 1);
    CHECK(f.owner.reason == Error::timed_out);
  }
  SECTION("closed by its owner: nobody is called") {
    f.pipe->close();
    CHECK(f.pipe->ended());
    f.sim.pass(1s);
    CHECK(f.owner.closed == 0);
  }
}

TEST_CASE_METHOD(PipeFixture,
                 "an owner may close a pipe while it opens; what came behind is not looked at") {
  owner.refuse = true;
  start();
  hear(hello(ProtocolId::push) + frame(Framing::tcp, "x"));
  CHECK(owner.opened == 1);
  CHECK(owner.closed == 0);
  CHECK(pipe->ended());
  CHECK_FALSE(pipe->receivable());
  CHECK(peer->take() == hello(ProtocolId::pull));
  CHECK(peer->end().arrived_end);
}

TEST_CASE_METHOD(PipeFixture,
                 "a pipe that cannot be watched says so when it is started, and to nobody else") {
  prepare();
  sim.network.refuse_add = Error::no_memory;
  CHECK(pipe->start(true) == Error::no_memory);
  CHECK(pipe->ended());
  CHECK(peer->end().arrived_end);
  rig.turns(2);
  CHECK(owner.closed == 0);
}

TEST_CASE_METHOD(PipeFixture, "a peer that takes no byte of ours but talks is heard") {
  prepare();
  pipe->stream().end().write_error = Error::connection_reset;
  REQUIRE(pipe->start(true) == Error::none);
  hear(hello(ProtocolId::push) + frame(Framing::tcp, "last words"));
  CHECK(owner.opened == 1);
  CHECK_FALSE(pipe->sendable());
  CHECK(taken() == std::deque<std::string>{"last words"});
}

}  // namespace
}  // namespace spool::io
