// A request on its way through a device and back, byte by byte: the example of docs/wire.md §7.1.
#include <catch2/catch.hpp>

#include "spool/protocols/reqrep/raw_rep.h"
#include "spool/protocols/reqrep/raw_req.h"
#include "spool/protocols/reqrep/rep.h"
#include "tests/protocols/backtrace_fixture.h"

namespace spool::protocols {
namespace {

using testing::Peer;
using testing::sent_to;
using testing::text_of;
using testing::wire;
using Texts = std::vector<std::string>;
using namespace std::string_literals;

// What a device does, once.
template <typename From, typename To>
void forward(From& from, To& to) {
  Result<Message> message = from.protocol.receive();
  REQUIRE(message.ok());
  REQUIRE(to.protocol.send(*message) == Error::none);
}

TEST_CASE("a device adds its peer's number on the way, and takes it away on the way back") {
  testing::ProtocolRig<RawRep> front;
  testing::ProtocolRig<RawReq> back;
  testing::ProtocolRig<RawRep> server;
  Peer client(front);
  Peer replier(back);
  Peer device(server);
  client.peer_number = 0x0000'0007;
  device.peer_number = 0x0000'0003;
  front.attach(client);
  back.attach(replier);
  server.attach(device);

  client.arrive("\x80\x00\x00\x05q"s);
  forward(front, back);
  CHECK(sent_to(replier) == Texts{"\x00\x00\x00\x07\x80\x00\x00\x05q"s});

  device.arrive(sent_to(replier)[0]);
  const Message request = server.protocol.receive().value();
  CHECK(text_of(request.header()) == "\x00\x00\x00\x03\x00\x00\x00\x07\x80\x00\x00\x05"s);
  CHECK(request.text() == "q");
  Message answer = testing::with_header(server, text_of(request.header()), "a");
  CHECK(server.protocol.send(answer) == Error::none);
  CHECK(sent_to(device) == Texts{"\x00\x00\x00\x07\x80\x00\x00\x05\x61"s});

  replier.arrive(sent_to(device)[0]);
  forward(back, front);
  CHECK(sent_to(client) == Texts{"\x80\x00\x00\x05\x61"s});

  front.detach(client);
  back.detach(replier);
  server.detach(device);
}

TEST_CASE("a message passes as many devices as the hop limit allows") {
  testing::ProtocolRig<Rep> server;
  Peer last(server);
  server.attach(last);
  std::string request = wire({testing::id}, "q");
  for (int devices = 0; devices <= 8; ++devices) {
    // Seven numbers and the id: eight words.
    CHECK(last.arrive(request) == (devices <= 7));
    testing::ProtocolRig<RawRep> front;
    testing::ProtocolRig<RawReq> back;
    Peer client(front);
    Peer replier(back);
    front.attach(client);
    back.attach(replier);
    CHECK(client.arrive(request) == (devices <= 7));
    if (devices <= 7) {
      forward(front, back);
      request = sent_to(replier)[0];
    }
    front.detach(client);
    back.detach(replier);
  }
  server.detach(last);
}

}  // namespace
}  // namespace spool::protocols
