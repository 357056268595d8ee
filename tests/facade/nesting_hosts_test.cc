// Hosts of three kinds that really sleep, on the descriptors of two loops in which random things
// happen: none may sleep while there is work. A failure prints its seed.
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>

#include <catch2/catch.hpp>

#include "nesting_world.h"
#include "spool/loop/owned_fd.h"
#include "spool/loop/poller_epoll.h"
#include "spool/loop/poller_kqueue.h"

namespace spool {
namespace {

enum class Style {
  level,        // poll(2)
  edge_rearms,  // an edge-triggered epoll, told again of the descriptor after each poll_once
  // The same, told once: it calls poll_once until the descriptor is silent. Until there is no more
  // would not do: when a turn asks for something else of a descriptor that it was just told of,
  // Linux does not say it again.
  edge_drains,
};

class Host {
 public:
  Host(NestingWorld& world, Style style) : world_(world), style_(style) {
    for (std::uint32_t i = 0; i < 2; ++i) control(EPOLL_CTL_ADD, i);
  }

  // Sleeps until one of the loops calls, and serves it.
  void sleep_and_serve() {
    std::array<bool, 2> calls = look(0);
    if (!calls[0] && !calls[1]) {
      ++sleeps;
      calls = look(sleep_limit);
      world_.verdict.expect(calls[0] || calls[1], "it slept for ever");
    }
    for (std::uint32_t i = 0; i < 2; ++i)
      if (calls[i]) serve(i);
  }

  std::size_t sleeps = 0;

 private:
  static constexpr int sleep_limit = 10'000;  // ms; something always ends within three

  void control(int operation, std::uint32_t i) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u32 = i;
    REQUIRE(::epoll_ctl(outer_.get(), operation, world_.guests[i]->fd, &event) == 0);
  }
  // Which loops call, as the host sees it.
  std::array<bool, 2> look(int milliseconds) {
    std::array<bool, 2> result{};
    if (style_ == Style::level) {
      pollfd fds[] = {{world_.guests[0]->fd, POLLIN, 0}, {world_.guests[1]->fd, POLLIN, 0}};
      ::poll(fds, 2, milliseconds);
      return {fds[0].revents != 0, fds[1].revents != 0};
    }
    // Whoever is readable before the host looks must be among those that call.
    std::array<bool, 2> readable{};
    for (std::uint32_t i = 0; i < 2; ++i) readable[i] = !world_.guests[i]->is_silent();
    epoll_event events[2];
    const int count = ::epoll_wait(outer_.get(), events, 2, milliseconds);
    for (int i = 0; i < count; ++i) result[events[i].data.u32] = true;
    for (std::uint32_t i = 0; i < 2; ++i)
      world_.verdict.expect(result[i] || !readable[i], "an edge was lost");
    return result;
  }
  void serve(std::uint32_t i) {
    Guest& guest = *world_.guests[i];
    do {
      world_.turn(guest);
    } while (style_ == Style::edge_drains && !guest.is_silent() && world_.verdict.failure.empty());
    if (style_ == Style::edge_rearms) control(EPOLL_CTL_MOD, i);
  }

  NestingWorld& world_;
  const Style style_;
  loop::OwnedFd outer_{::epoll_create1(EPOLL_CLOEXEC)};
};

TEMPLATE_TEST_CASE("no host sleeps while there is work", "", loop::EpollPoller,
                   loop::KqueuePoller) {
  HangGuard guard(120);
  const auto style = GENERATE(Style::level, Style::edge_rearms, Style::edge_drains);
  const MakePoller make = [](Memory& memory) { return TestType::create(memory).value(); };
  std::size_t sleeps = 0;
  std::size_t received = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    NestingWorld world(make, seed, false);
    Host host(world, style);
    for (int step = 0; step < 500; ++step) {
      for (std::size_t acts = world.random.below(4); acts != 0; --acts) world.act();
      world.ask_for_certain();
      host.sleep_and_serve();
      INFO("host " << static_cast<int>(style) << ", seed " << seed << ", step " << step);
      if (!world.verdict.failure.empty()) FAIL(world.verdict.failure);
    }
    sleeps += host.sleeps;
    received += world.received;
  }
  CAPTURE(sleeps, received);
  CHECK(sleeps > 50);
  CHECK(received > 50);
}

}  // namespace
}  // namespace spool
