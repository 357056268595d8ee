// Memory that says no at each of its requests in turn: every call answers with a value, nothing
// leaks, and the loop goes on when there is memory again.

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"
#include "tests/support/fake_memory.h"

namespace spool {
namespace {

using namespace std::chrono_literals;
using testing::FakeMemory;

bool known(Error error) {
  switch (error) {
    case Error::none:
    case Error::no_memory:
    case Error::would_block:
    case Error::no_buffers:
    case Error::wrong_state:      // what was to be answered had not come
    case Error::peer_closed:      // or its peer has gone, for want of memory
    case Error::deadline_passed:  // or it was asked in vain
      return true;
    default:
      return false;
  }
}

// Both ends in one loop; everything is tried, whatever the call before it said.
struct Scenario {
  EventLoop& loop;
  std::string address;
  bool strange = false;  // an error that has nothing to do with memory

  [[nodiscard]] std::string second() const {
    return address.substr(0, 3) == "tcp" ? address : address + "_";
  }
  void note(Error error) { strange = strange || !known(error); }
  template <typename T>
  bool note(const Result<T>& result) {
    note(result.error());
    return result.ok();
  }
  void turn(int turns) {
    for (int i = 0; i < turns; ++i)
      note(loop.poll_once(i % 6 == 5 ? Timeout(100us) : Timeout::none()).error);
  }

  void pair() {
    Result<Pair> server = loop.open<Pair>();
    Result<Pair> client = loop.open<Pair>({.reconnect_min = 1ms, .reconnect_max = 1ms});
    if (!note(server) || !note(client)) return;
    Result<Endpoint> at = server->listen(address);
    if (!note(at)) return;
    note(client->connect(at->address().text()));
    turn(12);
    const std::string small(100, 's');
    const std::string large(70'000, 'l');
    for (int i = 0; i < 3; ++i) {
      note(client->try_send(small));
      note(server->try_send(large));
      Result<Message> message = loop.message(5'000);
      if (note(message)) note(client->try_send(std::move(message).value()));
      turn(4);
      while (note(server->try_recv()) || note(client->try_recv())) {
      }
    }
    {
      Batch batch(loop);
      for (int i = 0; i < 50; ++i) note(client->try_send(small));
    }
    turn(6);
    at->close();
    turn(2);
  }
  void pipeline() {
    Result<Push> push = loop.open<Push>({.reconnect_min = 1ms, .reconnect_max = 1ms});
    Result<Pull> pull = loop.open<Pull>();
    if (!note(push) || !note(pull)) return;
    pull->on_readable([&] { note(pull->try_recv()); });
    push->on_writable([&] { note(push->try_send("from a notice")); });
    Result<Endpoint> at = pull->listen(address);
    if (!note(at)) return;
    note(push->connect(at->address().text()));
    turn(12);
    for (int i = 0; i < 20; ++i) note(push->try_send("job"));
    turn(6);
  }
  void broadcast() {
    Result<Pub> pub = loop.open<Pub>();
    Result<Sub> sub = loop.open<Sub>({.reconnect_min = 1ms, .reconnect_max = 1ms});
    if (!note(pub) || !note(sub)) return;
    Result<Endpoint> at = pub->listen(address);
    if (!note(at)) return;
    for (const char* topic : {"a", "b", "", "c", "d", "e"}) note(sub->subscribe(topic));
    Result<Reader> reader = sub->open_reader();
    if (note(reader)) note(reader->subscribe("a"));
    note(sub->connect(at->address().text()));
    turn(12);
    for (int i = 0; i < 5; ++i) note(pub->try_send(std::string(3'000, 'a')));
    turn(6);
    while (note(sub->try_recv())) {
    }
    while (reader.ok() && note(reader->try_recv())) {
    }
  }
  void requests() {
    Result<Rep> rep = loop.open<Rep>();
    Result<Req> req = loop.open<Req>({.reconnect_min = 1ms, .request_resend = Timeout(1ms)});
    if (!note(rep) || !note(req)) return;
    Result<Endpoint> at = rep->listen(address);
    if (!note(at)) return;
    note(req->connect(at->address().text()));
    std::vector<Exchange> exchanges;
    for (int i = 0; i < 3; ++i) {
      Result<Exchange> exchange = req->request("question", {.deadline = 50ms});
      if (note(exchange)) exchanges.push_back(std::move(exchange).value());
    }
    note(req->try_send(std::string(70'000, 'q')));
    turn(12);
    note(rep->try_recv());
    note(rep->try_send("answer"));
    while (Result<Request> request = rep->try_recv_request()) note(request->reply("answer"));
    turn(6);
    for (Exchange& exchange : exchanges) note(exchange.try_recv());
    note(req->try_recv());
  }
  void surveys() {
    Result<Surveyor> surveyor = loop.open<Surveyor>({.survey_deadline = 1ms});
    Result<Respondent> respondent = loop.open<Respondent>({.reconnect_min = 1ms});
    if (!note(surveyor) || !note(respondent)) return;
    Result<Endpoint> at = surveyor->listen(address);
    if (!note(at)) return;
    note(respondent->connect(at->address().text()));
    turn(12);
    Result<Survey> survey = surveyor->survey("who?", {.deadline = 50ms});
    note(survey);
    note(surveyor->try_send("and who?"));
    turn(4);
    while (Result<Request> request = respondent->try_recv_request()) note(request->reply("me"));
    turn(4);
    if (survey.ok()) note(survey->try_recv());
    note(surveyor->try_recv());
  }
  void device() {
    Result<RawSocket> in = loop.open_raw(SocketType::pull);
    Result<RawSocket> out = loop.open_raw(SocketType::push);
    if (!note(in) || !note(out)) return;
    Result<Endpoint> front = in->listen(address);
    Result<Endpoint> back = out->listen(second());
    if (!note(front) || !note(back)) return;
    Result<Device> joined = Device::join(*in, *out);
    Result<Push> push = loop.open<Push>({.reconnect_min = 1ms});
    Result<Pull> pull = loop.open<Pull>({.reconnect_min = 1ms});
    if (!note(joined) || !note(push) || !note(pull)) return;
    note(push->connect(front->address().text()));
    note(pull->connect(back->address().text()));
    turn(12);
    for (int i = 0; i < 5; ++i) note(push->try_send(std::string(3'000, 'j')));
    turn(6);
    while (note(pull->try_recv())) {
    }
  }
  void crowd() {
    Result<Pair1> hub = loop.open<Pair1>({.polyamorous = true});
    Result<Pair1> leaf = loop.open<Pair1>({.reconnect_min = 1ms});
    Result<Bus> bus = loop.open<Bus>();
    Result<Bus> other = loop.open<Bus>({.reconnect_min = 1ms});
    if (!note(hub) || !note(leaf) || !note(bus) || !note(other)) return;
    Result<Endpoint> at = hub->listen(address);
    Result<Endpoint> room = bus->listen(second());
    if (!note(at) || !note(room)) return;
    note(leaf->connect(at->address().text()));
    note(other->connect(room->address().text()));
    turn(12);
    note(leaf->try_send("x"));
    note(other->try_send("y"));
    turn(4);
    Result<Message> message = hub->try_recv();
    if (note(message)) note(hub->try_send(*message));
    note(bus->try_recv());
    turn(2);
  }
  // What a host asks of its guest.
  void guest() {
    static_cast<void>(loop.backend_fd());  // needs descriptors, no memory
    note(loop.reserve_messages(512, 2));
    Result<Pull> pull = loop.open<Pull>({.name = "guest"});
    Result<Push> push = loop.open<Push>({.reconnect_min = 1ms});
    if (!note(pull) || !note(push)) return;
    note(pull->on_admission([](const PeerInfo&) { return true; }));
    Result<Endpoint> at = pull->listen("tcp://127.0.0.1:0");
    if (!note(at)) return;
    const std::string real(at->address().text());
    note(push->connect("tcp://localhost" + real.substr(real.rfind(':'))));
    turn(12);
    loop.suspend();
    {
      Batch batch(loop);
      for (int i = 0; i < 3; ++i) note(push->try_send("gathered"));
    }
    turn(4);
    loop.resume();
    loop.clock_jumped();
    while (note(pull->try_recv())) {
    }
  }
  void all() {
    guest();
    pair();
    requests();
    surveys();
    device();
    crowd();
    pipeline();
    broadcast();
    note(loop.post([] {}));
    turn(3);
  }
};

EventLoopConfig config_of(FakeMemory& memory, EventLog& log) {
  EventLoopConfig config;
  config.memory = &memory;
  config.receive_buffer = 16u << 10;
  config.reserve_messages = 2;
  config.reserve_sockets = 2;
  config.reserve_connections = 2;
  config.reserve_exchanges = 2;
  config.seed = 1;
  config.on_event = log.collect();
  return config;
}

// One run with the `fail_at`-th request refused (and all later ones, if `keep`). True when there
// was such a request.
bool run(std::string_view transport, std::uint64_t fail_at, bool keep) {
  FakeMemory memory;
  bool reached = false;
  {
    EventLog log;
    memory.fail_at = fail_at;
    memory.keep_failing = keep;
    Result<EventLoop> loop = EventLoop::create(config_of(memory, log));
    if (!loop.ok()) {
      REQUIRE(loop.error() == Error::no_memory);
      memory.stop_failing();
      loop = EventLoop::create(config_of(memory, log));
      REQUIRE(loop.ok());
      reached = true;
    }
    {
      Scenario scenario{*loop, fresh_address(transport)};
      scenario.all();
      REQUIRE_FALSE(scenario.strange);
    }
    reached = reached || memory.refused != 0;
    memory.stop_failing();
    REQUIRE(loop->drain_for(5s).ok());
    // Usable: everything works from one end to the other.
    Push push = loop->open<Push>().value();
    Pull pull = loop->open<Pull>().value();
    const std::string address = listen_on(pull, transport);
    push.connect(address).value();
    REQUIRE(turn_until(*loop, [&] { return push.can_send(); }));
    push.try_send("still here").value();
    REQUIRE(receive(pull) == "still here");
  }
  REQUIRE(memory.blocks() == 0);
  REQUIRE(memory.wrong_returns == 0);
  return reached;
}

TEST_CASE("with one request refused at any place everything goes on") {
  HangGuard guard(120);
  const std::string transport = GENERATE(as<std::string>(), "inproc", "ipc", "tcp");
  std::uint64_t fail_at = 1;
  while (run(transport, fail_at, false)) {
    CAPTURE(transport, fail_at);
    ++fail_at;
    REQUIRE(fail_at < 5'000);
  }
  CHECK(fail_at > 50);
}

TEST_CASE("with all requests refused from any place on everything answers") {
  HangGuard guard(120);
  const std::string transport = GENERATE(as<std::string>(), "inproc", "ipc", "tcp");
  std::uint64_t fail_at = 1;
  while (run(transport, fail_at, true)) {
    CAPTURE(transport, fail_at);
    fail_at += 3;  // what differs between two neighbours is seen by the case above
    REQUIRE(fail_at < 5'000);
  }
  CHECK(fail_at > 50);
}

}  // namespace
}  // namespace spool
