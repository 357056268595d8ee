// The promise to a host that sleeps on backend_fd(), over random histories of a reactor of which
// all is known: readable exactly when a turn would do something, and no timer early.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "poller_rig.h"
#include "spool/loop/reactor.h"
#include "tests/support/fake_clock.h"
#include "tests/support/nested_poller.h"
#include "tests/support/sim_random.h"

namespace spool::loop {
namespace {

using testing::is_readable;

struct Bench;

// A socket that takes one byte at a time.
struct ByteSource final : Source {
  Bench* bench = nullptr;
  OwnedFd near;
  OwnedFd far;
  Token token{};
  Interest interest = Interest::none;
  int bytes = 0;  // to be read
  void on_ready(Readiness ready) noexcept override;
};
struct Output final : Flushable {
  Bench* bench = nullptr;
  bool requested = false;
  void flush() noexcept override;
};
struct Clockwork {
  Bench* bench = nullptr;
  std::optional<Instant> due;
  bool must_fire = false;  // in this turn
  void fire() noexcept;
  Timer timer{Timer::call<&Clockwork::fire, Clockwork>, this};
};

// The reactor, and beside it what is known of its work.
struct Bench {
  HangGuard guard;
  sim::Random random;
  SystemMemory system;
  LimitedMemory memory{system, 0};
  testing::FakeClock clock;
  Box<Poller> real;
  testing::NestedPoller poller;
  Reactor reactor{memory, clock};
  NativeHandle fd = invalid_handle;
  std::array<ByteSource, 6> sources;
  std::array<Output, 3> outputs;
  std::array<Clockwork, 6> timers;
  int batches = 0;
  std::uint32_t posted = 0;
  bool woken = false;
  bool local = false;
  std::optional<Instant> stopped_at;
  Duration behind{};
  bool said_more = false;  // the last turn
  bool more = false;       // and so it is, unless what was left has been done outside of a turn
  bool in_turn = false;
  bool quiet = false;  // callbacks do nothing of their own
  PollResult done;     // in this turn, as the callbacks saw it
  std::string failure;

  Bench(Box<Poller> inner, std::uint64_t seed)
      : random(seed), real(std::move(inner)), poller(*real, clock) {
    REQUIRE(reactor.open({&poller, 8, true}) == Error::none);
    for (ByteSource& source : sources) {
      source.bench = this;
      int fds[2];
      REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
      source.near = OwnedFd(fds[0]);
      source.far = OwnedFd(fds[1]);
    }
    for (Output& output : outputs) output.bench = this;
    for (Clockwork& timer : timers) timer.bench = this;
  }
  ~Bench() {
    for (ByteSource& source : sources)
      if (source.token.valid()) reactor.remove(source.token);
    for (Clockwork& timer : timers) reactor.cancel(timer.timer);
    while (batches-- > 0) reactor.end_batch();
    reactor.flush_all();
  }

  // Some hosts come late.
  void ask() {
    const Result<NativeHandle> result = reactor.backend_fd();
    if (result.ok())
      fd = result.value();
    else
      REQUIRE(result.error() == Error::not_supported);
  }

  // The first thing that went wrong; noted, because callbacks cannot stop the test.
  void expect(bool ok, const char* what) {
    if (!ok && failure.empty()) failure = what;
  }
  // The loop's time, which stands still while it is suspended.
  [[nodiscard]] Instant now() const { return stopped_at.value_or(clock.time() - behind); }
  // Of those that will ever be due as things are.
  [[nodiscard]] std::optional<Instant> earliest_due() const {
    std::optional<Instant> result;
    for (const Clockwork& timer : timers)
      if (timer.due.has_value() && (!result.has_value() || *timer.due < *result))
        result = timer.due;
    if (stopped_at.has_value() && result.has_value() && *result > now()) return std::nullopt;
    return result;
  }
  [[nodiscard]] bool has_local_work() const {
    return posted != 0 || woken || local || more ||
           std::any_of(outputs.begin(), outputs.end(), [](const Output& o) { return o.requested; });
  }
  // Would a turn do something?
  [[nodiscard]] bool has_work() const {
    const auto is_ready = [](const ByteSource& source) {
      return (wants_read(source.interest) && source.bytes != 0) || wants_write(source.interest);
    };
    return has_local_work() || earliest_due().value_or(Instant::max()) <= now() ||
           std::any_of(sources.begin(), sources.end(), is_ready);
  }

  void check_deadline() {
    const std::optional<Instant> deadline = reactor.next_deadline();
    if (has_local_work())
      expect(deadline.has_value() && *deadline <= now(), "local work is a deadline of now");
    else if (!said_more)
      expect(deadline == earliest_due(), "next_deadline is the earliest timer");
  }
  // After each step outside of a turn.
  void check() {
    check_deadline();
    if (fd != invalid_handle && has_work()) expect(is_readable(fd), "there is work, and silence");
  }

  void turn() {
    Budget budget{0, 0, 0, Duration::zero()};
    if (random.chance(50)) budget.events = static_cast<std::uint32_t>(random.between(1, 3));
    if (random.chance(20)) budget.callback_time = Duration(1);
    if (random.chance(20)) budget.time = Duration(1);
    const bool was_readable = fd == invalid_handle || is_readable(fd);
    const bool had_work = has_work();
    const bool had_more = said_more;
    const std::uint32_t had_posted = posted;
    for (Clockwork& timer : timers) timer.must_fire = timer.due.has_value() && *timer.due <= now();
    expect(was_readable || !had_work, "a turn with work, and no word of it before");
    woken = local = more = said_more = false;
    done = {};
    poller.forget();
    in_turn = true;
    PollResult result;
    expect(reactor.begin_turn(Timeout::none(), budget, result) == Error::none, "begin_turn");
    const bool leaves_work = !quiet && random.chance(10);
    local = leaves_work;
    reactor.end_turn(result, leaves_work);
    in_turn = false;
    more = said_more = result.more;
    expect(poller.silent == 0, "the kernel reported something that the descriptor did not");
    expect(result.events == done.events && result.timers == done.timers &&
               result.posted == done.posted,
           "the result counts what was called");
    for (const Clockwork& timer : timers)
      expect(!timer.must_fire, "what is due fires in the first turn");
    expect(result.posted >= std::min(had_posted, 1u), "what was posted runs in the next turn");
    const bool did = result.events + result.timers + result.posted != 0 || had_work ||
                     (result.more && !leaves_work);
    expect(was_readable || !did, "it did something, and was silent before");
    if (fd != invalid_handle) {
      if (!result.more && !has_work() && !did && !had_more && was_readable)
        expect(!is_readable(fd), "two false alarms, one after the other");
      if (result.more) expect(is_readable(fd), "more, and silence");
    }
  }
  // Nothing else happens: the host must come to rest.
  void settle() {
    quiet = true;
    for (ByteSource& source : sources)
      if (wants_write(source.interest)) set_interest(source, Interest::read);
    for (int turns = 0; turns < 200; ++turns) {
      if (fd == invalid_handle ? !has_work() : !is_readable(fd)) break;
      turn();
    }
    quiet = false;
    expect(!has_work(), "asleep, and there is work");
    if (fd != invalid_handle) expect(!is_readable(fd), "it never comes to rest");
  }

  void set_interest(ByteSource& source, Interest interest) {
    if (!source.token.valid()) return;
    reactor.set_interest(source.token, interest);
    source.interest = interest;
  }
  void add_or_remove(ByteSource& source) {
    if (source.token.valid()) {
      reactor.remove(source.token);
      source.token = {};
      source.interest = Interest::none;
    } else {
      source.interest = random.chance(70) ? Interest::read : Interest::none;
      source.token = reactor.add(source.near.get(), source.interest, source).value();
    }
  }
  void set_timer(Clockwork& timer) {
    timer.must_fire = false;
    if (random.chance(30)) {
      reactor.cancel(timer.timer);
      timer.due.reset();
      return;
    }
    const Duration length = random.chance(20) ? Duration(-1) : Duration(random.below(5'000'000));
    // Frozen within a turn, and so behind.
    timer.due = std::max(reactor.now(), reactor.now() + length);
    reactor.schedule_after(timer.timer, length);
  }
  void post() {
    Task task([this] {
      expect(posted != 0, "a task runs once");
      --posted;
      ++done.posted;
      maybe_something();
    });
    const Error error = reactor.post(task);
    expect(error == (posted < 8 ? Error::none : Error::would_block), "post");
    if (error == Error::none) ++posted;
  }
  void stop_or_go_on() {
    if (stopped_at.has_value()) {
      reactor.resume();
      behind = clock.time() - *stopped_at;
      stopped_at.reset();
    } else {
      stopped_at = now();
      reactor.suspend();
    }
  }
  // What is allowed in callbacks too.
  void something() {
    switch (random.below(8)) {
      case 0:
        return add_or_remove(sources[random.below(sources.size())]);
      case 1:
        return set_interest(sources[random.below(sources.size())],
                            static_cast<Interest>(random.below(4)));
      case 2:
      case 3:
        return set_timer(timers[random.below(timers.size())]);
      case 4:
        return post();
      case 5: {
        Output& output = outputs[random.below(outputs.size())];
        output.requested = true;
        return reactor.request_flush(output);
      }
      case 6:
        return stop_or_go_on();
      default:
        reactor.wake();
        if (!in_turn) woken = true;  // in a turn: it may be taken by this one
    }
  }
  void maybe_something() {
    if (random.chance(20)) clock.advance(Duration(random.below(1'000'000)));  // it takes its time
    if (!quiet && random.chance(20)) something();
  }
  void outside() {
    switch (random.below(10)) {
      case 0: {
        ByteSource& source = sources[random.below(sources.size())];
        if (source.bytes < 20 && ::send(source.far.get(), "xyz", 3, MSG_NOSIGNAL) == 3)
          source.bytes += 3;
        return;
      }
      case 1:
        reactor.note_local_work();
        local = true;
        return;
      case 2:
        more = false;
        return reactor.flush_all();
      case 3:
        if (batches < 3) {
          reactor.begin_batch();
          ++batches;
          return;
        }
        [[fallthrough]];
      case 4:
        if (batches == 0) return;
        --batches;
        more = more && batches != 0;
        return reactor.end_batch();
      case 5:
        if (random.chance(10)) {
          std::thread([this] { reactor.wake(); }).join();
          woken = true;
        }
        return;
      case 6: {
        const std::optional<Instant> due = earliest_due();
        if (due.has_value() && *due > now() && random.chance(70))  // to the edge of it
          clock.advance(*due - now() - Duration(random.below(2)));
        else
          clock.advance(Duration(random.below(3'000'000)));
        return poller.follow_clock();
      }
      default:
        return something();
    }
  }
};

void ByteSource::on_ready(Readiness ready) noexcept {
  ++bench->done.events;
  bench->expect(token.valid(), "called after it was removed");
  if (ready.readable) {
    char byte = 0;
    const bool got = ::read(near.get(), &byte, 1) == 1;
    bytes -= got ? 1 : 0;
  }
  bench->maybe_something();
}
void Output::flush() noexcept {
  bench->expect(requested, "flushed without a request");
  requested = false;
}
void Clockwork::fire() noexcept {
  ++bench->done.timers;
  bench->expect(due.has_value() && *due <= bench->now(), "a timer is early");
  due.reset();
  must_fire = false;
  bench->maybe_something();
}

TEMPLATE_TEST_CASE("a host that sleeps hears of all work, and of nothing else", "",
                   SPOOL_EVERY_POLLER) {
  SystemMemory memory;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Bench bench(TestType::create(memory).value(), seed);
    for (int step = 0; step < 3000 && bench.failure.empty(); ++step) {
      switch (bench.random.below(8)) {
        case 0:
        case 1:
          bench.turn();
          break;
        case 2:  // what follows is alone, and nothing hides what it forgets
          bench.settle();
          break;
        default:
          bench.outside();
      }
      if (bench.random.chance(1)) bench.ask();
      bench.check();
      INFO("seed " << seed << ", step " << step);
      if (!bench.failure.empty()) FAIL(bench.failure);
    }
  }
}

}  // namespace
}  // namespace spool::loop
