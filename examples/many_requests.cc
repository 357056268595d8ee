// A hundred requests on their way at the same time over one REQ socket, each with a deadline of its
// own, and a server that answers them in an order of its own: the odd ones later, every tenth
// never.

#include <spool/spool.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

int main() {
  using namespace std::chrono_literals;

  auto loop = spool::EventLoop::create({}).value();
  auto rep = loop.open<spool::Rep>().value();
  auto address = rep.listen("inproc://doubler").value().address();
  auto req = loop.open<spool::Req>().value();
  req.connect(address.text()).value();

  // The server keeps a request for as long as it likes: it is a value, with its way back in it.
  std::vector<spool::Request> later;
  const auto answer = [](spool::Request& request) {
    const int number = std::atoi(std::string(request.text()).c_str());
    request.reply(std::to_string(2 * number)).value();
  };
  rep.on_readable([&] {
    while (auto request = rep.try_recv_request()) {
      const int number = std::atoi(std::string(request->text()).c_str());
      if (number % 10 == 9) continue;  // forgotten
      if (number % 2 == 0)
        answer(*request);
      else
        later.push_back(std::move(request).value());
    }
  });

  std::vector<spool::Exchange> asked;
  for (int i = 0; i < 100; ++i)
    asked.push_back(req.request(std::to_string(i), {.deadline = 300ms}).value());

  int right = 0;
  int too_late = 0;
  for (std::size_t left = asked.size(); left != 0;) {
    loop.poll_once(10ms);
    if (later.size() == 40)
      for (; !later.empty(); later.pop_back()) answer(later.back());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      auto reply = asked[i].try_recv();
      if (reply.error() == spool::Error::would_block || reply.error() == spool::Error::closed)
        continue;
      if (reply.ok() && reply->text() == std::to_string(2 * i)) ++right;
      if (reply.error() == spool::Error::deadline_passed) ++too_late;
      asked[i].close();
      --left;
    }
  }
  std::printf("%d right answers, %d deadlines passed\n", right, too_late);
}
