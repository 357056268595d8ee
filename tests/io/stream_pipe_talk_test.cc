// Two pipes talk to each other over a network that cuts every transfer at random places.
#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "tests/support/sim_rig.h"

namespace spool::io {
namespace {

using namespace std::chrono_literals;
using sim::Cut;

// One end: a pipe, its owner, and what the test knows of it.
struct End {
  explicit End(sim::SimRig& sim) : config(sim::config_of(ProtocolId::pair)) {
    sim::Random& random = sim.network.random();
    config.send_queue_messages = random.between(1, 50);
    config.send_queue_bytes = random.between(1, 300'000);
    config.receive_queue_messages = random.between(1, 50);
    config.receive_queue_bytes = random.between(1, 300'000);
    config.immediate_sends = static_cast<std::uint32_t>(random.below(20));
    config.max_message_size = 400'000;
    owner.take_at_once = random.chance(30);
  }
  void begin(sim::SimRig& sim, sim::SimStream stream, Framing framing) {
    pipe = new sim::SimPipe(sim.rig.io, std::move(stream), framing, config, owner);
    sim::SimEnd& end = pipe->stream().end();
    end.read_cut = end.write_cut = Cut::random;
    end.room = sim.network.random().between(1, 100'000);
    REQUIRE(pipe->start(true) == Error::none);
  }
  void take() {
    owner.take_all(*pipe);
    while (!owner.taken.empty()) {
      got.push_back(std::move(owner.taken.front()));
      owner.taken.pop_front();
    }
  }

  PipeConfig config;
  sim::Recorder owner;
  sim::SimPipe* pipe = nullptr;
  std::deque<std::string> sent;  // in order
  std::deque<std::string> got;
};

std::string any_text(sim::Random& random) {
  std::size_t size = random.below(100);
  if (random.chance(20)) size = random.between(2000, 2100);
  if (random.chance(5)) size = random.below(300'000);
  if (random.chance(10)) size = 0;
  std::string text(size, static_cast<char>('a' + random.below(26)));
  for (std::size_t i = 0; i < size; i += 97) text[i] = static_cast<char>(random.next());
  return text;
}

struct Talk {
  explicit Talk(std::uint64_t seed)
      : sim(seed), framing(seed % 2 == 0 ? Framing::tcp : Framing::ipc), ends{End(sim), End(sim)} {
    auto [a, b] = sim.network.connection();
    ends[0].begin(sim, std::move(a), framing);
    ends[1].begin(sim, std::move(b), framing);
  }
  ~Talk() {
    for (End& end : ends) {
      end.pipe->close();
      end.pipe->dispose();
      CHECK(end.owner.broken == "");
    }
    CHECK(sim.rig.pool.stats().blocks_in_use == 0);
  }
  void send_some(End& end) {
    for (std::size_t i = random().below(20); i != 0 && end.pipe->sendable(); --i) {
      std::string text = any_text(random());
      Message message = sim.rig.pool.copy_of(sim::bytes_of(text)).value();
      const Message other = random().chance(20) ? message.share() : Message();
      REQUIRE(end.pipe->send(message) == Error::none);
      end.sent.push_back(std::move(text));
    }
  }
  void step() {
    for (End& end : ends) {
      if (random().chance(40)) {
        const bool batch = random().chance(30);
        if (batch) sim.rig.reactor.begin_batch();
        send_some(end);
        if (batch) sim.rig.reactor.end_batch();
      }
      if (random().chance(40)) end.take();
    }
    sim.rig.turn();
  }
  [[nodiscard]] sim::Random& random() { return sim.network.random(); }
  // What `to` got is the beginning of what `from` sent.
  static void check_prefix(const End& from, const End& to) {
    REQUIRE(to.got.size() <= from.sent.size());
    for (std::size_t i = 0; i < to.got.size(); ++i) REQUIRE((to.got[i] == from.sent[i]));
  }

  sim::SimRig sim;
  Framing framing;
  End ends[2];
};

TEST_CASE("whatever is cut, everything arrives once and in order, both ways") {
  const std::uint64_t seed = GENERATE(range(1, 31));
  CAPTURE(seed);
  Talk talk(seed);
  REQUIRE(talk.sim.rig.until(
      [&] { return talk.ends[0].owner.opened + talk.ends[1].owner.opened == 2; }));
  for (int i = 0; i < 200; ++i) talk.step();
  REQUIRE(talk.sim.rig.until(
      [&] {
        for (End& end : talk.ends) end.take();
        return talk.ends[0].got.size() == talk.ends[1].sent.size() &&
               talk.ends[1].got.size() == talk.ends[0].sent.size();
      },
      50'000));
  Talk::check_prefix(talk.ends[0], talk.ends[1]);
  Talk::check_prefix(talk.ends[1], talk.ends[0]);
  for (End& end : talk.ends) {
    CHECK(end.owner.closed == 0);
    CHECK(end.pipe->stats().messages_sent == end.sent.size());
    CHECK(end.pipe->stats().messages_received == end.got.size());
    CHECK(end.pipe->unsent_messages() == 0);
    CHECK(end.pipe->sendable());
  }
}

TEST_CASE("when a connection breaks, each message is received, or lost, or was on the way") {
  const std::uint64_t seed = GENERATE(range(100, 130));
  CAPTURE(seed);
  Talk talk(seed);
  const std::size_t steps = talk.random().below(150);
  for (std::size_t i = 0; i < steps; ++i) talk.step();
  End& a = talk.ends[0];
  End& b = talk.ends[1];
  const bool reset = talk.random().chance(50);
  if (reset)
    a.pipe->stream().break_off(Error::connection_reset, 104);
  else
    a.pipe->close();
  const std::uint64_t a_lost = a.pipe->stats().lost + a.pipe->unsent_messages();
  REQUIRE(talk.sim.rig.until(
      [&] {
        for (End& end : talk.ends) end.take();
        return b.owner.closed == 1 && a.owner.closed == (reset ? 1 : 0);
      },
      50'000));
  b.take();
  Talk::check_prefix(a, b);
  Talk::check_prefix(b, a);
  CHECK(a.pipe->stats().messages_sent == a.sent.size());
  CHECK(a.pipe->stats().lost == a_lost);
  // What left here whole has arrived: the simulated network loses nothing.
  CHECK(b.got.size() + a_lost == a.sent.size());
  if (!reset) {
    const bool opened = b.owner.opened == 1;
    CHECK((b.owner.reason == Error::peer_closed || b.owner.reason == Error::truncated ||
           b.owner.reason == Error::connection_reset));
    CHECK((opened || b.got.empty()));
  }
}

TEST_CASE("a drained pipe has said everything before it ends") {
  const std::uint64_t seed = GENERATE(range(200, 225));
  CAPTURE(seed);
  Talk talk(seed);
  REQUIRE(talk.sim.rig.until(
      [&] { return talk.ends[0].owner.opened + talk.ends[1].owner.opened == 2; }));
  const std::size_t steps = talk.random().below(100);
  for (std::size_t i = 0; i < steps; ++i) talk.step();
  End& a = talk.ends[0];
  End& b = talk.ends[1];
  talk.send_some(a);
  a.pipe->set_user(nullptr);
  a.pipe->drain(3600s);
  REQUIRE(talk.sim.rig.until(
      [&] {
        b.take();
        return b.owner.closed == 1;
      },
      50'000));
  b.take();
  CHECK(b.owner.reason == Error::peer_closed);
  CHECK(b.got.size() == a.sent.size());
  Talk::check_prefix(a, b);
  REQUIRE(talk.sim.rig.until([&] { return a.owner.closed == 1; }));
  CHECK(a.owner.reason == Error::closed);
  CHECK(a.pipe->stats().lost == 0);
}

}  // namespace
}  // namespace spool::io
