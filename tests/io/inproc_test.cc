#include "spool/io/transports/inproc.h"

#include "tests/io/transport_fixture.h"

namespace spool::io {
namespace {

constexpr const char* name = "inproc://name";

TEST_CASE_METHOD(TransportFixture, "who connects first waits until somebody listens") {
  REQUIRE(connect(name) == Error::none);
  REQUIRE(connect(name) == Error::none);
  some_turns();
  CHECK(client.owner.opened == 0);
  CHECK(client.owner.closed == 0);
  REQUIRE(listen(name) == Error::none);
  CHECK(client.owner.opened == 0);
  rig.turn();
  CHECK(client.owner.opened == 2);
  CHECK(server.owner.opened == 2);
}

TEST_CASE_METHOD(TransportFixture, "names are compared whole") {
  REQUIRE(listen(name) == Error::none);
  REQUIRE(connect("inproc://nam") == Error::none);
  REQUIRE(connect("inproc://name2") == Error::none);
  REQUIRE(connect("inproc://Name") == Error::none);
  some_turns();
  CHECK(server.owner.accepted.empty());
}

TEST_CASE_METHOD(TransportFixture, "a name has one listener, and is free when that has gone") {
  REQUIRE(listen(name) == Error::none);
  loop::Box<Listener> first = std::move(listener);
  CHECK(listen(name) == Error::address_in_use);
  CHECK(listen("inproc://other") == Error::none);
  first.reset();
  CHECK(listen(name) == Error::none);
}

TEST_CASE_METHOD(TransportFixture,
                 "a pipe whose listener left before they met waits for the next one") {
  REQUIRE(listen(name) == Error::none);
  REQUIRE(connect(name) == Error::none);
  listener.reset();
  some_turns();
  CHECK(client.owner.opened == 0);
  REQUIRE(listen(name) == Error::none);
  some_turns();
  CHECK(client.owner.opened == 1);
}

TEST_CASE_METHOD(TransportFixture,
                 "a protocol that does not fit ends the pipe that connected, and makes no other") {
  client.config = sim::config_of(ProtocolId::push);
  REQUIRE(listen(name) == Error::none);
  REQUIRE(connect(name) == Error::none);
  rig.turn();
  CHECK(client.owner.closed == 1);
  CHECK(client.owner.reason == Error::protocol_mismatch);
  CHECK(server.owner.accepted.empty());
}

TEST_CASE_METHOD(TransportFixture, "a message moves: its bytes are where they were") {
  open_link(name);
  Message message = rig.pool.make(100'000).value();
  const std::byte* where = message.body().data();
  REQUIRE(near().send(message) == Error::none);
  REQUIRE(far().receivable());
  CHECK(far().take().body().data() == where);
}

TEST_CASE_METHOD(TransportFixture, "there is no limit of size") {
  server.config.max_message_size = 10;
  open_link(name);
  REQUIRE(send(near(), std::string(100'000, 'x')) == Error::none);
  CHECK(far().take().size() == 100'000);
}

TEST_CASE_METHOD(TransportFixture,
                 "the receiver's limits stop the sender, and half of them lets it go on") {
  server.config.receive_queue_messages = 8;
  open_link(name);
  int sent = 0;
  for (; near().sendable(); ++sent) REQUIRE(send(near(), "x") == Error::none);
  CHECK(sent == 8);
  for (int i = 0; i < 3; ++i) static_cast<void>(far().take());
  CHECK_FALSE(near().sendable());
  CHECK(client.owner.sendable == 1);  // when it opened
  static_cast<void>(far().take());
  CHECK(near().sendable());
  CHECK(client.owner.sendable == 2);
}

TEST_CASE_METHOD(TransportFixture, "one message of any size is taken by an empty receiver") {
  server.config.receive_queue_bytes = 10;
  open_link(name);
  REQUIRE(send(near(), std::string(1000, 'x')) == Error::none);
  CHECK_FALSE(near().sendable());
  CHECK(far().take().size() == 1000);
  CHECK(near().sendable());
}

TEST_CASE_METHOD(TransportFixture, "a user that takes at once never stops the sender") {
  server.config.receive_queue_messages = 1;
  server.owner.take_at_once = true;
  open_link(name);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(near().sendable());
    REQUIRE(send(near(), "x") == Error::none);
  }
  CHECK(server.owner.taken.size() == 100);
}

TEST_CASE_METHOD(TransportFixture, "neither end sends before the other one has a user") {
  // The listener's end opens first; a message from there would meet nobody to route it.
  struct Eager final : ListenerOwner {
    TransportFixture* f = nullptr;
    void on_pipe_open(Pipe& pipe) noexcept override {
      f->server.owner.on_pipe_open(pipe);
      CHECK_FALSE(pipe.sendable());
    }
    void on_pipe_closed(Pipe& pipe, Error e, int os) noexcept override {
      f->server.owner.on_pipe_closed(pipe, e, os);
    }
    void on_pipe_drained(Pipe& pipe) noexcept override { f->server.owner.on_pipe_drained(pipe); }
    void on_pipe_dropped(Pipe&, Error, std::uint64_t) noexcept override {}
    void on_accepted(Pipe& pipe) noexcept override { f->server.owner.on_accepted(pipe); }
    void on_accept_error(Error, int) noexcept override {}
  } eager;
  eager.f = this;
  const Address at = address(name);
  listener = transport("inproc").listen(at, server.config, link, eager, error).value();
  REQUIRE(connect(name) == Error::none);
  rig.turn();
  CHECK(far().sendable());
  CHECK(near().sendable());
  CHECK(server.owner.sendable == 1);
  CHECK(client.owner.sendable == 1);
  near().close();
  far().close();
}

TEST_CASE_METHOD(TransportFixture,
                 "a peer that goes while its pipe is full ends it; what arrived can be taken") {
  server.config.receive_queue_messages = 2;
  open_link(name);
  REQUIRE(send(near(), "a") == Error::none);
  REQUIRE(send(near(), "b") == Error::none);
  REQUIRE_FALSE(near().sendable());
  SECTION("the sender goes") {
    near().close();
    CHECK(server.owner.closed == 1);
    CHECK(far().take().text() == "a");
    CHECK(server.owner.drained == 0);
    CHECK(far().take().text() == "b");
    CHECK(server.owner.drained == 1);
  }
  SECTION("the receiver goes") {
    far().close();
    CHECK(far().stats().discarded == 2);
    CHECK(client.owner.closed == 1);
    CHECK(client.owner.sendable == 1);  // when it opened, and not again
    CHECK_FALSE(near().sendable());
  }
}

TEST_CASE_METHOD(TransportFixture,
                 "a pipe that drains says goodbye to its peer, which keeps what it has") {
  open_link(name);
  REQUIRE(send(near(), "last") == Error::none);
  near().set_user(nullptr);
  near().drain(1s);
  CHECK(client.owner.closed == 1);
  CHECK(client.owner.reason == Error::closed);
  CHECK(server.owner.closed == 1);
  CHECK(server.owner.reason == Error::peer_closed);
  CHECK(far().take().text() == "last");
  CHECK(server.owner.drained == 1);
}

TEST_CASE_METHOD(TransportFixture, "an end may be closed while the other one hears of a message") {
  struct Closer final : PipeUser {
    Pipe* near = nullptr;
    Pipe* far = nullptr;
    int ended = 0;
    void on_sendable(Pipe&) noexcept override {}
    void on_receivable(Pipe& pipe) noexcept override {
      CHECK(&pipe == far);
      static_cast<void>(pipe.take());
    }
    Verdict inspect(Pipe&, std::span<const std::byte>) noexcept override { return Verdict::keep; }
    bool route(Pipe&, Message&) noexcept override { return false; }
    void on_returned(Pipe&, Message) noexcept override {}
    void on_pipe_ended(Pipe&) noexcept override { ++ended; }
  } user;
  server.config.receive_queue_messages = 1;
  open_link(name);
  user.near = &near();
  user.far = &far();
  far().set_user(&user);
  near().set_user(&user);
  REQUIRE(send(near(), "x") == Error::none);
  CHECK(near().sendable());
  far().close();
  CHECK(user.ended == 1);
  CHECK(near().ended());
  near().set_user(nullptr);
  far().set_user(nullptr);
}

TEST_CASE_METHOD(TransportFixture, "without memory for the message, it stays with the sender") {
  open_link(name);
  Message message = rig.pool.copy_of(bytes_of("text")).value();
  rig.memory.refuse_all();
  std::vector<Message> held;
  for (Result<Message> made = rig.pool.make(256); made.ok(); made = rig.pool.make(256))
    held.push_back(std::move(made).value());
  CHECK(near().send(message) == Error::no_memory);
  CHECK(message.text() == "text");
  CHECK_FALSE(far().receivable());
  rig.memory.allow();
  CHECK(near().send(message) == Error::none);
  CHECK(far().take().text() == "text");
}

TEST_CASE_METHOD(TransportFixture,
                 "without memory for the other end, the pipe that connected is told") {
  REQUIRE(listen(name) == Error::none);
  REQUIRE(connect(name) == Error::none);
  rig.memory.refuse_all();
  rig.turn();
  rig.memory.allow();
  CHECK(client.owner.closed == 1);
  CHECK(client.owner.reason == Error::no_memory);
}

TEST_CASE_METHOD(TransportFixture, "owners may close other waiting pipes while pipes are linked") {
  // The first pipe that opens closes all the others that were waiting with it.
  struct Closer final : PipeOwner {
    std::vector<Pipe*>* pipes = nullptr;
    int opened = 0;
    void on_pipe_open(Pipe& pipe) noexcept override {
      ++opened;
      for (Pipe* other : *pipes)
        if (other != &pipe) other->close();
    }
    void on_pipe_closed(Pipe&, Error, int) noexcept override {}
    void on_pipe_drained(Pipe&) noexcept override {}
    void on_pipe_dropped(Pipe&, Error, std::uint64_t) noexcept override {}
  } closer;
  closer.pipes = &client.dialed;
  const Address to = address(name);
  for (int i = 0; i < 5; ++i)
    client.dialed.push_back(
        transport("inproc").connect(to, client.config, link, closer, error).value());
  REQUIRE(listen(name) == Error::none);
  some_turns();
  CHECK(closer.opened == 1);
  for (Pipe* pipe : client.dialed) pipe->close();
}

}  // namespace
}  // namespace spool::io
