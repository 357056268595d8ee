// spool inside a program that lives on the completions of an io_uring: a timeout of the ring sends,
// a socket of ours receives.

#include <spool/hosts/io_uring.h>
#include <spool/spool.h>

#include <cstdio>
#include <cstring>

int main() {
  io_uring ring;
  if (const int error = io_uring_queue_init(8, &ring, 0); error < 0) {
    // The system call is often forbidden in containers, and by kernel.io_uring_disabled.
    std::printf("no io_uring here: %s\n", std::strerror(-error));
    return 0;
  }
  auto loop = spool::EventLoop::create({}).value();

  spool::hosts::IoUring guest;
  if (const auto attached = guest.attach(loop, &ring); !attached.ok()) {
    std::printf("attach: %s\n", to_string(attached.error()));
    return 1;
  }

  auto pull = loop.open<spool::Pull>().value();
  auto push = loop.open<spool::Push>().value();
  push.connect(pull.listen("tcp://127.0.0.1:0").value().address().text()).value();

  int received = 0;
  pull.on_readable([&] {
    while (auto message = pull.try_recv()) {
      std::printf("received %d: %.*s\n", ++received, static_cast<int>(message->size()),
                  message->text().data());
    }
  });

  __kernel_timespec interval{0, 100'000'000};
  const auto start_timer = [&] {
    io_uring_sqe* const entry = io_uring_get_sqe(&ring);
    io_uring_prep_timeout(entry, &interval, 0, 0);
    io_uring_sqe_set_data64(entry, 1);  // an entry that is not marked has the mark of its last user
  };
  start_timer();
  while (received < 5) {
    io_uring_submit_and_wait(&ring, 1);  // submits what the guest has queued, too
    for (io_uring_cqe* next = nullptr; io_uring_peek_cqe(&ring, &next) == 0;) {
      const bool is_of_guest = guest.handle(next);
      io_uring_cqe_seen(&ring, next);
      if (is_of_guest) continue;
      const auto sent = push.try_send("tick");  // the only other completion here: the timer's
      std::printf("the timer sends: %s\n", to_string(sent.error()));
      start_timer();
    }
  }
  guest.detach();
  io_uring_queue_exit(&ring);
}
