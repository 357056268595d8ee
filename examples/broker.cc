// A device between those who ask and those who answer: clients and servers know one address each,
// and come and go as they like. `broker ADDRESS_FOR_CLIENTS ADDRESS_FOR_SERVERS` runs until it is
// interrupted; without arguments it tries itself out.

#include <spool/spool.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

volatile std::sig_atomic_t interrupted = 0;

spool::Device open_broker(spool::EventLoop& loop, const char* front, const char* back) {
  auto clients = loop.open_raw(spool::SocketType::rep).value();
  auto servers = loop.open_raw(spool::SocketType::req).value();
  if (!clients.listen(front).ok() || !servers.listen(back).ok()) {
    std::fprintf(stderr, "broker: %.*s\n", static_cast<int>(loop.last_error().size()),
                 loop.last_error().data());
    std::exit(1);
  }
  return spool::Device::join(clients, servers).value();
}

int try_out(spool::EventLoop& loop) {
  using namespace std::chrono_literals;
  auto broker = open_broker(loop, "inproc://front", "inproc://back");
  auto server = loop.open<spool::Rep>().value();
  server.connect("inproc://back").value();
  auto client = loop.open<spool::Req>().value();
  client.connect("inproc://front").value();

  client.try_send("ping").value();
  auto ping = server.recv_for(1s).value();
  server.try_send("pong").value();
  auto pong = client.recv_for(1s).value();
  std::printf("%.*s, %.*s, %u messages passed the broker\n", static_cast<int>(ping.size()),
              ping.text().data(), static_cast<int>(pong.size()), pong.text().data(),
              static_cast<unsigned>(broker.stats().forwarded));
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  using namespace std::chrono_literals;
  auto loop = spool::EventLoop::create({}).value();
  if (count == 1) return try_out(loop);
  if (count != 3) {
    std::fprintf(stderr, "usage: broker [ADDRESS_FOR_CLIENTS ADDRESS_FOR_SERVERS]\n");
    return 2;
  }
  auto broker = open_broker(loop, arguments[1], arguments[2]);
  std::signal(SIGINT, [](int) { interrupted = 1; });
  while (interrupted == 0) loop.poll_once(100ms);
  broker.close();
  return loop.drain_for(1s).ok() ? 0 : 1;
}
