// Where a tcp listener listens, and from where a tcp connection comes.
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "tests/io/transport_fixture.h"

namespace spool::io {
namespace {

// One connection after the other over the loopback.
struct TcpFixture : TransportFixture {
  [[nodiscard]] bool has_ip6() {
    OpenError none;
    const bool has = transport("tcp")
                         .listen(address("tcp://[::1]:0"), server.config, link, server.owner, none)
                         .ok();
    if (!has) WARN("no IPv6 here: not tested");
    return has;
  }
  [[nodiscard]] std::string real() const { return std::string(listener->address().text()); }
  [[nodiscard]] std::string port() const { return real().substr(real().rfind(':')); }
  // Both ends have opened.
  [[nodiscard]] bool reaches(const std::string& text) {
    const int opened = client.owner.opened;
    return connect(text) == Error::none && until([&] {
             return client.owner.closed != 0 ||
                    (client.owner.opened > opened && server.owner.opened > opened);
           }) &&
           client.owner.closed == 0;
  }
  // As the listener sees the newest peer, without the port.
  [[nodiscard]] std::string far_host() {
    Explanation text;
    server.owner.accepted.back()->describe_peer(text);
    return std::string(text.text().substr(0, text.text().rfind(':')));
  }
};

TEST_CASE_METHOD(TcpFixture, "everywhere is both families, and says which port it got") {
  REQUIRE(listen(GENERATE("tcp://*:0", "tcp://:0")) == Error::none);
  CHECK(real().substr(0, 8) == "tcp://*:");
  CHECK(port() != ":0");
  CHECK(reaches("tcp://127.0.0.1" + port()));
  CHECK(far_host() == "tcp://127.0.0.1");
  if (!has_ip6()) return;
  CHECK(reaches("tcp://[::1]" + port()));
  CHECK(far_host() == "tcp://[::1]");
}

TEST_CASE_METHOD(TcpFixture, "tcp4 everywhere is IPv4 only") {
  REQUIRE(listen("tcp4://*:0") == Error::none);
  CHECK(real().substr(0, 9) == "tcp4://*:");
  CHECK(reaches("tcp4://127.0.0.1" + port()));
  if (has_ip6()) CHECK_FALSE(reaches("tcp6://[::1]" + port()));
}

TEST_CASE_METHOD(TcpFixture, "tcp6 everywhere is IPv6 only") {
  if (!has_ip6()) return;
  REQUIRE(listen(GENERATE("tcp6://*:0", "tcp://[::]:0")) == Error::none);
  CHECK(reaches("tcp://[::1]" + port()));
  CHECK_FALSE(reaches("tcp://127.0.0.1" + port()));
}

TEST_CASE_METHOD(TcpFixture, "the same port can be IPv4 for one and IPv6 for another") {
  if (!has_ip6()) return;
  REQUIRE(listen("tcp://0.0.0.0:0") == Error::none);
  const loop::Box<Listener> four = std::move(listener);
  const std::string text(four->address().text());
  CHECK(listen("tcp://[::]" + text.substr(text.rfind(':'))) == Error::none);
}

TEST_CASE_METHOD(TcpFixture, "an interface is listened on by its name") {
  REQUIRE(listen("tcp://lo:0") == Error::none);
  CHECK(real().substr(0, 16) == "tcp://127.0.0.1:");
  CHECK(reaches(real()));
  if (!has_ip6()) return;
  REQUIRE(listen("tcp6://lo:0") == Error::none);
  CHECK(real().substr(0, 13) == "tcp6://[::1]:");
  CHECK(reaches(real()));
}

TEST_CASE_METHOD(TcpFixture, "an interface that is not there is an error with its name") {
  CHECK(listen("tcp://no-such:0") == Error::address_unavailable);
  CHECK(error.why.text().find("'no-such'") != std::string_view::npos);
}

TEST_CASE_METHOD(TcpFixture, "localhost is listened on at its IPv4 address") {
  REQUIRE(listen("tcp://localhost:0") == Error::none);
  CHECK(real().substr(0, 16) == "tcp://127.0.0.1:");
}

TEST_CASE_METHOD(TcpFixture, "the peer sees the local address that was chosen") {
  REQUIRE(listen("tcp://127.0.0.1:0") == Error::none);
  REQUIRE(reaches("tcp://127.0.0.2;127.0.0.1" + port()));
  CHECK(far_host() == "tcp://127.0.0.2");
  REQUIRE(reaches("tcp://lo;127.0.0.1" + port()));
  CHECK(far_host() == "tcp://127.0.0.1");
  REQUIRE(reaches("tcp://*;127.0.0.1" + port()));
}

TEST_CASE_METHOD(TcpFixture, "a local address or interface that is not ours is an error") {
  CHECK(connect("tcp://192.0.2.77;127.0.0.1:9") == Error::address_unavailable);
  CHECK(error.os_error != 0);
  CHECK(connect("tcp://no-such;127.0.0.1:9") == Error::address_unavailable);
  CHECK(error.why.text().find("'no-such'") != std::string_view::npos);
}

TEST_CASE_METHOD(TcpFixture,
                 "a host name is told, and is not connected to before it is looked up") {
  const Address named = address("tcp://127.0.0.2;host.name:80");
  const HostName host = transport("tcp").name_to_resolve(named);
  CHECK(host.name == "host.name");
  CHECK(host.name.data() > named.text().data());
  CHECK(host.family == IpFamily::ip4);
  CHECK(transport("tcp").name_to_resolve(address("tcp6://h:80")).family == IpFamily::ip6);
  CHECK(transport("tcp").name_to_resolve(address("tcp://h:80")).family == IpFamily::any);
  for (const char* other : {"tcp://127.0.0.1:80", "tcp://[::1]:80", "tcp://*:80", "tcp://bad"})
    CHECK(transport("tcp").name_to_resolve(address(other)).name.empty());
  CHECK(connect("tcp://host.name:80") == Error::invalid_address);
  CHECK(error.why.text().find("'host.name' has not been looked up") != std::string_view::npos);
}

TEST_CASE_METHOD(TcpFixture,
                 "a transport serves its scheme and its aliases, and no piece of them") {
  for (const char* scheme : {"tcp", "tcp4", "tcp6"}) CHECK(transport("tcp").serves(scheme));
  for (const char* scheme : {"ipc", "unix", "abstract"}) CHECK(transport("ipc").serves(scheme));
  for (const char* scheme : {"", "tc", "tcp44", "tcp4 tcp6", "tcp5", " ", "6"})
    CHECK_FALSE(transport("tcp").serves(scheme));
  CHECK_FALSE(transport("inproc").serves(""));
}

}  // namespace
}  // namespace spool::io
