// The built-in resolver against a nameserver of the test's own, on the loopback. Time is the
// test's.
#include "spool/io/dns/dns_resolver.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "spool/io/dns/dns_resolver.h"
#include "spool/io/transports/socket.h"
#include "tests/io/transport_fixture.h"
#include "tests/support/dns_message.h"
#include "tests/support/fake_clock.h"

namespace spool::io::dns {
using testing::DnsMessage;
using Texts = std::vector<std::string>;
inline constexpr std::uint16_t good = DnsMessage::recursive_reply;

// A nameserver that says nothing by itself.
class DnsServer {
 public:
  // On 127.0.0.`last`; port 0: the system chooses.
  DnsServer(int last, std::uint16_t port) {
    IpAddress ip = *IpAddress::parse("127.0.0." + std::to_string(last));
    int os_error = 0;
    fd_ = std::move(make_socket(AF_INET, SOCK_DGRAM, os_error)).value();
    const SocketAddress at = socket_address(ip, port);
    REQUIRE(::bind(fd_.get(), at.get(), at.size) == 0);
  }
  [[nodiscard]] std::uint16_t port() const { return port_of(local_address(fd_.get())); }

  struct Query {
    std::uint16_t id = 0;
    std::string name;
    std::uint16_t type = 0;
    SocketAddress from;
  };
  // The next query, within some seconds.
  Query take() {
    REQUIRE(has_query(2000));
    Query query;
    std::uint8_t bytes[600];
    query.from.size = sizeof query.from.storage;
    const ssize_t size =
        ::recvfrom(fd_.get(), bytes, sizeof bytes, 0,
                   reinterpret_cast<sockaddr*>(&query.from.storage), &query.from.size);
    REQUIRE(size > 17);
    query.id = static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
    std::size_t at = 12;
    while (bytes[at] != 0) {
      if (!query.name.empty()) query.name += '.';
      query.name.append(reinterpret_cast<const char*>(bytes + at + 1), bytes[at]);
      at += 1u + bytes[at];
    }
    query.type = static_cast<std::uint16_t>(bytes[at + 1] << 8 | bytes[at + 2]);
    CHECK(static_cast<std::size_t>(size) == at + 5);
    return query;
  }
  [[nodiscard]] bool has_query(int milliseconds = 0) const {
    pollfd one{fd_.get(), POLLIN, 0};
    return ::poll(&one, 1, milliseconds) == 1;
  }
  void send(const Query& to, const std::vector<std::uint8_t>& bytes) const {
    REQUIRE(::sendto(fd_.get(), bytes.data(), bytes.size(), 0, to.from.get(), to.from.size) ==
            static_cast<ssize_t>(bytes.size()));
  }
  // What a right reply begins with.
  [[nodiscard]] static DnsMessage reply(const Query& to, std::uint16_t flags = good) {
    return {to.id, flags, to.name, to.type};
  }
  // One address of the type that was asked for: 192.0.2.`last` or 2001:db8::`last`.
  void send_address(const Query& to, std::uint8_t last) const {
    DnsMessage message = reply(to);
    if (to.type == DnsMessage::ip4)
      message.address(to.name, {192, 0, 2, last});
    else
      message.answer(to.name, DnsMessage::ip6,
                     {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
    send(to, message.bytes);
  }
  void send_code(const Query& to, std::uint16_t code) const {
    send(to, reply(to, good | code).bytes);
  }

 private:
  loop::OwnedFd fd_;
};

struct DnsRig : NameOwner {
  DnsRig() {
    ::alarm(20);  // a test that hangs is killed
    set_hosts("");
    set_servers(1);
  }
  ~DnsRig() {
    query.cancel();
    ::alarm(0);
  }
  static void write(const std::string& path, const std::string& text) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    REQUIRE(file != nullptr);
    std::fputs(text.c_str(), file);
    std::fclose(file);
  }
  void set_hosts(const std::string& text) { write(hosts, text); }
  // The first `count` of 127.0.0.1, .2 and .3, and further lines.
  void set_servers(int count, const std::string& more = "") {
    std::string text;
    for (int i = 1; i <= count; ++i) text += "nameserver 127.0.0." + std::to_string(i) + "\n";
    write(resolv_conf, text + "options timeout:2 attempts:2\n" + more);
  }

  void ask(const char* name, IpFamily family = IpFamily::ip4) {
    query.ask(*resolver, name, family);
  }
  // Lets what has arrived be read, and `length` pass.
  void pass(Duration length = {}) {
    clock.advance(length);
    for (int i = 0; i < 3; ++i) rig.turn(Timeout::none());
  }
  void until_done() {
    REQUIRE(rig.until([&] { return done == 1; }, 2000, Timeout::after(5ms)));
  }
  // Until the loop has read what is under way; datagrams on the loopback are there at once.
  void settle() {
    for (int i = 0; i < 10; ++i) rig.turn(Timeout::after(1ms));
  }

  void on_name_found(NameQuery& answered) noexcept override {
    ++done;
    error = Error::none;
    for (const IpAddress& address : answered.addresses()) {
      Explanation text;
      address.describe(text);
      found.emplace_back(text.text());
    }
  }
  void on_name_failed(NameQuery&, Error reason) noexcept override {
    ++done;
    error = reason;
  }

  ShortDirectory directory;
  std::string hosts = directory.file("hosts");
  std::string resolv_conf = directory.file("resolv.conf");
  DnsServer server{1, 0};
  testing::FakeClock clock;
  sim::IoRig rig{nullptr, clock};
  DnsConfig config{hosts.c_str(), resolv_conf.c_str(), server.port()};
  std::unique_ptr<DnsResolver> resolver =
      std::make_unique<DnsResolver>(rig.reactor, rig.memory, config);
  NameQuery query{*this};
  int done = 0;
  Error error = Error::none;
  Texts found;
};

}  // namespace spool::io::dns
