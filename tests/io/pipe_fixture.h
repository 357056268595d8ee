// What the tests of StreamPipe share: a pipe, and a peer that the test plays byte by byte.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/sim_rig.h"

namespace spool::io {

using namespace std::chrono_literals;
using sim::bytes_of;
using sim::Cut;
using sim::frame;
using sim::frame_header;
using sim::hello;

// A PULL, unless the test says otherwise.
struct PipeFixture {
  explicit PipeFixture(ProtocolId self = ProtocolId::pull, std::size_t pool_limit = 0,
                       std::uint64_t seed = 1)
      : sim(seed, pool_limit), config(sim::config_of(self)) {}
  ~PipeFixture() { finish(); }

  // Makes the pipe and starts it.
  sim::SimPipe& start(Framing framing = Framing::tcp, bool connected = true) {
    REQUIRE(prepare(framing).start(connected) == Error::none);
    return *pipe;
  }
  // The same without starting.
  sim::SimPipe& prepare(Framing framing = Framing::tcp) {
    auto [near, far] = sim.network.connection();
    peer = std::make_unique<sim::SimStream>(std::move(far));
    pipe = new sim::SimPipe(rig.io, std::move(near), framing, config, owner);
    return *pipe;
  }
  // Starts it and shakes hands.
  sim::SimPipe& open(Framing framing = Framing::tcp) {
    start(framing);
    greet();
    return *pipe;
  }
  void greet() {
    peer->put(hello(config.peer));
    rig.turns(2);
    REQUIRE(owner.opened == 1);
    REQUIRE(peer->take() == hello(config.self));
  }
  // What the peer says, and the turns that it takes to hear it.
  void hear(std::string_view bytes, int turns = 3) {
    peer->put(bytes);
    rig.turns(turns);
  }
  [[nodiscard]] Message message(std::string_view text) {
    return rig.pool.copy_of(bytes_of(text)).value();
  }
  Error send(std::string_view text) {
    Message one = message(text);
    const Error error = pipe->send(one);
    CHECK(one.empty() == (error == Error::none || text.empty()));
    return error;
  }
  // Everything that was received and not taken before.
  std::deque<std::string> taken() {
    owner.take_all(*pipe);
    return std::exchange(owner.taken, {});
  }
  [[nodiscard]] Interest interest() const {
    return sim.network.interest_in(pipe->stream().end().handle);
  }
  // The end of every test: nothing is held, and the order of calls was as promised.
  void finish() {
    if (pipe == nullptr) return;
    pipe->close();
    std::exchange(pipe, nullptr)->dispose();
    peer.reset();
    CHECK(owner.broken == "");
    CHECK(rig.pool.stats().blocks_in_use == 0);
    CHECK(sim.network.watched() == 0);
  }

  sim::SimRig sim;
  sim::IoRig& rig = sim.rig;
  PipeConfig config;
  sim::Recorder owner;
  sim::SimPipe* pipe = nullptr;
  std::unique_ptr<sim::SimStream> peer;
};

}  // namespace spool::io
