// A request and its reply, over tcp: the socket itself does one at a time.

#include <spool/spool.h>

#include <cstdio>

int main() {
  using namespace std::chrono_literals;

  auto loop = spool::EventLoop::create({}).value();

  auto rep = loop.open<spool::Rep>().value();
  auto address = rep.listen("tcp://127.0.0.1:0").value().address();

  auto req = loop.open<spool::Req>().value();
  req.connect(address.text()).value();

  req.try_send("what time is it?").value();  // without a replier it would wait for one
  auto question = rep.recv_for(1s).value();
  std::printf("asked: %.*s\n", static_cast<int>(question.size()), question.text().data());

  rep.try_send("noon").value();  // goes to whoever asked
  auto answer = req.recv_for(1s).value();
  std::printf("answered: %.*s\n", static_cast<int>(answer.size()), answer.text().data());
}
