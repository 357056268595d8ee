// Statistics of requests and answers: what is malformed, too far, unroutable, stale, sent again.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "statistics_rig.h"
#include "tests/acceptance/raw_peer.h"

namespace spool {
namespace {

using namespace std::chrono_literals;

constexpr unsigned req_id = 0x30;
constexpr unsigned rep_id = 0x31;

const std::string id = raw::hex("80 00 00 07");

TEST_CASE("requests that make no sense, or come from too far away, are counted by reason") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Rep rep = loop.open<Rep>({.hop_limit = 2}).value();
  std::vector<Endpoint> at{rep.listen(fresh_address("tcp")).value()};
  raw::Peer peer(at[0].address().text());
  const std::string hop = raw::hex("00 00 00 01");
  std::string bytes = raw::header(req_id);
  for (const std::string& body :
       {std::string("no"), hop + hop + hop + id + "far", hop, id + "fine"})
    bytes += raw::frame(false, body);
  REQUIRE(peer.send(bytes));
  CHECK(receive(rep) == "fine");
  const SocketStats stats = rep.stats();
  CHECK(stats.dropped_malformed == 2);
  CHECK(stats.dropped_hops == 1);
  CHECK(stats.messages_received == 1);
  check_same(stats, sum_of_peers(rep));
  check_same(stats, sum_of(at));
}

TEST_CASE("an answer to somebody who has gone is unroutable, a late one is stale") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Rep rep = loop.open<Rep>().value();
  std::vector<Endpoint> at{rep.listen(fresh_address("tcp")).value()};
  {
    raw::Peer peer(at[0].address().text());
    REQUIRE(peer.send(raw::header(req_id) + raw::frame(false, id + "?")));
    CHECK(receive(rep) == "?");
  }
  REQUIRE(turn_until(loop, [&] { return rep.peers() == 0; }));
  CHECK(rep.try_send("!").error() == Error::peer_closed);
  CHECK(rep.stats().dropped_unroutable == 1);
  CHECK(rep.stats().messages_sent == 0);

  Req req = loop.open<Req>().value();
  raw::Peer answers(listen_on(req, "tcp"));
  REQUIRE(answers.send(raw::header(rep_id) + raw::frame(false, id + "nobody asked") +
                       raw::frame(false, "no")));
  REQUIRE(turn_until(loop, [&] { return req.stats().dropped_malformed == 1; }));
  CHECK(req.stats().dropped_stale == 1);
}

TEST_CASE("a request that is sent again is counted as resent") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Req req = loop.open<Req>({.request_resend = 5ms}).value();
  raw::Peer peer(listen_on(req, "tcp"));
  REQUIRE(peer.send(raw::header(rep_id)));
  REQUIRE(turn_until(loop, [&] { return req.peers() == 1; }));
  req.try_send("?").value();
  REQUIRE(turn_until(loop, [&] { return req.stats().resent >= 2; }));
  CHECK(req.stats().messages_sent == req.stats().resent + 1);
  CHECK(req.stats().lost_unsent == 0);
}

TEST_CASE("requests of which nothing was written go elsewhere, and are not counted as sent") {
  HangGuard guard;
  EventLoop loop = EventLoop::create({}).value();
  Req req = loop.open<Req>({.send_queue_messages = 50}).value();
  std::vector<Endpoint> at{req.listen(fresh_address("ipc"), {.kernel_send_buffer = 4096}).value()};
  raw::Peer peer(at[0].address().text());
  REQUIRE(peer.send(raw::header(rep_id)));
  REQUIRE(turn_until(loop, [&] { return req.peers() == 1; }));
  std::vector<Exchange> exchanges;
  for (int i = 0; i < 80; ++i) {
    exchanges.push_back(req.request(std::string(5'000, 'x')).value());
    loop.poll_once();
  }
  const SocketStats before = req.stats();
  CHECK(before.messages_sent + before.waiting_messages == 80);
  CHECK(before.exchanges == 80);
  REQUIRE(before.unsent_messages >= 50);
  peer.reset();
  REQUIRE(turn_until(loop, [&] { return req.peers() == 0; }));
  const SocketStats after = req.stats();
  CHECK(after.returned + after.lost_unsent == before.unsent_messages);
  CHECK(after.lost_unsent <= 1);  // the one that was half written
  CHECK(after.messages_sent + after.returned == before.messages_sent);
  CHECK(after.bytes_sent == after.messages_sent * 5'004);
  CHECK(after.waiting_messages == 80);
  check_same(after, sum_of(at));
  Rep rep = loop.open<Rep>().value();
  rep.connect(at[0].address().text()).value();
  for (int i = 0; i < 80; ++i) {
    REQUIRE(receive(rep).size() == 5'000);
    rep.try_send("!").value();
  }
  for (Exchange& exchange : exchanges) CHECK(exchange.recv_for(10s).value().text() == "!");
  check_same(req.stats(), sum_of(at));
}

}  // namespace
}  // namespace spool
