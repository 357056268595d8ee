// Ten thousand idle connections: what they cost, and that they are in nobody's way. The clients
// live in a process of their own, because one process may not have twice as many descriptors.
#include <spool/spool.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/acceptance/child.h"
#include "tests/acceptance/raw_peer.h"

using namespace spool;
using namespace std::chrono_literals;

TEST_CASE("Ten thousand idle connections cost at most one KiB of user memory each") {
  constexpr std::size_t connections = 10'000;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  INFO("needs a limit of some 10,100 descriptors; it is " << limit.rlim_max);
  REQUIRE(limit.rlim_max > connections + 100);

  auto loop = EventLoop::create({}).value();
  auto pull = loop.open<Pull>().value();
  const std::string address(pull.listen("tcp://127.0.0.1:0").value().address().text());
  loop.poll_once();
  const std::size_t before = loop.stats().memory_bytes;

  Child clients([&] {
    std::vector<std::unique_ptr<raw::Peer>> peers;
    for (std::size_t i = 0; i < connections; ++i) {
      peers.push_back(std::make_unique<raw::Peer>(address));
      if (!peers.back()->send(raw::header(0x50))) return 1;
    }
    ::pause();
    return 0;
  });
  const auto end = std::chrono::steady_clock::now() + 100s;
  while (pull.peers() < connections && std::chrono::steady_clock::now() < end) loop.poll_once(50ms);
  REQUIRE(pull.peers() == connections);

  const std::size_t each = (loop.stats().memory_bytes - before) / connections;
  WARN("user memory per idle connection: " << each << " bytes");
  CHECK(each <= 1024);

  // One more peer is served as if it were alone.
  raw::Peer busy(address);
  REQUIRE(busy.send(raw::header(0x50) + raw::frame(false, "hello")));
  auto hello = pull.recv_for(10s);
  REQUIRE(hello.ok());
  CHECK(hello->text() == "hello");

  // All leave at once.
  clients.kill();
  while (pull.peers() > 1 && std::chrono::steady_clock::now() < end) loop.poll_once(50ms);
  CHECK(pull.peers() == 1);
}
