// A PUB socket publishes to everybody; a SUB socket receives what begins with its topics.

#include <spool/spool.h>

#include <cstdio>
#include <string_view>

int main() {
  using namespace std::chrono_literals;

  auto loop = spool::EventLoop::create({}).value();

  auto news = loop.open<spool::Pub>().value();
  news.listen("inproc://news").value();

  auto reader = loop.open<spool::Sub>().value();
  reader.subscribe("weather.").value();
  reader.connect("inproc://news").value();

  // What is published before somebody listens is gone; so wait for the reader.
  news.wait_for_peers(1, 1s).value();

  for (std::string_view line : {"weather.north: rain", "sport.chess: draw", "weather.south: sun"})
    news.try_send(line).value();

  // The main loop of a program that has other things to do: poll_once() never waits by itself.
  for (int frame = 0; frame < 10; ++frame) {
    loop.poll_once();
    while (auto line = reader.try_recv())
      std::printf("%.*s\n", static_cast<int>(line->size()), line->text().data());
  }
  std::printf("%u line was not asked for\n", static_cast<unsigned>(reader.stats().dropped_unasked));
}
