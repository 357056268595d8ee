// Compiled and linked for macOS, never run here: everything that a program of a user would pull in.
#include <spool/spool.h>

int main() {
  auto loop = spool::EventLoop::create({}).value();
  auto pair = loop.open<spool::Pair>().value();
  pair.listen("tcp://127.0.0.1:0").value();
  pair.connect("ipc://probe").value();
  loop.backend_fd().value();
  return loop.poll_once().error == spool::Error::none ? 0 : 1;
}
