// The contract in loop/poller.h, sentence by sentence, over every poller. What is about
// backend_fd() is in poller_nesting_test.cc.
#include <csignal>

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <algorithm>
#include <memory>
#include <random>
#include <thread>

#include "tests/loop/poller_rig.h"

namespace spool::loop {
namespace {

constexpr Token first{0, 1};
constexpr Token second{1, 1};

TEMPLATE_TEST_CASE("a poller reports what was asked for, and nothing else", "",
                   SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  Pair pair;
  rig.add(pair.near, Interest::read, first);
  CHECK(rig.ready_now() == typename Rig<TestType>::Seen{});
  pair.make_readable();
  CHECK(rig.ready_now(first) == readable);
  rig.modify(pair.near, Interest::write, first);
  CHECK(rig.ready_now(first) == writable);
  rig.modify(pair.near, Interest::read_write, first);
  CHECK(rig.ready_now(first) == both);
  pair.drain();
  CHECK(rig.ready_now(first) == writable);
  pair.fill();
  CHECK(rig.ready_now(first) == nothing);
  pair.unfill();
  CHECK(rig.ready_now(first) == writable);
  rig.modify(pair.near, Interest::none, first);
  CHECK(rig.ready_now(first) == nothing);
  rig.remove(pair.near, first);
}

TEMPLATE_TEST_CASE("a token comes back whole, and a modify may change it", "", SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  Pair pair;
  const Token large{(1u << 24) - 1, 0xffffffff};
  rig.add(pair.near, Interest::read_write, large);
  CHECK(rig.ready_now(large) == writable);
  rig.modify(pair.near, Interest::read_write, second);
  CHECK(rig.ready_now(large) == nothing);
  CHECK(rig.ready_now(second) == writable);
  rig.remove(pair.near, second);
}

TEMPLATE_TEST_CASE("a descriptor that is still ready is reported again", "", SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  Pair pair;
  rig.add(pair.near, Interest::read, first);
  pair.make_readable();
  pair.make_readable();
  for (int i = 0; i < 3; ++i) CHECK(rig.ready_now(first) == readable);
  char byte;
  REQUIRE(::read(pair.near.get(), &byte, 1) == 1);
  for (int i = 0; i < 3; ++i) CHECK(rig.ready_now(first) == readable);
  REQUIRE(::read(pair.near.get(), &byte, 1) == 1);
  CHECK(rig.ready_now(first) == nothing);
  rig.remove(pair.near, first);
}

TEMPLATE_TEST_CASE("no readiness is missed, whatever happens in between", "", SPOOL_EVERY_POLLER) {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Rig<TestType> rig;
  struct Item {
    Pair pair;
    Interest interest = Interest::none;
    Readiness can{false, true};
  };
  std::vector<Item> items(12);
  const auto token_of = [](std::size_t i) { return Token{static_cast<std::uint32_t>(i), 7}; };
  for (std::size_t i = 0; i < items.size(); ++i)
    rig.add(items[i].pair.near, items[i].interest, token_of(i));
  for (int step = 0; step < 3000; ++step) {
    const std::size_t i = random() % items.size();
    Item& item = items[i];
    switch (random() % 6) {
      case 0:
        item.pair.make_readable(), item.can.readable = true;
        break;
      case 1:
        item.pair.drain(), item.can.readable = false;
        break;
      case 2:
        item.pair.fill(), item.can.writable = false;
        break;
      case 3:
        item.pair.unfill(), item.can.writable = true;
        break;
      case 4:
        item.interest = static_cast<Interest>(random() % 4);
        rig.modify(item.pair.near, item.interest, token_of(i));
        break;
      default:
        rig.remove(item.pair.near, token_of(i));
        rig.add(item.pair.near, item.interest, token_of(i));
        break;
    }
    auto seen = rig.ready_now();
    for (std::size_t k = 0; k < items.size(); ++k) {
      const Item& other = items[k];
      const Readiness expected{other.can.readable && wants_read(other.interest),
                               other.can.writable && wants_write(other.interest)};
      CAPTURE(step, k);
      REQUIRE(seen[token_of(k).value()] == expected);
    }
  }
  for (std::size_t i = 0; i < items.size(); ++i) rig.remove(items[i].pair.near, token_of(i));
}

TEMPLATE_TEST_CASE("a registration that wants nothing hears of no hang-up, and no wait spins", "",
                   SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  Pair before, after;
  before.far.reset();  // hung up before it was registered
  rig.add(before.near, Interest::none, first);
  rig.add(after.near, Interest::read, second);
  rig.modify(after.near, Interest::none, second);
  after.far.reset();  // and after
  const auto wait = [&] { CHECK(rig.wait(200ms).empty()); };
  std::chrono::nanoseconds wall{};
  const auto cpu = cpu_time_of([&] { wall = time_of(wait); });
  CHECK(wall >= 200ms);
  CHECK(cpu < 100ms);
  CHECK(rig.ready_now().empty());
  rig.modify(before.near, Interest::read, first);
  rig.modify(after.near, Interest::write, second);
  CHECK(rig.ready_now(first) == readable);
  CHECK(rig.ready_now(second) == writable);
  rig.remove(before.near, first);
  rig.remove(after.near, second);
}

TEMPLATE_TEST_CASE("an unwanted hang-up does not hide what is wanted", "", SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  std::vector<Pair> silent(20);
  Pair wanted;
  for (std::size_t i = 0; i < silent.size(); ++i) {
    rig.add(silent[i].near, Interest::none, {static_cast<std::uint32_t>(i), 1});
    silent[i].far.reset();
  }
  const Token token{99, 1};
  rig.add(wanted.near, Interest::read, token);
  wanted.make_readable();
  for (int i = 0; i < 5; ++i) {
    const auto seen = rig.wait(Duration::zero(), 1);
    REQUIRE(seen.size() == 1);
    CHECK(seen.begin()->first == token.value());
  }
  for (std::size_t i = 0; i < silent.size(); ++i)
    rig.remove(silent[i].near, {static_cast<std::uint32_t>(i), 1});
  rig.remove(wanted.near, token);
}

TEMPLATE_TEST_CASE("a hang-up is reported as whatever is asked for", "", SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  Pair pair;
  rig.add(pair.near, Interest::read, first);
  pair.fill();
  pair.far.reset();
  CHECK(rig.ready_now(first) == readable);
  rig.modify(pair.near, Interest::write, first);
  CHECK(rig.ready_now(first) == writable);
  rig.modify(pair.near, Interest::read_write, first);
  CHECK(rig.ready_now(first) == both);
  rig.remove(pair.near, first);
}

TEMPLATE_TEST_CASE("the ends of a pipe hear that the other one is gone", "", SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  OwnedFd reader(ends[0]), writer(ends[1]);
  SECTION("the reader") {  // the kernel says hang-up here, and nothing of reading
    rig.add(reader, Interest::read, first);
    CHECK(rig.ready_now(first) == nothing);
    writer.reset();
    CHECK(rig.ready_now(first) == readable);
    rig.remove(reader, first);
  }
  SECTION("the writer") {
    rig.add(writer, Interest::write, first);
    reader.reset();
    CHECK(rig.ready_now(first) == writable);
    rig.remove(writer, first);
  }
}

TEMPLATE_TEST_CASE("after remove no event carries the token", "", SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  std::vector<Pair> pairs(4);
  for (std::uint32_t i = 0; i < 4; ++i) {
    rig.add(pairs[i].near, Interest::read, {i, 1});
    pairs[i].make_readable();
  }
  REQUIRE(rig.wait(Duration::zero(), 1).size() == 1);  // the kernel has seen the others too
  for (std::uint32_t i = 0; i < 3; ++i) rig.remove(pairs[i].near, {i, 1});
  for (int i = 0; i < 4; ++i) {
    const auto seen = rig.wait(Duration::zero(), 1);
    REQUIRE(seen.size() == 1);
    CHECK(seen.begin()->first == Token{3, 1}.value());
  }
  rig.remove(pairs[3].near, {3, 1});
  CHECK(rig.ready_now().empty());
}

TEMPLATE_TEST_CASE("a duplicate that stays open does not bring a removed token back", "",
                   SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  Pair pair;
  OwnedFd duplicate(::dup(pair.near.get()));
  rig.add(pair.near, Interest::read_write, first);
  pair.make_readable();
  REQUIRE(rig.ready_now(first) == both);
  rig.remove(pair.near, first);
  pair.near.reset();
  CHECK(rig.ready_now().empty());
  pair.far.reset();
  CHECK(rig.ready_now().empty());
  CHECK(time_of([&] { CHECK(rig.wait(20ms).empty()); }) >= 20ms);
}

TEMPLATE_TEST_CASE("a number that is used again is another registration", "", SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  Pair other;
  auto pair = std::make_unique<Pair>();
  const int number = pair->near.get();
  rig.add(pair->near, Interest::read, first);
  pair->make_readable();
  REQUIRE(rig.ready_now(first) == readable);
  rig.remove(pair->near, first);
  pair.reset();
  OwnedFd again(::fcntl(other.near.get(), F_DUPFD_CLOEXEC, number));
  REQUIRE(again.get() == number);
  rig.add(again, Interest::read, second);
  CHECK(rig.ready_now().empty());
  other.make_readable();
  CHECK(rig.ready_now(second) == readable);
  rig.remove(again, second);
}

TEMPLATE_TEST_CASE("what is registered already or not open cannot be registered", "",
                   SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  Pair pair;
  for (const Interest interest : {Interest::none, Interest::read, Interest::read_write}) {
    rig.add(pair.near, interest, first);
    CHECK(rig.poller.add(pair.near.get(), Interest::read, second) == Error::invalid_argument);
    CHECK(rig.poller.add(pair.near.get(), Interest::none, second) == Error::invalid_argument);
    rig.remove(pair.near, first);
  }
  for (const Interest interest : {Interest::none, Interest::read, Interest::read_write}) {
    CHECK(rig.poller.add(invalid_handle, interest, first) == Error::invalid_argument);
    CHECK(rig.poller.add(1'000'000'000, interest, first) == Error::invalid_argument);
  }
  CHECK(rig.ready_now().empty());
}

TEMPLATE_TEST_CASE("an add that fails leaves nothing behind", "", SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  Pair pair;
  OwnedFd fd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));  // most pollers refuse a file
  const Error error = rig.poller.add(fd.get(), Interest::read_write, first);
  if (error == Error::none)
    rig.remove(fd, first);  // poll(2) takes it, as ready for ever
  else
    CHECK(error == Error::invalid_argument);
  CHECK(rig.ready_now().empty());
  REQUIRE(::dup2(pair.near.get(), fd.get()) == fd.get());
  rig.add(fd, Interest::write, second);
  CHECK(rig.ready_now(second) == writable);
  rig.remove(fd, second);
}

TEMPLATE_TEST_CASE("a wait is never shorter than asked", "", SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  Pair pair;
  rig.add(pair.near, Interest::read, first);
  for (const Duration length : {Duration(1ns), Duration(999ns), Duration(250us), Duration(1ms),
                                Duration(1500us), Duration(20ms)}) {
    CAPTURE(length.count());
    for (int i = 0; i < 5; ++i) CHECK(time_of([&] { CHECK(rig.wait(length).empty()); }) >= length);
  }
  CHECK(rig.wait(Duration(-5ms)).empty());
  CHECK(rig.wait(Duration::min()).empty());
  rig.remove(pair.near, first);
}

TEMPLATE_TEST_CASE("a wait ends with what comes, however long it may take", "",
                   SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  Pair pair;
  rig.add(pair.near, Interest::read, first);
  for (const std::optional<Duration> length :
       {std::optional<Duration>(), std::optional(Duration::max()), std::optional<Duration>(9s)}) {
    std::thread other([&] {
      std::this_thread::sleep_for(20ms);
      static_cast<void>(::send(pair.far.get(), "x", 1, MSG_NOSIGNAL));
    });
    CHECK(rig.wait(length).size() == 1);
    other.join();
    pair.drain();
  }
  rig.remove(pair.near, first);
}

TEMPLATE_TEST_CASE("a signal ends a wait with nothing and no error", "", SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  Pair pair;
  rig.add(pair.near, Interest::read, first);
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};
  REQUIRE(::sigaction(SIGUSR1, &action, &before) == 0);
  const pthread_t self = ::pthread_self();
  for (const std::optional<Duration> length :
       {std::optional<Duration>(), std::optional<Duration>(9s)}) {
    std::thread other([self] {
      std::this_thread::sleep_for(50ms);
      ::pthread_kill(self, SIGUSR1);
    });
    CHECK(rig.wait(length).empty());
    other.join();
  }
  ::sigaction(SIGUSR1, &before, nullptr);
  rig.remove(pair.near, first);
}

TEMPLATE_TEST_CASE("when more are ready than fit, nobody starves", "", SPOOL_EVERY_POLLER) {
  const std::size_t room = GENERATE(1, 3, 64, 200);
  const Interest interest = GENERATE(Interest::read, Interest::read_write);
  CAPTURE(room, static_cast<int>(interest));
  Rig<TestType> rig;
  std::vector<Pair> pairs(150);
  for (std::uint32_t i = 0; i < pairs.size(); ++i) {
    rig.add(pairs[i].near, interest, {i, 1});
    pairs[i].make_readable();
  }
  std::vector<std::size_t> reads(pairs.size()), writes(pairs.size());
  const std::size_t directions = interest == Interest::read ? 1 : 2;
  const std::size_t waits = 4 * (directions * pairs.size() / std::min<std::size_t>(room, 64) + 1);
  for (std::size_t i = 0; i < waits; ++i) {
    const auto seen = rig.wait(Duration::zero(), room);
    CHECK(!seen.empty());
    for (const auto& [token, ready] : seen) {
      reads[Token::from(token).index] += ready.readable;
      writes[Token::from(token).index] += ready.writable;
    }
  }
  for (std::uint32_t i = 0; i < pairs.size(); ++i) {
    CAPTURE(i);
    CHECK(reads[i] >= 2);
    if (wants_write(interest)) CHECK(writes[i] >= 2);
    rig.remove(pairs[i].near, {i, 1});
  }
}

TEMPLATE_TEST_CASE("a poller grows to thousands of descriptors", "", SPOOL_EVERY_POLLER) {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit before = limit;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 5000);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  {
    Rig<TestType> rig;
    std::vector<OwnedFd> fds;
    const auto count = static_cast<std::uint32_t>(limit.rlim_cur - 100);
    for (std::uint32_t i = 0; i < count; ++i) {
      fds.emplace_back(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
      REQUIRE(fds.back());
      REQUIRE(rig.poller.add(fds[i].get(), Interest::read, {i, 3}) == Error::none);
    }
    const std::uint64_t one = 1;
    for (const std::uint32_t i : {0u, count / 2, count - 1}) {
      REQUIRE(::write(fds[i].get(), &one, sizeof one) == sizeof one);
      CHECK(rig.ready_now(Token{i, 3}) == readable);
    }
    // Half of them go; what is left is still known by its token.
    for (std::uint32_t i = 0; i < count; i += 2) rig.poller.remove(fds[i].get(), {i, 3});
    for (std::uint32_t i = 1; i < count; i += 2)
      REQUIRE(::write(fds[i].get(), &one, sizeof one) == sizeof one);
    std::vector<bool> seen(count);
    for (std::uint32_t i = 0; i < count / 32; ++i)
      for (const auto& [token, ready] : rig.wait(Duration::zero(), 64))
        seen[Token::from(token).index] = true;
    for (std::uint32_t i = 0; i < count; ++i) REQUIRE(seen[i] == (i % 2 == 1));
    for (std::uint32_t i = 1; i < count; i += 2) rig.poller.remove(fds[i].get(), {i, 3});
  }
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
}

TEMPLATE_TEST_CASE("refused memory is an error, and changes nothing", "", SPOOL_EVERY_POLLER) {
  SystemMemory system;
  LimitedMemory none(system, 1);
  CHECK(TestType::create(none).error() == Error::no_memory);
  // Every limit that lets the poller exist, until one is enough for 40 descriptors.
  bool has_succeeded = false;
  for (std::size_t limit = 1; !has_succeeded; ++limit) {
    LimitedMemory memory(system, limit);
    Result<Box<Poller>> poller = TestType::create(memory);
    if (!poller.ok()) continue;
    std::vector<Pair> pairs(40);
    std::uint32_t count = 0;
    Error error = Error::none;
    for (; count < pairs.size() && error == Error::none; ++count)
      error = (*poller)->add(pairs[count].near.get(), Interest::write, {count, 1});
    if (error != Error::none) CHECK(error == Error::no_memory);
    has_succeeded = error == Error::none;
    if (!has_succeeded) --count;
    PollEvent events[64];
    const Result<std::size_t> ready = (*poller)->wait(events, Duration::zero());
    REQUIRE(ready.ok());
    CHECK(ready.value() == count);
    for (std::uint32_t i = 0; i < count; ++i) (*poller)->remove(pairs[i].near.get(), {i, 1});
  }
}

TEMPLATE_TEST_CASE("a poller that has reached its size allocates no more", "", SPOOL_EVERY_POLLER) {
  Rig<TestType> rig;
  std::vector<Pair> pairs(20);
  const auto round = [&] {
    for (std::uint32_t i = 0; i < pairs.size(); ++i) rig.add(pairs[i].near, Interest::read, {i, 1});
    rig.ready_now();
    for (std::uint32_t i = 0; i < pairs.size(); ++i) rig.remove(pairs[i].near, {i, 1});
  };
  round();
  const std::uint64_t before = rig.memory.stats().allocations;
  for (int i = 0; i < 10; ++i) round();
  CHECK(rig.memory.stats().allocations == before);
  if constexpr (std::is_same_v<TestType, EpollPoller>) CHECK(before == 1);
}

TEMPLATE_TEST_CASE("every descriptor of a poller is close-on-exec, and is closed at the end", "",
                   SPOOL_EVERY_POLLER) {
  if constexpr (std::is_same_v<TestType, KqueuePoller>) return;  // the emulation has its own
  const std::vector<int> before = open_descriptors();
  {
    Rig<TestType> rig;
    static_cast<void>(rig.poller.backend_fd());
    std::size_t own = 0;
    for (const int fd : open_descriptors()) {
      if (std::find(before.begin(), before.end(), fd) != before.end()) continue;
      ++own;
      CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(own == (std::is_same_v<TestType, EpollPoller> ? 4 : 0));
  }
  CHECK(open_descriptors() == before);
}

}  // namespace
}  // namespace spool::loop
