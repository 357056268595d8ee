// How sockets and endpoints end: linger, losses, left-overs.
#include <stdlib.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "context_rig.h"

namespace spool::core {
namespace {

// A directory for unix sockets.
struct Directory {
  std::string path = "/tmp/spool-core-XXXXXX";
  Directory() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~Directory() { ::rmdir(path.c_str()); }
};

// A PUSH whose output the kernel does not take any more: its peer has stopped reading. Two
// contexts, so that one can stand still. Real sockets, the time of the test.
struct Stuck {
  Directory directory;
  ContextRig there;
  ContextRig here;
  Socket* pull = nullptr;
  Socket* push = nullptr;
  SocketHandle push_handle;
  EndpointHandle endpoint;
  std::uint64_t accepted = 0;

  explicit Stuck(Duration linger = 1s) {
    SocketOptions slow;
    slow.receive_queue_messages = 4;
    pull = &there.open(SocketType::pull, slow);
    SocketOptions options;
    options.linger = linger;
    push = &here.open(SocketType::push, options);
    push_handle = push->handle();
    const std::string address = "ipc://" + directory.path + "/s";
    REQUIRE(there.context->listen(*pull, address, {}).ok());
    endpoint = here.context->connect(*push, address, {}).value();
    REQUIRE(turn_both([&] { return push->can_send(); }));
    const std::string text(1000, 'x');
    while (here.send(*push, text) == Error::none) {
      ++accepted;
      if (accepted % 64 == 0) here.turn();
    }
    here.take_kinds();
  }
  template <typename Done>
  bool turn_both(Done done) {
    return there.turn_until([&] {
      here.turn();
      return done();
    });
  }
  [[nodiscard]] bool push_is_gone() const { return here.context->stats().sockets == 0; }
  // Everything that still comes.
  std::uint64_t receive_rest() {
    std::uint64_t received = 0;
    for (int quiet = 0; quiet < 50;) {
      here.turn();
      there.turn();
      const std::size_t got = there.receive_all(*pull).size();
      received += got;
      quiet = got == 0 ? quiet + 1 : 0;
    }
    return received;
  }
  [[nodiscard]] const Event* lost_event() const {
    for (const Event& event : here.events)
      if (event.kind == EventKind::messages_lost) return &event;
    return nullptr;
  }
};

// --- Linger -------------------------------------------------------------------------------------

TEST_CASE("with a linger, everything that was accepted is written after the close") {
  Stuck stuck;
  REQUIRE(stuck.push->stats().unsent_messages != 0);
  stuck.push->close(1s);
  CHECK(stuck.here.context->find(stuck.push_handle) == nullptr);  // gone for the user at once
  CHECK(stuck.here.context->has_unsent());
  CHECK(stuck.receive_rest() == stuck.accepted);
  // Written; now it waits for the peer to close its side, within the linger.
  stuck.there.context->close_endpoint({});
  stuck.pull->close(0s);
  CHECK(stuck.turn_both([&] { return stuck.push_is_gone(); }));
  CHECK(stuck.lost_event() == nullptr);
}

TEST_CASE("without a linger what is unwritten is lost, and counted exactly") {
  Stuck stuck;
  const std::uint64_t unsent = stuck.push->stats().unsent_messages;
  REQUIRE(unsent != 0);
  stuck.push->close(0s);
  stuck.here.turn();
  CHECK(stuck.push_is_gone());
  REQUIRE(stuck.lost_event() != nullptr);
  CHECK(stuck.lost_event()->lost == unsent);
  CHECK(stuck.lost_event()->socket == stuck.push_handle);
  CHECK(stuck.lost_event()->peer == 1);
  CHECK(stuck.receive_rest() + unsent == stuck.accepted);
}

TEST_CASE("the linger is an end: what is unwritten then is lost, and counted exactly") {
  Stuck stuck;
  const std::uint64_t unsent = stuck.push->stats().unsent_messages;
  stuck.push->close(500ms);
  stuck.here.clock.advance(500ms - 1ns);
  stuck.here.turns(3);
  CHECK_FALSE(stuck.push_is_gone());
  CHECK(stuck.lost_event() == nullptr);
  stuck.here.clock.advance(1ns);
  stuck.here.turns(2);
  CHECK(stuck.push_is_gone());
  REQUIRE(stuck.lost_event() != nullptr);
  CHECK(stuck.lost_event()->error == Error::timed_out);
  CHECK(stuck.lost_event()->lost == unsent);
  CHECK(stuck.receive_rest() + unsent == stuck.accepted);
}

TEST_CASE("a peer that goes during the linger ends it, and the loss is counted") {
  Stuck stuck;
  stuck.push->close(1h);
  stuck.here.turn();
  const std::size_t unread = stuck.there.receive_all(*stuck.pull).size();
  stuck.there.turn();
  stuck.pull->close(0s);
  CHECK(stuck.turn_both([&] { return stuck.push_is_gone(); }));
  REQUIRE(stuck.lost_event() != nullptr);
  CHECK(stuck.lost_event()->lost > 0);
  CHECK(stuck.lost_event()->lost <= stuck.accepted - unread);
}

TEST_CASE("ending the loop during the linger drops everything at once and waits for nobody") {
  Stuck stuck;
  stuck.push->close(24h);
  stuck.here.turn();
  stuck.here.owner.reset();
  SUCCEED();
}

TEST_CASE("a socket without connections is gone after the turn, whatever its linger") {
  ContextRig rig;
  Socket& push = rig.open(SocketType::push);
  REQUIRE(rig.context->connect(push, "inproc://nobody", {}).ok());
  push.close(24h);
  push.close(24h);  // twice is once
  rig.turn();
  CHECK(rig.context->stats().sockets == 0);
  CHECK_FALSE(rig.context->has_unsent());
}

// --- Endpoints ----------------------------------------------------------------------------------

TEST_CASE("closing one endpoint writes what its connections hold and leaves the others alone") {
  Stuck stuck;
  Socket& second = stuck.there.open(SocketType::pull);
  const std::string address = "ipc://" + stuck.directory.path + "/t";
  REQUIRE(stuck.there.context->listen(second, address, {}).ok());
  REQUIRE(stuck.here.context->connect(*stuck.push, address, {}).ok());
  REQUIRE(stuck.turn_both([&] { return stuck.push->can_send(); }));
  REQUIRE(stuck.push->stats().peers == 2);
  stuck.here.context->close_endpoint(stuck.endpoint);
  CHECK(stuck.here.context->find(stuck.endpoint) == nullptr);
  CHECK(stuck.push->stats().peers == 1);
  CHECK(stuck.here.send(*stuck.push, "for the second") == Error::none);
  CHECK(stuck.receive_rest() == stuck.accepted);
  CHECK(stuck.there.receive_all(second) == Texts{"for the second"});
  CHECK(stuck.push->is_open());
  CHECK(stuck.push->stats().lost_unsent == 0);
}

TEST_CASE("endpoints are closed one by one, in any order, and twice is once") {
  ContextRig rig;
  Socket& pull = rig.open(SocketType::pull);
  std::vector<EndpointHandle> handles;
  for (const char* address : {"inproc://a", "tcp://127.0.0.1:0", "inproc://b"})
    handles.push_back(rig.context->listen(pull, address, {}).value());
  for (const std::size_t i : {1u, 0u, 2u}) {
    REQUIRE(rig.context->find(handles[i]) != nullptr);
    rig.context->close_endpoint(handles[i]);
    rig.context->close_endpoint(handles[i]);
    CHECK(rig.context->find(handles[i]) == nullptr);
    rig.turn();
    rig.context->close_endpoint(handles[i]);
  }
  rig.context->close_endpoint({});
  REQUIRE(rig.context->listen(pull, "inproc://a", {}).ok());  // the name is free again
}

TEST_CASE("a closed endpoint does not connect again") {
  ContextRig rig;
  Socket& push = rig.open(SocketType::push);
  Socket& pull = rig.open(SocketType::pull);
  const EndpointHandle at = rig.context->listen(pull, "inproc://a", {}).value();
  const EndpointHandle to = rig.context->connect(push, "inproc://a", {}).value();
  rig.turns(2);
  rig.context->close_endpoint(to);
  rig.turns(2);
  rig.clock.advance(1h);
  rig.turns(2);
  CHECK(pull.stats().peers == 0);
  CHECK(pull.stats().peers_joined == 1);
  rig.context->close_endpoint(at);
}

// --- Left-overs ---------------------------------------------------------------------------------

TEST_CASE("what former peers left is received in order, after they have gone") {
  ContextRig rig;
  Socket& pull = rig.open(SocketType::pull);
  REQUIRE(rig.context->listen(pull, "inproc://a", {}).ok());
  for (int i = 0; i < 3; ++i) {
    Socket& push = rig.open(SocketType::push);
    REQUIRE(rig.context->connect(push, "inproc://a", {}).ok());
    rig.turns(2);
    for (int k = 0; k < 2; ++k) rig.send(push, std::to_string(i) + std::to_string(k));
    push.close(1s);
    rig.turns(2);
  }
  CHECK(pull.stats().peers == 0);
  CHECK(pull.stats().peers_left == 3);
  CHECK(rig.receive_all(pull) == Texts{"00", "01", "10", "11", "20", "21"});
  rig.turn();
  CHECK(pull.stats().messages_received == 6);
  CHECK(pull.stats().lost_unread == 0);
}

TEST_CASE("of peers that left a message and went, a bounded number is remembered") {
  ContextRig rig;
  Socket& pull = rig.open(SocketType::pull);
  REQUIRE(rig.context->listen(pull, "inproc://a", {}).ok());
  constexpr int all = 1100;
  constexpr int kept = 1024;
  for (int i = 0; i < all; ++i) {
    Socket& push = rig.open(SocketType::push);
    REQUIRE(rig.context->connect(push, "inproc://a", {}).ok());
    rig.turns(2);
    REQUIRE(rig.send(push, std::to_string(i)) == Error::none);
    push.close(1s);
    rig.turns(2);
  }
  CHECK(pull.stats().lost_unread == all - kept);
  const Texts texts = rig.receive_all(pull);
  REQUIRE(texts.size() == kept);
  for (int i = 0; i < kept; ++i)
    REQUIRE(texts[static_cast<std::size_t>(i)] == std::to_string(all - kept + i));
}

TEST_CASE("closing a socket drops what former peers left, counts it, and does not wait for it") {
  ContextRig rig;
  Socket& pull = rig.open(SocketType::pull);
  Socket& push = rig.open(SocketType::push);
  rig.link(pull, push);
  rig.send(push, "1");
  rig.send(push, "2");
  push.close(1s);
  rig.turns(2);
  REQUIRE(pull.can_receive());
  pull.close(24h);
  CHECK(pull.stats().lost_unread == 2);
  rig.turn();
  CHECK(rig.context->stats().sockets == 0);
}

TEST_CASE("closing a socket with unread messages counts them") {
  ContextRig rig;
  Socket& pair = rig.open(SocketType::pair);
  Socket& peer = rig.open(SocketType::pair);
  rig.link(pair, peer);
  rig.send(peer, "1");
  rig.send(peer, "2");
  rig.send(pair, "answer");
  pair.close(1s);
  CHECK(pair.stats().lost_unread == 2);  // until the end of the turn it is still there
  rig.turns(2);
  CHECK(rig.receive(peer) == "answer");
  CHECK(peer.stats().peers_left == 1);
}

TEST_CASE("a socket connected to itself refuses itself and closes") {
  ContextRig rig;
  Socket& pair = rig.open(SocketType::pair);
  REQUIRE(rig.context->listen(pair, "inproc://me", {}).ok());
  REQUIRE(rig.context->connect(pair, "inproc://me", {}).ok());
  for (int i = 0; i < 20; ++i) {
    rig.clock.advance(1s);
    rig.turn();
  }
  CHECK(pair.stats().peers_refused > 0);
  pair.close(0s);
  rig.turns(2);
  CHECK(rig.context->stats().sockets == 0);
}

TEST_CASE("closing everything from within an event is fine") {
  ContextRig rig;
  Socket& pull = rig.open(SocketType::pull);
  Socket& push = rig.open(SocketType::push);
  rig.link(pull, push);
  Socket& other = rig.open(SocketType::push);
  pull.set_on_readable([&] {
    pull.close(0s);
    push.close(0s);
    other.close(0s);
  });
  rig.send(push, "x");
  rig.turns(2);
  CHECK(rig.context->stats().sockets == 0);
}

}  // namespace
}  // namespace spool::core
