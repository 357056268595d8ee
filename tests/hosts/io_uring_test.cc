// A loop inside a program that lives on the completions of an io_uring.
#define CATCH_CONFIG_EXTERNAL_INTERFACES  // for a listener

#include <spool/hosts/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <memory>
#include <utility>

#include <catch2/catch.hpp>

#include "guest_cases.h"

namespace spool::hosts::scenario {
namespace {

// Where the kernel forbids it there is nothing to test.
struct Need : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  void testRunStarting(const Catch::TestRunInfo&) override {
    io_uring ring;
    if (const int error = io_uring_queue_init(2, &ring, 0); error < 0) {
      std::printf(
          "SKIPPED: io_uring_setup is missing here (%s): kernel.io_uring_disabled, or a\n"
          "sandbox that forbids the call\n",
          std::strerror(-error));
      std::exit(0);
    }
    io_uring_queue_exit(&ring);
  }
};
CATCH_REGISTER_LISTENER(Need)

// Of a completion that says so.
bool handles(IoUring& guest, std::uint64_t mark, int result) {
  io_uring_cqe completion{};
  completion.user_data = mark;
  completion.res = result;
  return guest.handle(&completion);
}

struct Ring : io_uring {
  explicit Ring(unsigned entries = 8, unsigned flags = 0) {
    REQUIRE(io_uring_queue_init(entries, this, flags) == 0);
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() { io_uring_queue_exit(this); }

  io_uring_sqe* entry() {
    io_uring_sqe* found = io_uring_get_sqe(this);
    if (found != nullptr) return found;
    io_uring_submit(this);
    return io_uring_get_sqe(this);
  }
  // Fills the submission queue with requests that do nothing, marked 1; how many.
  int fill() {
    int count = 0;
    for (io_uring_sqe* next; (next = io_uring_get_sqe(this)) != nullptr; ++count) {
      io_uring_prep_nop(next);
      io_uring_sqe_set_data64(next, 1);
    }
    return count;
  }
  // Submits, and gives `guest` everything that is there: how many were its.
  int serve(IoUring& guest, int* foreign = nullptr) {
    int ours = 0;
    io_uring_submit_and_get_events(this);
    for (io_uring_cqe* next = nullptr; io_uring_peek_cqe(this, &next) == 0;) {
      const std::uint64_t mark = next->user_data;
      const int result = next->res;
      io_uring_cqe_seen(this, next);  // first: a callback may come here, too
      if (handles(guest, mark, result))
        ++ours;
      else if (foreign != nullptr)
        ++*foreign;
    }
    return ours;
  }
};

class IoUringHost final : public AdapterHost<IoUring> {
 public:
  ~IoUringHost() override { destroy_adapters(); }

  Result<void> attach_to(IoUring& adapter, EventLoop& loop) override {
    return adapter.attach(loop, &ring_);
  }
  void after(Duration delay, std::function<void()> call) override {
    timers_.push_back(
        {{delay.count() / 1'000'000'000, delay.count() % 1'000'000'000}, std::move(call)});
    io_uring_sqe* const entry = ring_.entry();
    io_uring_prep_timeout(entry, &timers_.back().time, 0, 0);
    io_uring_sqe_set_data(entry, &timers_.back());
  }
  void run() override {
    runs_ = true;
    while (runs_) {
      io_uring_submit_and_wait(&ring_, 1);
      for (io_uring_cqe* next = nullptr; io_uring_peek_cqe(&ring_, &next) == 0;) {
        const std::uint64_t mark = next->user_data;
        const bool is_of_guest = (adapter_ != nullptr && adapter_->handle(next)) ||
                                 (second_ != nullptr && second_->handle(next));
        io_uring_cqe_seen(&ring_, next);
        if (!is_of_guest) call_timer(mark);
      }
    }
  }
  void quit() override { runs_ = false; }

 private:
  struct Timer {
    __kernel_timespec time;
    std::function<void()> call;
  };
  // Marks that are no timer's are of an adapter that is gone.
  void call_timer(std::uint64_t mark) {
    for (Timer& timer : timers_)
      if (mark == reinterpret_cast<std::uintptr_t>(&timer)) return timer.call();
  }

  Ring ring_;
  std::list<Timer> timers_;  // called or not, they stay
  bool runs_ = false;
};

TEST_CASE("one completion for each wake-up, and it is ours") {
  Ring ring;
  EventLoop loop = make_loop();
  IoUring guest;
  CHECK_FALSE(handles(guest, 0, 1));
  guest.attach(loop, &ring, 400).value();
  for (int i = 0; i < 5; ++i) {
    CHECK(ring.serve(guest) == 0);
    loop.wake();
    CHECK(ring.serve(guest) == 1);
  }
  CHECK(loop.stats().turns == 5);
  for (const std::uint64_t mark : {0u, 399u, 404u}) CHECK_FALSE(handles(guest, mark, 1));
}

TEST_CASE("what cannot be attached is an error, and nothing is") {
  Ring ring;
  EventLoop loop = make_loop();
  IoUring guest;
  CHECK(guest.attach(loop, nullptr).error() == Error::invalid_argument);
  CHECK(guest.attach(loop, &ring, 6).error() == Error::invalid_argument);
  CHECK_FALSE(guest.attached());
  CHECK(ring.serve(guest) == 0);
  Ring disabled(4, IORING_SETUP_R_DISABLED);
  CHECK(disabled.fill() == 4);
  CHECK(guest.attach(loop, &disabled).error() == Error::would_block);
  CHECK_FALSE(guest.attached());
  // Not every liburing exports io_uring_enable_rings.
  REQUIRE(::syscall(__NR_io_uring_register, disabled.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr,
                    0) == 0);
  CHECK(guest.attach(loop, &disabled).ok());
  loop.wake();
  int foreign = 0;
  CHECK(disabled.serve(guest, &foreign) == 1);
  CHECK(foreign == 4);
  guest.detach();  // this ring ends before the guest
}

TEST_CASE("a full submission queue is submitted") {
  Ring ring(2);
  EventLoop loop = make_loop();
  IoUring guest;
  ring.fill();
  guest.attach(loop, &ring).value();
  loop.post([&] { ring.fill(); }).value();
  CHECK(ring.serve(guest) == 1);  // the callback leaves no room for the next poll
  loop.wake();
  CHECK(ring.serve(guest) == 1);
  ring.fill();
  guest.detach();
  CHECK(ring.serve(guest) == 2);
}

TEST_CASE("a thread of the kernel that takes the requests is waited for when the queue is full") {
  EventLoop loop = make_loop();
  Ring ring(2, IORING_SETUP_SQPOLL);
  IoUring guest;
  ring.fill();
  guest.attach(loop, &ring).value();
  loop.post([&] { ring.fill(); }).value();
  int turns = 0;
  guest.on_turn([&](const PollResult&) {
    if (++turns < 10) loop.wake();
  });
  awaited = "ten turns";
  ::alarm(30);
  while (turns < 10) {
    io_uring_submit_and_wait(&ring, 1);
    ring.serve(guest);
  }
  ::alarm(0);
  CHECK(loop.stats().turns == 10);
}

TEST_CASE("when the kernel takes nothing, the next completion is the occasion to go on") {
  Ring ring(2);
  EventLoop loop = make_loop();
  IoUring guest;
  guest.attach(loop, &ring).value();
  const int descriptor = ring.enter_ring_fd;
  loop.post([&] {
        ring.fill();
        ring.enter_ring_fd = -1;
      })
      .value();
  CHECK(ring.serve(guest) == 1);
  ring.enter_ring_fd = descriptor;
  loop.wake();
  int foreign = 0;
  CHECK(ring.serve(guest, &foreign) == 0);
  CHECK(foreign == 2);
  CHECK(ring.serve(guest) == 1);
  CHECK(loop.stats().turns == 2);
}

TEST_CASE("what comes back after detach is ours and does nothing") {
  Ring ring;
  EventLoop loop = make_loop();
  IoUring guest;
  guest.attach(loop, &ring).value();
  CHECK(ring.serve(guest) == 0);
  guest.detach();
  CHECK(ring.serve(guest) == 2);  // the poll, and the request to cancel it
  guest.attach(loop, &ring).value();
  loop.wake();
  io_uring_submit(&ring);
  guest.detach();  // the readiness is on its way
  CHECK(ring.serve(guest) == 2);
  CHECK(loop.stats().turns == 0);
}

TEST_CASE("attached again before that comes back, there is still one poll") {
  Ring ring;
  EventLoop loop = make_loop();
  IoUring guest;
  guest.attach(loop, &ring).value();
  for (const bool ready : {false, true}) {
    if (ready) loop.wake();
    io_uring_submit(&ring);
    guest.detach();
    guest.attach(loop, &ring).value();
    CHECK(ring.serve(guest) == (ready ? 3 : 2));
    CHECK(ring.serve(guest) == 0);
    loop.wake();
    CHECK(ring.serve(guest) == 1);
  }
  CHECK(loop.stats().turns == 3);
}

TEST_CASE("attached again in a callback that serves the ring, it goes on") {
  Ring ring;
  EventLoop loop = make_loop();
  IoUring guest;
  guest.attach(loop, &ring).value();
  bool ran = false;
  loop.post([&] {
        guest.detach();
        guest.attach(loop, &ring).value();
        loop.post([&] { ran = true; }).value();
        ring.serve(guest);
        CHECK_FALSE(ran);
      })
      .value();
  ring.serve(guest);
  ring.serve(guest);
  CHECK(ran);
}

TEST_CASE("a poll that the program cancels is asked for again") {
  Ring ring;
  EventLoop loop = make_loop();
  IoUring guest;
  guest.attach(loop, &ring, 400).value();
  CHECK(ring.serve(guest) == 0);
  io_uring_sqe* const entry = ring.entry();
  io_uring_prep_cancel64(entry, 0, IORING_ASYNC_CANCEL_ANY);
  io_uring_sqe_set_data64(entry, 1);
  CHECK(ring.serve(guest) == 1);
  loop.wake();
  CHECK(ring.serve(guest) == 1);
  CHECK(loop.stats().turns == 1);
}

TEST_CASE("a poll that fails is told and ends the attachment") {
  Ring ring;
  EventLoop loop = make_loop();
  IoUring guest;
  Error error = Error::none;
  guest.on_turn([&](const PollResult& result) { error = result.error; });
  guest.attach(loop, &ring, 400).value();
  for (std::uint64_t mark = 400; mark < 404; ++mark) CHECK(handles(guest, mark, -EBADF));
  CHECK(error == Error::system);
  CHECK_FALSE(guest.attached());
}

}  // namespace

std::unique_ptr<GuestHost> make_guest_host() { return std::make_unique<IoUringHost>(); }

}  // namespace spool::hosts::scenario
