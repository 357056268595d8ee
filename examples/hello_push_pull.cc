// One message from a PUSH socket to a PULL socket, over tcp.

#include <spool/spool.h>

#include <cstdio>

int main() {
  using namespace std::chrono_literals;

  auto loop = spool::EventLoop::create({}).value();

  auto pull = loop.open<spool::Pull>().value();
  auto address = pull.listen("tcp://127.0.0.1:0").value().address();  // the system chooses a port

  auto push = loop.open<spool::Push>().value();
  push.connect(address.text()).value();

  push.send_for("hello", 1s).value();         // turns the loop until the message is accepted
  auto received = pull.recv_for(1s).value();  // and until one is here
  std::printf("received: %.*s\n", static_cast<int>(received.size()), received.text().data());
}
