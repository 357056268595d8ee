// REQ, REP, SURVEYOR, RESPONDENT and SUB readers as their users see them: one at a time on the
// socket, any number as exchanges.
#include <array>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "facade_rig.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

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
};

struct Talk : Rig {
  Rep rep = loop.open<Rep>().value();
  std::string address = listen_on(rep, transport);
  Req req = loop.open<Req>({.reconnect_min = 1ms, .reconnect_max = 10ms}).value();
  Talk() {
    req.connect(address).value();
    REQUIRE(req.wait_for_peers(1, 10s).ok());
  }
};

TEST_CASE_METHOD(Talk, "a request is answered, one at a time on the sockets themselves") {
  CAPTURE(transport);
  CHECK(req.try_recv().error() == Error::wrong_state);
  CHECK(rep.try_send("to nobody").error() == Error::wrong_state);
  req.try_send("one").value();
  CHECK(req.try_recv().error() == Error::would_block);
  CHECK(receive(rep) == "one");
  rep.try_send("two").value();
  CHECK(rep.try_send("again").error() == Error::wrong_state);
  Result<Message> reply = req.recv_for(10s);
  REQUIRE(reply.ok());
  CHECK(reply->text() == "two");
  CHECK(reply->header().empty());
  CHECK(reply->peer() != 0);
  CHECK(req.try_recv().error() == Error::wrong_state);
}

TEST_CASE_METHOD(Talk, "a new request cancels the one before, whose reply is dropped and counted") {
  CAPTURE(transport);
  req.try_send("old").value();
  CHECK(receive(rep) == "old");
  req.try_send("new").value();
  rep.try_send("old reply").value();
  CHECK(receive(rep) == "new");
  rep.try_send("new reply").value();
  CHECK(receive(req) == "new reply");
  CHECK(req.stats().dropped_stale == 1);
}

TEST_CASE_METHOD(Talk, "cancel forgets the request; without one it says wrong_state") {
  CAPTURE(transport);
  CHECK(req.cancel().error() == Error::wrong_state);
  req.try_send("never mind").value();
  CHECK(receive(rep) == "never mind");
  CHECK(req.cancel().ok());
  CHECK(req.try_recv().error() == Error::wrong_state);
  rep.try_send("too late").value();
  REQUIRE(until([&] { return req.stats().dropped_stale == 1; }));
}

TEST_CASE_METHOD(Talk, "many requests at a time are answered in any order, each to who asked") {
  CAPTURE(transport);
  std::vector<Exchange> asked;
  for (int i = 0; i < 500; ++i) asked.push_back(req.request(std::to_string(i)).value());
  CHECK(req.stats().exchanges == 500);
  std::deque<Request> requests;
  REQUIRE(until([&] {
    while (Result<Request> request = rep.try_recv_request())
      requests.push_back(std::move(request).value());
    return requests.size() == asked.size();
  }));
  while (!requests.empty()) {  // the last one first
    requests.back().reply("re " + std::string(requests.back().text())).value();
    CHECK(requests.back().reply("twice").error() == Error::wrong_state);
    requests.pop_back();
  }
  for (std::size_t i = 0; i < asked.size(); ++i)
    CHECK(receive(asked[i]) == "re " + std::to_string(i));
  asked.clear();
  CHECK(req.stats().exchanges == 0);
}

TEST_CASE_METHOD(Talk, "an exchange tells once that its deadline has passed, and can ask again") {
  CAPTURE(transport);
  Exchange exchange = req.request("anybody?", {.deadline = 5ms}).value();
  int notices = 0;
  exchange.on_readable([&] { ++notices; });
  CHECK(exchange.recv_for(10s).error() == Error::deadline_passed);
  CHECK(exchange.try_recv().error() == Error::wrong_state);
  CHECK(notices <= 1);
  CHECK(receive(rep) == "anybody?");
  exchange.request("again").value();
  CHECK(receive(rep) == "again");
  rep.try_send("here").value();
  CHECK(receive(exchange) == "here");
}

TEST_CASE_METHOD(Talk,
                 "an exchange's notice is called once for its reply, and may close everything") {
  CAPTURE(transport);
  std::optional<Exchange> exchange = req.request("q").value();
  int notices = 0;
  exchange->on_readable([&] {
    ++notices;
    CHECK(exchange->try_recv().value().text() == "a");
    exchange.reset();
    req.close();
  });
  CHECK(receive(rep) == "q");
  rep.try_send("a").value();
  REQUIRE(until([&] { return notices != 0; }));
  for (int i = 0; i < 5; ++i) loop.poll_once();
  CHECK(notices == 1);
  CHECK_FALSE(req.is_open());
}

TEST_CASE_METHOD(Talk,
                 "exchanges of a closed socket are closed, and so are those of a loop that went") {
  CAPTURE(transport);
  Exchange exchange = req.request("q").value();
  req.close();
  CHECK_FALSE(exchange.is_open());
  CHECK(exchange.try_recv().error() == Error::closed);
  CHECK(exchange.request("q").error() == Error::closed);
  CHECK(exchange.cancel().error() == Error::closed);
  std::optional<Request> request;
  Req other = loop.open<Req>().value();
  other.connect(address).value();
  Exchange last = other.request("last").value();
  REQUIRE(until([&] {
    while (Result<Request> got = rep.try_recv_request()) request.emplace(std::move(got).value());
    return request.has_value() && request->text() == "last";
  }));
  loop = EventLoop::create({}).value();
  CHECK(last.try_recv().error() == Error::closed);
  CHECK(request->reply("to nobody").error() == Error::closed);
  CHECK(request->text() == "last");
}

TEST_CASE_METHOD(Talk, "when a replier goes, its requests go to another one at once") {
  CAPTURE(transport);
  Rep spare = loop.open<Rep>().value();
  req.connect(listen_on(spare, transport), {.send_priority = 9}).value();
  REQUIRE(req.wait_for_peers(2, 10s).ok());
  Exchange exchange = req.request("whoever").value();
  CHECK(receive(rep) == "whoever");
  rep.close();
  CHECK(receive(spare) == "whoever");
  spare.try_send("me").value();
  CHECK(receive(exchange) == "me");
  CHECK(req.stats().resent == 1);
}

TEST_CASE_METHOD(Talk, "a request that is never sent again fails at once when its replier goes") {
  CAPTURE(transport);
  Exchange exchange = req.request("once", {.resend = Timeout::infinite()}).value();
  CHECK(receive(rep) == "once");
  rep.close();
  CHECK(exchange.recv_for(10s).error() == Error::peer_closed);
  CHECK(exchange.try_recv().error() == Error::wrong_state);
}

TEST_CASE_METHOD(Talk, "a request without a reply is sent again after its resend time") {
  CAPTURE(transport);
  Exchange exchange = req.request("hello?", {.resend = Timeout(5ms)}).value();
  for (int i = 0; i < 3; ++i) CHECK(receive(rep) == "hello?");
  rep.try_send("yes").value();
  CHECK(receive(exchange) == "yes");
  CHECK(req.stats().resent >= 2);
}

TEST_CASE_METHOD(Rig, "a request waits for a replier, and one may ask whether anybody is there") {
  CAPTURE(transport);
  Req req = loop.open<Req>({.reconnect_min = 1ms, .reconnect_max = 10ms}).value();
  req.try_send("early").value();
  CHECK(req.peers() == 0);
  CHECK(req.stats().waiting_messages == 1);
  Rep rep = loop.open<Rep>().value();
  req.connect(listen_on(rep, transport)).value();
  CHECK(receive(rep) == "early");
  CHECK(req.stats().waiting_messages == 0);
}

TEST_CASE_METHOD(Talk, "an answer to somebody who has gone says so, and is counted") {
  CAPTURE(transport);
  req.try_send("q").value();
  Result<Request> request = rep.recv_request_for(10s);
  REQUIRE(request.ok());
  req.close();
  REQUIRE(until([&] { return rep.peers() == 0; }));
  Message answer = loop.message("a").value();
  CHECK(request->reply(answer).error() == Error::peer_closed);
  CHECK(answer.text() == "a");
  CHECK(rep.stats().dropped_unroutable == 1);
}

TEST_CASE("exchanges that are closed between two turns leave nothing behind, turn or no turn") {
  EventLoop loop = EventLoop::create({}).value();
  Req req = loop.open<Req>().value();
  const auto ask = [&] { return req.request("q").value(); };
  for (int i = 0; i < 100; ++i) static_cast<void>(ask());
  const std::uint64_t before = loop.stats().allocations;
  for (int i = 0; i < 10'000; ++i) static_cast<void>(ask());
  CHECK(loop.stats().allocations == before);
}

TEST_CASE_METHOD(Talk, "exchanges_max limits the requests that are open, and says so") {
  CAPTURE(transport);
  Req few = loop.open<Req>({.exchanges_max = 2}).value();
  Exchange one = few.request("1").value();
  Exchange two = few.request("2").value();
  CHECK(few.request("3").error() == Error::limit_reached);
  CHECK(std::string(loop.last_error()).find("exchanges_max is 2") != std::string::npos);
  one.close();
  CHECK(few.request("3").ok());
  CHECK(few.request("4", {.deadline = -1ms}).error() == Error::invalid_argument);
  CHECK(std::string(loop.last_error()).find("deadline") != std::string::npos);
}

TEST_CASE_METHOD(Rig, "a reply that would block says so, and on_writable says when to try again") {
  CAPTURE(transport);
  SocketOptions small;
  small.send_queue_messages = 2;
  small.immediate_sends = 0;
  small.kernel_send_buffer = 4096;
  Rep rep = loop.open<Rep>(small).value();
  const std::string address = listen_on(rep, transport);
  // A requester that reads nothing for now: raw, with a small queue.
  SocketOptions slow;
  slow.receive_queue_messages = 2;
  slow.kernel_receive_buffer = 4096;
  RawSocket asker = loop.open_raw(SocketType::req, slow).value();
  asker.connect(address).value();
  REQUIRE(asker.wait_for_peers(1, 10s).ok());
  const std::string large(100'000, 'x');
  std::vector<Request> waiting;
  for (unsigned i = 0; waiting.size() < 64; ++i) {
    Message q = loop.message("q").value();
    const std::byte id[] = {std::byte{0x80}, std::byte{0}, std::byte{0}, std::byte(i)};
    loop.push_header(q, id).value();
    REQUIRE(asker.send_for(q, 10s).ok());
    Result<Request> request = rep.recv_request_for(10s);
    REQUIRE(request.ok());
    waiting.push_back(std::move(request).value());
  }
  int notices = 0;
  rep.on_writable([&] { ++notices; });
  std::size_t sent = 0;
  while (sent < waiting.size() && waiting[sent].reply(large).ok()) ++sent;
  REQUIRE(sent < waiting.size());
  CHECK(waiting[sent].reply(large).error() == Error::would_block);
  for (int i = 0; i < 5; ++i) loop.poll_once();
  const int before = notices;
  std::size_t received = 0;
  REQUIRE(until([&] {
    if (asker.try_recv().ok()) ++received;
    return notices > before;
  }));
  REQUIRE(until([&] {
    while (sent < waiting.size() && waiting[sent].reply(large).ok()) ++sent;
    if (asker.try_recv().ok()) ++received;
    return received == waiting.size();
  }));
}

TEST_CASE_METHOD(Talk,
                 "a request that came over inproc is shared with its sender until it is unshared") {
  CAPTURE(transport);
  req.try_send("q").value();
  Message question = rep.recv_for(10s).value();
  CHECK(question.shared() == (transport == "inproc"));
  loop.unshare(question).value();
  CHECK_FALSE(question.shared());
  CHECK(question.text() == "q");
  question.mutable_body()[0] = std::byte{'Q'};
  rep.try_send(question).value();
  CHECK(receive(req) == "Q");
}

TEST_CASE_METHOD(Rig, "closing REQ sends nothing again to those that are left") {
  CAPTURE(transport);
  Rep one = loop.open<Rep>().value();
  Rep two = loop.open<Rep>().value();
  Req req = loop.open<Req>().value();
  req.connect(listen_on(one, transport)).value();
  req.connect(listen_on(two, transport)).value();
  REQUIRE(req.wait_for_peers(2, 10s).ok());
  req.try_send("own").value();
  Exchange exchange = req.request("exchange").value();
  REQUIRE(until([&] { return one.can_recv() && two.can_recv(); }));
  req.close();
  REQUIRE(until([&] { return one.peers() == 0 && two.peers() == 0; }));
  CHECK(one.stats().messages_received == 1);
  CHECK(two.stats().messages_received == 1);
}

// --- SURVEYOR, RESPONDENT -----------------------------------------------------------------------

struct Poll : Rig {
  Surveyor surveyor = loop.open<Surveyor>({.survey_deadline = 20ms}).value();
  std::string address = listen_on(surveyor, transport);
  std::vector<Respondent> respondents;
  Poll() {
    for (int i = 0; i < 3; ++i) {
      respondents.push_back(loop.open<Respondent>().value());
      respondents.back().connect(address).value();
    }
    REQUIRE(surveyor.wait_for_peers(3, 10s).ok());
    REQUIRE(until([&] {
      for (const Respondent& respondent : respondents)
        if (respondent.peers() == 0) return false;
      return true;
    }));
  }
};

TEST_CASE_METHOD(Poll, "a survey takes all answers until its deadline, then says so once") {
  CAPTURE(transport);
  Survey survey = surveyor.survey("who?", {.deadline = 100ms}).value();
  for (std::size_t i = 0; i < respondents.size(); ++i) {
    CHECK(receive(respondents[i]) == "who?");
    respondents[i].try_send(std::to_string(i)).value();
  }
  std::set<std::string> answers;
  std::set<std::uint32_t> peers;
  Error last = Error::none;
  for (;;) {
    Result<Message> answer = survey.recv_for(10s);
    if (!answer.ok()) {
      last = answer.error();
      break;
    }
    answers.emplace(answer->text());
    peers.insert(answer->peer());
  }
  CHECK(last == Error::deadline_passed);
  CHECK(answers == std::set<std::string>{"0", "1", "2"});
  CHECK(peers.size() == 3);
  CHECK(survey.try_recv().error() == Error::wrong_state);
}

TEST_CASE_METHOD(Poll, "several surveys run side by side and do not mix") {
  CAPTURE(transport);
  Survey first = surveyor.survey("first", {.deadline = 10s}).value();
  Survey second = surveyor.survey("second", {.deadline = 10s}).value();
  for (int round = 0; round < 2; ++round)
    for (Respondent& respondent : respondents) {
      Result<Request> request = respondent.recv_request_for(10s);
      REQUIRE(request.ok());
      request->reply("to " + std::string(request->text())).value();
    }
  for (int i = 0; i < 3; ++i) {
    CHECK(receive(first) == "to first");
    CHECK(receive(second) == "to second");
  }
  CHECK(first.try_recv().error() == Error::would_block);
  first.cancel().value();
  CHECK(first.try_recv().error() == Error::wrong_state);
}

TEST_CASE_METHOD(Poll, "the socket's own survey ends at survey_deadline; the next one works") {
  CAPTURE(transport);
  for (int round = 0; round < 3; ++round) {
    surveyor.try_send("round").value();
    CHECK(surveyor.recv_for(10s).error() == Error::deadline_passed);
    CHECK(surveyor.try_recv().error() == Error::wrong_state);
    for (Respondent& respondent : respondents) CHECK(receive(respondent) == "round");
    respondents[0].try_send("late").value();
  }
  REQUIRE(until([&] { return surveyor.stats().dropped_stale == 3; }));
}

TEST_CASE_METHOD(Poll, "recv_for's own time is told apart from the end of the survey") {
  CAPTURE(transport);
  Survey survey = surveyor.survey("q", {.deadline = 10s}).value();
  CHECK(survey.recv_for(1ms).error() == Error::timed_out);
  CHECK(survey.try_recv().error() == Error::would_block);
}

// --- SUB readers --------------------------------------------------------------------------------

TEST_CASE_METHOD(Rig, "each reader has its own subscriptions, beside those of its socket") {
  CAPTURE(transport);
  Pub pub = loop.open<Pub>().value();
  Sub sub = loop.open<Sub>().value();
  sub.connect(listen_on(pub, transport)).value();
  sub.subscribe("all").value();
  Reader chat = sub.open_reader().value();
  Reader all = sub.open_reader().value();
  chat.subscribe("chat.").value();
  all.subscribe("").value();
  CHECK(chat.unsubscribe("nothing").error() == Error::invalid_argument);
  REQUIRE(pub.wait_for_peers(1, 10s).ok());
  for (const char* text : {"chat.hi", "all good", "other"}) pub.try_send(text).value();
  CHECK(receive(all) == "chat.hi");
  CHECK(receive(all) == "all good");
  CHECK(receive(all) == "other");
  CHECK(receive(chat) == "chat.hi");
  CHECK(chat.try_recv().error() == Error::would_block);
  CHECK(receive(sub) == "all good");
  CHECK(sub.try_recv().error() == Error::would_block);
  all.close();
  chat.close();
  pub.try_send("chat.again").value();
  pub.try_send("all the same").value();
  CHECK(receive(sub) == "all the same");
  CHECK(sub.stats().dropped_unasked == 1);
}

// --- BUS, PAIR v1 -------------------------------------------------------------------------------

TEST_CASE_METHOD(Rig, "BUS: everybody hears everybody, and nobody itself") {
  CAPTURE(transport);
  std::vector<Bus> nodes;
  std::vector<std::string> addresses;
  for (int i = 0; i < 4; ++i) {
    nodes.push_back(loop.open<Bus>().value());
    for (const std::string& address : addresses) nodes.back().connect(address).value();
    addresses.push_back(listen_on(nodes.back(), transport));
  }
  for (Bus& node : nodes) REQUIRE(node.wait_for_peers(3, 10s).ok());
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i].try_send(std::to_string(i)).value();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    std::set<std::string> heard;
    for (int n = 0; n < 3; ++n) heard.insert(receive(nodes[i]));
    CHECK(heard.size() == 3);
    CHECK(heard.count(std::to_string(i)) == 0);
  }
}

TEST_CASE_METHOD(Rig, "PAIR v1 polyamorous: a message goes to the peer that it names") {
  CAPTURE(transport);
  Pair1 hub = loop.open<Pair1>({.polyamorous = true}).value();
  const std::string address = listen_on(hub, transport);
  std::array<Pair1, 3> leaves{loop.open<Pair1>().value(), loop.open<Pair1>().value(),
                              loop.open<Pair1>().value()};
  for (Pair1& leaf : leaves) leaf.connect(address).value();
  REQUIRE(hub.wait_for_peers(3, 10s).ok());
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    REQUIRE(leaves[i].send_for(std::to_string(i), 10s).ok());
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    Message message = hub.recv_for(10s).value();
    REQUIRE(message.peer() != 0);
    hub.try_send(message).value();  // back to where it came from
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) CHECK(receive(leaves[i]) == std::to_string(i));
  Message nobody = loop.message("nobody").value();
  nobody.set_peer(99);
  CHECK(hub.try_send(nobody).error() == Error::peer_closed);
  CHECK(nobody.text() == "nobody");
}

TEST_CASE_METHOD(Rig, "PAIR v0 and PAIR v1 do not talk to each other, and both hear why") {
  CAPTURE(transport);
  Pair old_one = loop.open<Pair>().value();
  Pair1 new_one = loop.open<Pair1>().value();
  new_one.connect(listen_on(old_one, transport)).value();
  REQUIRE(until([&] { return log.count(EventKind::handshake_failed) >= 1; }));
  CHECK(log.last(EventKind::handshake_failed)->error == Error::protocol_mismatch);
  CHECK(old_one.peers() == 0);
}

}  // namespace
}  // namespace spool
