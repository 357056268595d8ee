// Two people talk over PAIR. In one terminal `pair_chat listen tcp://127.0.0.1:7000`, in another
// `pair_chat connect tcp://127.0.0.1:7000`; what one types, the other reads.

#include <poll.h>
#include <spool/spool.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

namespace {

bool has_input() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return poll(&input, 1, 0) > 0;
}

void print(const char* mark, std::string_view text) {
  std::printf("%s %.*s\n", mark, static_cast<int>(text.size()), text.data());
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  using namespace std::chrono_literals;
  const std::string_view mode = count == 3 ? arguments[1] : "";
  if (mode != "listen" && mode != "connect") {
    std::fprintf(stderr, "usage: pair_chat listen|connect ADDRESS\n");
    return 2;
  }

  spool::EventLoopConfig config;
  config.log = [](spool::LogLevel, std::string_view line) { print("*", line); };
  auto loop = spool::EventLoop::create(std::move(config)).value();
  auto chat = loop.open<spool::Pair>().value();
  const auto endpoint = mode == "listen" ? chat.listen(arguments[2]) : chat.connect(arguments[2]);
  if (!endpoint.ok()) {
    print("*", loop.last_error());
    return 1;
  }

  // Called from within poll_once, at most once per turn, when there is something to read.
  chat.on_readable([&chat] {
    while (auto message = chat.try_recv()) print(">", message->text());
  });

  for (;;) {
    loop.poll_once(20ms);
    if (!has_input()) continue;
    char typed[512];
    const ssize_t size = read(STDIN_FILENO, typed, sizeof typed);
    if (size <= 0) break;
    const std::string_view line(typed, static_cast<std::size_t>(size));
    if (!chat.try_send(line.substr(0, line.find('\n'))).ok()) print("*", "nobody is there");
  }
  return loop.drain_for(1s).ok() ? 0 : 1;
}
