// Cell by cell, the table in core/acceptor.h.
#include "spool/core/acceptor.h"

#include <memory>

#include <catch2/catch.hpp>

#include "endpoint_rig.h"

namespace spool::core {
namespace {

using testing::FakePipe;
using Pipes = std::vector<io::Pipe*>;

struct Rig : EndpointRig {
  Acceptor acceptor{host, address, endpoint_options, reactor};
  io::OpenError error;

  Error start() { return acceptor.start(transport, world.config, io::LinkConfig{}, error); }
  void start_well() {
    REQUIRE(start() == Error::none);
    host.events.clear();
  }
  FakePipe& join() {
    FakePipe& pipe = transport.accept();
    pipe.open();
    host.events.clear();
    return pipe;
  }
  void fail_accept() { transport.listener_owner->on_accept_error(Error::no_descriptors, 24); }
  ~Rig() { acceptor.close(); }
};

// --- Start --------------------------------------------------------------------------------------

TEST_CASE("starting listens, and says so with the real address") {
  Rig rig;
  rig.transport.real_address = testing::address_of("fake://there:4711");
  CHECK(rig.start() == Error::none);
  CHECK(rig.transport.listening);
  CHECK(rig.host.last().address.text() == "fake://there:4711");
  CHECK(rig.host.take_kinds() == Kinds{EventKind::listening});
  CHECK(rig.acceptor.address().text() == "fake://there:4711");
}

TEST_CASE("an address that cannot be bound is an error with its errno, and nothing listens") {
  Rig rig;
  rig.transport.listen_error = Error::address_in_use;
  rig.transport.connect_errno = 98;
  CHECK(rig.start() == Error::address_in_use);
  CHECK(rig.error.os_error == 98);
  CHECK(rig.host.events.empty());
  CHECK(rig.acceptor.address().text() == "fake://there");
}

// --- listening ----------------------------------------------------------------------------------

TEST_CASE("listening, an accepted pipe is kept and joins when it is open") {
  Rig rig;
  rig.start_well();
  FakePipe& pipe = rig.transport.accept();
  CHECK(rig.host.events.empty());
  pipe.open();
  CHECK(rig.host.take_kinds() == Kinds{EventKind::peer_joined});
  CHECK(pipe.send_priority == 3);
  CHECK(pipe.receive_priority == 5);
  CHECK(pipe.closes == 0);
}

TEST_CASE("listening, a failed accept pauses for a while, is reported, and goes on") {
  Rig rig;
  rig.start_well();
  rig.fail_accept();
  const Event& event = rig.host.last();
  CHECK(event.kind == EventKind::accept_failed);
  CHECK(event.error == Error::no_descriptors);
  CHECK(event.os_error == 24);
  CHECK(event.retry_in == 100ms);
  CHECK(rig.transport.listening);
  rig.pass(100ms - 1ns);
  CHECK(rig.transport.resumes == 0);
  rig.pass(1ns);
  CHECK(rig.transport.resumes == 1);
  CHECK(rig.idle());
  rig.fail_accept();  // and again, however often
  rig.pass(100ms);
  CHECK(rig.transport.resumes == 2);
}

TEST_CASE("listening, closing stops it") {
  Rig rig;
  rig.start_well();
  rig.acceptor.close();
  CHECK_FALSE(rig.transport.listening);
  CHECK(rig.host.events.empty());
}

// --- paused -------------------------------------------------------------------------------------

TEST_CASE("paused, pipes that are there live on") {
  Rig rig;
  rig.start_well();
  FakePipe& shaking = rig.transport.accept();
  FakePipe& open = rig.join();
  rig.fail_accept();
  rig.host.events.clear();
  shaking.open();
  open.end();
  CHECK(rig.host.take_kinds() == Kinds{EventKind::peer_joined, EventKind::peer_left});
}

TEST_CASE("paused, closing forgets to resume") {
  Rig rig;
  rig.start_well();
  rig.fail_accept();
  rig.acceptor.close();
  CHECK(rig.idle());
  rig.pass(1h);
  CHECK(rig.transport.resumes == 0);
  CHECK_FALSE(rig.transport.listening);
}

// --- Pipes, which never touch the state ----------------------------------------------------------

TEST_CASE("a pipe that the socket refuses is closed and gone") {
  Rig rig;
  rig.start_well();
  rig.host.attach_error = Error::refused;
  FakePipe& pipe = rig.transport.accept();
  pipe.open();
  CHECK(rig.host.last().error == Error::refused);
  CHECK(rig.host.take_kinds() == Kinds{EventKind::peer_refused});
  CHECK(pipe.closes == 1);
  CHECK(rig.host.discarded == Pipes{&pipe});
  rig.acceptor.close();
  CHECK(rig.host.discarded == Pipes{&pipe});
  CHECK(rig.host.released.empty());
}

TEST_CASE("a pipe that fails before it is open is reported as that, whatever the reason") {
  Rig rig;
  rig.start_well();
  for (const Error reason : {Error::bad_handshake, Error::peer_closed, Error::connection_reset}) {
    FakePipe& pipe = rig.transport.accept();
    pipe.peer_name = "fake://stranger";
    pipe.end(reason);
    CHECK(rig.host.last().error == reason);
    CHECK(rig.host.last().address.text() == "fake://stranger");
    CHECK(rig.host.last().retry_in == Duration::zero());
    CHECK(rig.host.take_kinds() == Kinds{EventKind::handshake_failed});
    CHECK(rig.host.discarded.back() == &pipe);
  }
  CHECK(rig.idle());
  CHECK(rig.host.released.empty());
}

TEST_CASE("a pipe that ends is released to the socket, and the others stay") {
  Rig rig;
  rig.start_well();
  FakePipe& first = rig.join();
  FakePipe& second = rig.join();
  first.end(Error::peer_closed);
  CHECK(rig.host.last().peer == 1);
  CHECK(rig.host.take_kinds() == Kinds{EventKind::peer_left});
  CHECK(rig.host.released == Pipes{&first});
  rig.acceptor.close();
  CHECK(rig.host.released == Pipes{&first, &second});
}

TEST_CASE("closing releases open pipes alive and ends those that shake hands") {
  Rig rig;
  rig.start_well();
  FakePipe& open = rig.join();
  FakePipe& shaking = rig.transport.accept();
  rig.acceptor.close();
  CHECK(rig.host.released == Pipes{&open});
  CHECK_FALSE(open.ended());
  CHECK(rig.host.discarded == Pipes{&shaking});
  CHECK(shaking.closes == 1);
  CHECK(rig.host.events.empty());
}

// --- closed -------------------------------------------------------------------------------------

TEST_CASE("closed, closing again does nothing") {
  Rig rig;
  rig.start_well();
  rig.join();
  rig.acceptor.close();
  rig.acceptor.close();
  CHECK(rig.host.released.size() == 1);
}

}  // namespace
}  // namespace spool::core
