// Raw sockets, and the devices that are made of them.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

std::vector<unsigned> bytes_of(std::span<const std::byte> bytes) {
  std::vector<unsigned> result;
  for (const std::byte byte : bytes) result.push_back(std::to_integer<unsigned>(byte));
  return result;
}

struct Rig {
  HangGuard guard;
  std::string transport = GENERATE(as<std::string>(), "tcp", "ipc", "inproc");
  EventLog log;
  EventLoop loop = EventLoop::create(config()).value();

  EventLoopConfig config() {
    EventLoopConfig with;
    with.on_event = log.collect();
    return with;
  }
  template <typename Done>
  bool until(Done done) {
    return turn_until(loop, done);
  }
  // A device between two fresh addresses, for those who connect on either side.
  struct Joint {
    Device device;
    std::string front;
    std::string back;
  };
  Joint join(SocketType front, SocketType back, const SocketOptions& options = {}) {
    RawSocket a = loop.open_raw(front, options).value();
    RawSocket b = loop.open_raw(back, options).value();
    std::string at_a = listen_on(a, transport);
    std::string at_b = listen_on(b, transport);
    return {Device::join(a, b).value(), at_a, at_b};
  }
};

TEST_CASE_METHOD(Rig, "a device carries requests one way and replies the other") {
  CAPTURE(transport);
  Joint joint = join(SocketType::rep, SocketType::req);
  std::vector<Req> clients;
  Rep server = loop.open<Rep>().value();
  server.connect(joint.back).value();
  for (int i = 0; i < 3; ++i) {
    clients.push_back(loop.open<Req>().value());
    clients.back().connect(joint.front).value();
    clients.back().try_send(std::to_string(i)).value();
  }
  for (int i = 0; i < 3; ++i) {
    Result<Request> request = server.recv_request_for(10s);
    REQUIRE(request.ok());
    request->reply("re " + std::string(request->text())).value();
  }
  for (std::size_t i = 0; i < 3; ++i) CHECK(receive(clients[i]) == "re " + std::to_string(i));
  CHECK(joint.device.stats().forwarded == 6);
  CHECK(joint.device.stats().refused == 0);
  CHECK(joint.device.stats().a.messages_received == 3);
  CHECK(joint.device.stats().b.messages_sent == 3);
}

// docs/wire.md §7.1, the worked example; the numbers of pipes and requests are what they are here.
TEST_CASE_METHOD(Rig, "on its way over a device a request gathers the words of its way back") {
  CAPTURE(transport);
  Joint joint = join(SocketType::rep, SocketType::req);
  RawSocket server = loop.open_raw(SocketType::rep).value();
  server.connect(joint.back).value();
  RawSocket client = loop.open_raw(SocketType::req).value();
  client.connect(joint.front).value();
  REQUIRE(client.wait_for_peers(1, 10s).ok());
  Message q = loop.message("q").value();
  const std::byte id[] = {std::byte{0x80}, std::byte{0}, std::byte{0}, std::byte{5}};
  loop.push_header(q, id).value();
  REQUIRE(client.send_for(q, 10s).ok());
  Message seen = server.recv_for(10s).value();
  CHECK(seen.text() == "q");
  // The server's pipe, the device's pipe, the id. The first four peers of this loop are all here.
  const std::vector<unsigned> words = bytes_of(seen.header());
  REQUIRE(words.size() == 12);
  CHECK(words[3] == seen.peer());
  CHECK(std::vector<unsigned>(words.begin(), words.begin() + 3) == std::vector<unsigned>{0, 0, 0});
  CHECK(std::vector<unsigned>(words.begin() + 4, words.begin() + 7) ==
        std::vector<unsigned>{0, 0, 0});
  CHECK((words[7] >= 1 && words[7] <= 4 && words[7] != words[3]));
  CHECK(std::vector<unsigned>(words.begin() + 8, words.end()) ==
        std::vector<unsigned>{0x80, 0, 0, 5});
  Message a = loop.message("a").value();
  loop.push_header(a, seen.header()).value();
  server.try_send(a).value();
  Message reply = client.recv_for(10s).value();
  CHECK(reply.text() == "a");
  CHECK(bytes_of(reply.header()) == std::vector<unsigned>{0x80, 0, 0, 5});
}

TEST_CASE_METHOD(Rig,
                 "the hop limit counts words with the id: what passed too many goes no further") {
  CAPTURE(transport);
  // client -> device -> device -> server: three words arrive at the server.
  const unsigned limit = GENERATE(2u, 3u);
  Joint first = join(SocketType::rep, SocketType::req);
  Joint second = join(SocketType::rep, SocketType::req);
  RawSocket in = loop.open_raw(SocketType::rep).value();
  RawSocket out = loop.open_raw(SocketType::req).value();
  in.connect(first.back).value();
  out.connect(second.front).value();
  Device middle = Device::join(in, out).value();
  Rep server = loop.open<Rep>({.hop_limit = limit + 1}).value();
  server.connect(second.back).value();
  Req client = loop.open<Req>().value();
  client.connect(first.front).value();
  client.try_send("far").value();
  if (limit == 3) {
    CHECK(receive(server) == "far");
    server.try_send("back").value();
    CHECK(receive(client) == "back");
    return;
  }
  REQUIRE(until([&] { return server.stats().dropped_hops == 1; }));
  CHECK_FALSE(server.can_recv());
  REQUIRE(until([&] { return log.count(EventKind::messages_dropped) == 1; }));
  CHECK(log.last(EventKind::messages_dropped)->error == Error::too_many_hops);
  CHECK(server.peers() == 1);
}

TEST_CASE_METHOD(Rig, "surveys and their answers pass a device") {
  CAPTURE(transport);
  Joint joint = join(SocketType::respondent, SocketType::surveyor);
  std::vector<Respondent> respondents;
  for (int i = 0; i < 3; ++i) {
    respondents.push_back(loop.open<Respondent>().value());
    respondents.back().connect(joint.back).value();
    REQUIRE(respondents.back().wait_for_peers(1, 10s).ok());
  }
  Surveyor surveyor = loop.open<Surveyor>({.survey_deadline = 10s}).value();
  surveyor.connect(joint.front).value();
  REQUIRE(surveyor.wait_for_peers(1, 10s).ok());
  surveyor.try_send("who").value();
  for (Respondent& respondent : respondents) {
    CHECK(receive(respondent) == "who");
    respondent.try_send("me").value();
  }
  for (int i = 0; i < 3; ++i) CHECK(receive(surveyor) == "me");
}

TEST_CASE_METHOD(Rig,
                 "a pipeline and a publication pass a device one way, without a subscription") {
  CAPTURE(transport);
  Joint work = join(SocketType::pull, SocketType::push);
  Push push = loop.open<Push>().value();
  push.connect(work.front).value();
  Pull pull = loop.open<Pull>().value();
  pull.connect(work.back).value();
  for (int i = 0; i < 100; ++i) REQUIRE(push.send_for(std::to_string(i), 10s).ok());
  for (int i = 0; i < 100; ++i) CHECK(receive(pull) == std::to_string(i));
  Joint news = join(SocketType::sub, SocketType::pub);
  Pub pub = loop.open<Pub>().value();
  pub.connect(news.front).value();
  Sub sub = loop.open<Sub>().value();
  sub.subscribe("a").value();
  sub.connect(news.back).value();
  REQUIRE(pub.wait_for_peers(1, 10s).ok());
  REQUIRE(sub.wait_for_peers(1, 10s).ok());
  for (const char* text : {"abc", "xyz", "aaa"}) pub.try_send(text).value();
  CHECK(receive(sub) == "abc");
  CHECK(receive(sub) == "aaa");
}

TEST_CASE_METHOD(Rig, "PAIR and BUS pass a device both ways, and PAIR v1 counts the hops") {
  CAPTURE(transport);
  for (const SocketType type : {SocketType::pair, SocketType::pair1}) {
    Joint joint = join(type, type);
    AnySocket left = loop.open(type).value();
    AnySocket right = loop.open(type).value();
    left.connect(joint.front).value();
    right.connect(joint.back).value();
    REQUIRE(left.send_for("to the right", 10s).ok());
    CHECK(receive(right) == "to the right");
    REQUIRE(right.send_for("to the left", 10s).ok());
    CHECK(receive(left) == "to the left");
  }
  Joint joint = join(SocketType::bus, SocketType::bus);
  std::vector<Bus> nodes;
  for (const std::string& at : {joint.front, joint.front, joint.back, joint.back}) {
    nodes.push_back(loop.open<Bus>().value());
    nodes.back().connect(at).value();
    REQUIRE(nodes.back().wait_for_peers(1, 10s).ok());
  }
  nodes[0].try_send("hello").value();
  CHECK(receive(nodes[2]) == "hello");
  CHECK(receive(nodes[3]) == "hello");
  CHECK_FALSE(nodes[0].can_recv());
}

TEST_CASE_METHOD(Rig, "a reflector sends everything back out of the socket it came in by") {
  CAPTURE(transport);
  RawSocket echo = loop.open_raw(SocketType::rep).value();
  const std::string address = listen_on(echo, transport);
  Device device = Device::reflect(echo).value();
  Req req = loop.open<Req>().value();
  req.connect(address).value();
  req.try_send("echo").value();
  CHECK(receive(req) == "echo");
  RawSocket hub = loop.open_raw(SocketType::bus).value();
  const std::string hub_address = listen_on(hub, transport);
  Device star = Device::reflect(hub).value();
  std::vector<Bus> nodes;
  for (int i = 0; i < 3; ++i) {
    nodes.push_back(loop.open<Bus>().value());
    nodes.back().connect(hub_address).value();
    REQUIRE(nodes.back().wait_for_peers(1, 10s).ok());
  }
  nodes[0].try_send("to all but me").value();
  CHECK(receive(nodes[1]) == "to all but me");
  CHECK(receive(nodes[2]) == "to all but me");
  CHECK_FALSE(nodes[0].can_recv());
}

TEST_CASE_METHOD(Rig, "back-pressure passes through a device: nothing is lost in between") {
  CAPTURE(transport);
  SocketOptions small;
  small.send_queue_messages = small.receive_queue_messages = 4;
  Joint joint = join(SocketType::pull, SocketType::push, small);
  Push push = loop.open<Push>(small).value();
  push.connect(joint.front).value();
  Pull pull = loop.open<Pull>(small).value();
  pull.connect(joint.back).value();
  const std::string filler(30'000, 'x');
  int sent = 0;
  int received = 0;
  int turns = 0;
  REQUIRE(until([&] {
    while (sent < 500 && push.try_send(std::to_string(sent) + " " + filler).ok()) ++sent;
    if (++turns % 7 == 0 || sent == 500) {
      if (Result<Message> message = pull.try_recv()) {
        REQUIRE(std::stoi(std::string(message->text())) == received);
        ++received;
      }
    }
    return received == 500;
  }));
  CHECK(joint.device.stats().forwarded == 500);
}

TEST_CASE_METHOD(Rig,
                 "a device can be closed at any moment, from a callback too, or go with its loop") {
  CAPTURE(transport);
  std::vector<Joint> joints;
  joints.push_back(join(SocketType::rep, SocketType::req));
  Rep server = loop.open<Rep>().value();
  server.connect(joints[0].back).value();
  Req client = loop.open<Req>().value();
  client.connect(joints[0].front).value();
  client.try_send("q").value();
  server.on_readable([&] { joints.clear(); });
  REQUIRE(until([&] { return joints.empty(); }));
  CHECK(receive(server) == "q");
  REQUIRE(until([&] { return client.peers() == 0; }));
  Joint last = join(SocketType::pull, SocketType::push);
  CHECK(last.device.is_open());
  last.device.close();
  CHECK_FALSE(last.device.is_open());
  Joint orphan = join(SocketType::pull, SocketType::push);
  loop = EventLoop::create({}).value();
  CHECK_FALSE(orphan.device.is_open());
}

TEST_CASE_METHOD(Rig, "sockets that do not fit are refused in words, and stay with the caller") {
  CAPTURE(transport);
  RawSocket rep = loop.open_raw(SocketType::rep).value();
  RawSocket pub = loop.open_raw(SocketType::pub).value();
  CHECK(Device::join(rep, pub).error() == Error::invalid_argument);
  CHECK(std::string(loop.last_error()) ==
        "rep and pub do not talk to each other: expected two that do");
  CHECK(rep.is_open());
  CHECK(pub.is_open());
  CHECK(Device::reflect(pub).error() == Error::invalid_argument);
  CHECK(pub.is_open());
  rep.close();
  CHECK(Device::reflect(rep).error() == Error::closed);
}

}  // namespace
}  // namespace spool
