// What the tests of transports share: the built-in ones over a real reactor, and both ends of
// connections between them.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spool/io/transports/builtin.h"
#include "tests/support/sim_rig.h"

namespace spool::io {

using namespace std::chrono_literals;
using sim::bytes_of;

// A directory below /tmp for unix sockets, gone with the test.
class ShortDirectory {
 public:
  ShortDirectory() { REQUIRE(::mkdtemp(path_) != nullptr); }
  ~ShortDirectory() {
    for (const std::string& file : files_) ::unlink(file.c_str());
    CHECK(::rmdir(path_) == 0);
  }
  // A path in it; whatever is there in the end is removed.
  std::string file(const char* name) {
    return files_.emplace_back(std::string(path_) + "/" + name);
  }

 private:
  char path_[16] = "/tmp/spl-XXXXXX";
  std::vector<std::string> files_;
};

// One end: configuration, owner, and the pipes that it made.
struct Side {
  explicit Side(ProtocolId self) : config(sim::config_of(self)) {}
  PipeConfig config;
  sim::Recorder owner;
  std::vector<Pipe*> dialed;
};

struct TransportFixture {
  TransportFixture() {
    ::alarm(20);  // a test that hangs is killed
    REQUIRE(make_builtin_transports(rig.io, transports));
  }
  ~TransportFixture() {
    listener.reset();
    for (Side* side : {&server, &client}) {
      for (const auto* pipes : {&side->dialed, &side->owner.accepted})
        for (Pipe* pipe : *pipes) pipe->close();
    }
    for (Side* side : {&server, &client}) {
      for (const auto* pipes : {&side->dialed, &side->owner.accepted})
        for (Pipe* pipe : *pipes) pipe->dispose();
      CHECK(side->owner.broken == "");
    }
    CHECK(rig.pool.stats().blocks_in_use == 0);
    ::alarm(0);
  }

  Transport& transport(std::string_view scheme) {
    for (loop::Box<Transport>& one : transports)
      if (one->serves(scheme)) return *one;
    FAIL("no such transport");
    return *transports[0];
  }
  static Address address(std::string_view text) {
    Explanation why;
    return Address::parse(text, why).value();
  }
  Error listen(std::string_view text) {
    const Address at = address(text);
    Result<loop::Box<Listener>> made =
        transport(at.scheme()).listen(at, server.config, link, server.owner, error);
    if (!made.ok()) return made.error();
    listener = std::move(made).value();
    return Error::none;
  }
  Error connect(std::string_view text) {
    const Address to = address(text);
    const int calls = client.owner.opened + client.owner.closed;
    const Result<Pipe*> made =
        transport(to.scheme()).connect(to, client.config, link, client.owner, error);
    // Whatever becomes of it, the owner hears of it later.
    CHECK(client.owner.opened + client.owner.closed == calls);
    if (!made.ok()) return made.error();
    client.dialed.push_back(made.value());
    return Error::none;
  }
  // Until `done`, for some seconds at the most.
  template <typename Done>
  bool until(Done done) {
    return rig.until(done, 2000, Timeout::after(5ms));
  }
  void some_turns() {
    for (int i = 0; i < 5; ++i) rig.turn(Timeout::after(2ms));
  }
  void open_link(std::string_view text) {
    REQUIRE(listen(text) == Error::none);
    REQUIRE(connect(listener->address().text()) == Error::none);
    REQUIRE(until([&] { return client.owner.opened == 1 && server.owner.opened == 1; }));
  }
  Error send(Pipe& pipe, std::string_view text) {
    Message message = rig.pool.copy_of(bytes_of(text)).value();
    return pipe.send(message);
  }
  Pipe& near() { return *client.dialed.at(0); }
  Pipe& far() { return *server.owner.accepted.at(0); }

  MonotonicClock clock;
  sim::IoRig rig{nullptr, clock};
  std::array<loop::Box<Transport>, 3> transports;
  loop::Box<Listener> listener;
  LinkConfig link;
  OpenError error;
  Side server{ProtocolId::pair};
  Side client{ProtocolId::pair};
};

}  // namespace spool::io
