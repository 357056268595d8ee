// The rules of kqueue that tests/support/kqueue_emulation keeps (docs/kqueue.md): what is proven
// over it is worth what it is worth.
#include <poll.h>
#include <sys/event.h>

#include <algorithm>
#include <cerrno>

#include "tests/loop/poller_rig.h"

namespace spool::loop {
namespace {

struct Bench {
  HangGuard guard;
  OwnedFd queue{::kqueue()};
  Pair pair;
  std::uintptr_t ident = static_cast<std::uintptr_t>(pair.near.get());

  // Zero, or the errno of the change.
  int change(std::uintptr_t id, int filter, int flags, unsigned fflags = 0, long data = 0,
             void* udata = nullptr) {
    struct kevent event;
    EV_SET(&event, id, static_cast<std::int16_t>(filter), static_cast<std::uint16_t>(flags), fflags,
           data, udata);
    return ::kevent(queue.get(), &event, 1, nullptr, 0, nullptr) == 0 ? 0 : errno;
  }
  std::vector<struct kevent> events(int room = 8, std::chrono::milliseconds wait = 0ms) {
    std::vector<struct kevent> result(static_cast<std::size_t>(room));
    const timespec length{wait.count() / 1000, wait.count() % 1000 * 1'000'000};
    const int count = ::kevent(queue.get(), nullptr, 0, result.data(), room, &length);
    REQUIRE(count >= 0);
    result.resize(static_cast<std::size_t>(count));
    return result;
  }
  bool is_readable() {
    pollfd entry{queue.get(), POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
  }
};

TEST_CASE("there is one event per filter, with its own udata") {
  Bench bench;
  int a = 0, b = 0;
  REQUIRE(bench.change(bench.ident, EVFILT_READ, EV_ADD, 0, 0, &a) == 0);
  REQUIRE(bench.change(bench.ident, EVFILT_WRITE, EV_ADD, 0, 0, &b) == 0);
  bench.pair.make_readable();
  const auto events = bench.events();
  REQUIRE(events.size() == 2);
  for (const struct kevent& event : events) {
    CHECK(event.ident == bench.ident);
    CHECK(event.udata == (event.filter == EVFILT_READ ? &a : &b));
    if (event.filter == EVFILT_READ) CHECK(event.data == 1);
  }
  REQUIRE(bench.change(bench.ident, EVFILT_READ, EV_ADD, 0, 0, &b) == 0);  // changes it
  for (const struct kevent& event : bench.events()) CHECK(event.udata == &b);
}

TEST_CASE("what is not there cannot be deleted, enabled or disabled") {
  Bench bench;
  for (const int filter : {EVFILT_READ, EVFILT_WRITE, EVFILT_TIMER, EVFILT_USER})
    for (const int flags : {EV_DELETE, EV_ENABLE, EV_DISABLE})
      CHECK(bench.change(bench.ident, filter, flags) == ENOENT);
  REQUIRE(bench.change(bench.ident, EVFILT_READ, EV_ADD) == 0);
  CHECK(bench.change(bench.ident, EVFILT_WRITE, EV_DELETE) == ENOENT);
  CHECK(bench.change(bench.ident, EVFILT_READ, EV_DELETE) == 0);
  CHECK(bench.change(bench.ident, EVFILT_READ, EV_DELETE) == ENOENT);
  CHECK(bench.change(999'999, EVFILT_READ, EV_ADD) == EBADF);
}

TEST_CASE("a disabled filter is silent until it is enabled") {
  Bench bench;
  bench.pair.make_readable();
  REQUIRE(bench.change(bench.ident, EVFILT_READ, EV_ADD | EV_DISABLE) == 0);
  REQUIRE(bench.change(bench.ident, EVFILT_READ, EV_DISABLE) == 0);
  CHECK(bench.events().empty());
  CHECK(!bench.is_readable());
  REQUIRE(bench.change(bench.ident, EVFILT_READ, EV_ENABLE) == 0);
  CHECK(bench.events().size() == 1);
}

TEST_CASE("the end of a stream is told by both filters") {
  Bench bench;
  REQUIRE(bench.change(bench.ident, EVFILT_READ, EV_ADD) == 0);
  REQUIRE(bench.change(bench.ident, EVFILT_WRITE, EV_ADD) == 0);
  bench.pair.far.reset();
  const auto events = bench.events();
  REQUIRE(events.size() == 2);
  for (const struct kevent& event : events) CHECK((event.flags & EV_EOF) != 0);
}

TEST_CASE("closing takes the filters away, even when a duplicate stays open") {
  Bench bench;
  const OwnedFd duplicate(::dup(bench.pair.near.get()));
  bench.pair.make_readable();
  REQUIRE(bench.change(bench.ident, EVFILT_READ, EV_ADD) == 0);
  REQUIRE(bench.change(bench.ident, EVFILT_WRITE, EV_ADD) == 0);
  REQUIRE(bench.events().size() == 2);
  bench.pair.near.reset();
  CHECK(bench.events().empty());
  CHECK(!bench.is_readable());
  CHECK(bench.change(bench.ident, EVFILT_READ, EV_DELETE) == ENOENT);
}

TEST_CASE("receipts come alone, one for each change, and carry its error") {
  Bench bench;
  bench.pair.make_readable();
  struct kevent changes[3], receipts[3];
  EV_SET(&changes[0], bench.ident, EVFILT_READ, EV_ADD | EV_RECEIPT, 0, 0, nullptr);
  EV_SET(&changes[1], bench.ident, EVFILT_WRITE, EV_DELETE | EV_RECEIPT, 0, 0, nullptr);
  EV_SET(&changes[2], bench.ident, EVFILT_WRITE, EV_ADD | EV_RECEIPT, 0, 0, nullptr);
  REQUIRE(::kevent(bench.queue.get(), changes, 3, receipts, 3, nullptr) == 3);
  for (const struct kevent& receipt : receipts) CHECK((receipt.flags & EV_ERROR) != 0);
  CHECK(receipts[0].data == 0);
  CHECK(receipts[1].data == ENOENT);
  CHECK(receipts[2].data == 0);
  CHECK(bench.events().size() == 2);
}

TEST_CASE("fewer events than there is room for mean that there are no more") {
  Bench bench;
  bench.pair.make_readable();
  REQUIRE(bench.change(bench.ident, EVFILT_READ, EV_ADD) == 0);
  REQUIRE(bench.change(bench.ident, EVFILT_WRITE, EV_ADD) == 0);
  REQUIRE(bench.change(1, EVFILT_USER, EV_ADD, NOTE_TRIGGER) == 0);
  for (int room = 1; room <= 4; ++room)
    CHECK(bench.events(room).size() == static_cast<std::size_t>(std::min(room, 3)));
  std::map<int, int> turns;  // and what was returned goes to the end
  for (int i = 0; i < 30; ++i) ++turns[bench.events(1).at(0).filter];
  for (const auto& [filter, count] : turns) CHECK(count == 10);
}

TEST_CASE("a one-shot timer leaves with its event, another one comes again") {
  Bench bench;
  REQUIRE(bench.change(1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_USECONDS, 1500) == 0);
  CHECK(time_of([&] { CHECK(bench.events(8, 5s).size() == 1); }) >= 1500us);
  CHECK(bench.change(1, EVFILT_TIMER, EV_DELETE) == ENOENT);
  REQUIRE(bench.change(2, EVFILT_TIMER, EV_ADD, 0, 1) == 0);
  for (int i = 0; i < 3; ++i) CHECK(bench.events(8, 5s).size() == 1);
  CHECK(bench.change(2, EVFILT_TIMER, EV_DELETE) == 0);
  CHECK(bench.change(3, EVFILT_TIMER, EV_ADD, 0, -1) == EINVAL);
}

TEST_CASE("the queue stays readable after an event until it has looked again") {
  Bench bench;
  REQUIRE(bench.change(bench.ident, EVFILT_READ, EV_ADD) == 0);
  CHECK(!bench.is_readable());
  bench.pair.make_readable();
  CHECK(bench.is_readable());
  REQUIRE(bench.events().size() == 1);
  bench.pair.drain();
  CHECK(bench.is_readable());
  CHECK(bench.events().empty());
  CHECK(!bench.is_readable());
}

}  // namespace
}  // namespace spool::loop
