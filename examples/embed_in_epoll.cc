// spool inside a host that has an epoll loop of its own and sleeps in it. The host watches one
// descriptor, backend_fd(); another thread hands work over with post().

#include <spool/spool.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>
#include <thread>

int main() {
  auto loop = spool::EventLoop::create({}).value();
  auto pull = loop.open<spool::Pull>().value();
  auto push = loop.open<spool::Push>().value();
  push.connect(pull.listen("tcp://127.0.0.1:0").value().address().text()).value();
  push.wait_for_peers(1, std::chrono::seconds(1)).value();

  // Readable while poll_once would do something: data, timers and posted tasks alike.
  const auto descriptor = loop.backend_fd();
  if (!descriptor.ok()) {
    std::printf("backend_fd: %s\n", to_string(descriptor.error()));
    return 1;
  }
  const int host = epoll_create1(EPOLL_CLOEXEC);
  epoll_event interest{EPOLLIN, {}};
  epoll_ctl(host, EPOLL_CTL_ADD, descriptor.value(), &interest);

  int received = 0;
  pull.on_readable([&] {
    while (auto message = pull.try_recv()) {
      std::printf("received: %.*s\n", static_cast<int>(message->size()), message->text().data());
      ++received;
    }
  });

  // wake() and post() are the only calls for other threads. The task runs in the host's thread, in
  // the next poll_once: sockets belong to that thread.
  std::thread worker([&] {
    for (std::string_view result : {"first result", "second result"})
      loop.post([&push, result] { push.try_send(result).value(); }).value();
  });

  while (received < 2) {
    // Work that is left over (a budget ended) is due now: then look at the host's own events, but
    // do not sleep. Otherwise the descriptor also wakes for timers; a host without one would sleep
    // until next_deadline().
    const auto deadline = loop.next_deadline();
    const bool due = deadline.has_value() && *deadline <= loop.now();
    epoll_event event;
    epoll_wait(host, &event, 1, due ? 0 : -1);
    loop.poll_once();
  }
  worker.join();
  close(host);
}
