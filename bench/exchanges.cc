// exchanges: what a request costs when 1, 10, ... 100,000 of them are in flight over one REQ socket
// and one connection: asking, answering and receiving, both sides and the kernel's work for them,
// in CPU time of one process. Each has a resend timer and a deadline; answers come in random order.
//
//   bazel run //bench:exchanges -- [REQUESTS] [ADDRESS] [IN FLIGHT]
#include <spool/spool.h>

#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Bench {
  spool::EventLoop loop = spool::EventLoop::create({}).value();
  spool::Rep rep = loop.open<spool::Rep>().value();
  spool::Req req = loop.open<spool::Req>().value();
  std::vector<spool::Request> pending;  // at the replier
  std::minstd_rand random{1};
  long answered = 0;

  // Half of those in flight wait at the replier; the rest it answers, whichever.
  void answer(std::size_t keep) {
    while (auto request = rep.try_recv_request()) pending.push_back(std::move(request).value());
    spool::Batch batch(loop);
    while (pending.size() > keep) {
      const std::size_t chosen = random() % pending.size();
      if (!pending[chosen].reply("answer").ok()) return;  // full: in the next turn
      std::swap(pending[chosen], pending.back());
      pending.pop_back();
    }
  }
  void run(std::size_t in_flight, long count) {
    for (const long end = answered + count; answered < end;) {
      loop.poll_once(100ms);
      answer(in_flight / 2);
    }
  }
  // Nanoseconds for each request. Whoever has its answer asks again.
  double measure(std::size_t in_flight, long count) {
    std::vector<spool::Exchange> exchanges;
    exchanges.reserve(in_flight);
    for (std::size_t i = 0; i < in_flight; ++i) {
      exchanges.push_back(req.open_exchange({.deadline = 1h}).value());
      spool::Exchange* exchange = &exchanges.back();
      exchange->on_readable([this, exchange] {
        if (!exchange->try_recv().ok()) std::abort();
        ++answered;
        exchange->request("question").value();
      });
      exchange->request("question").value();
    }
    run(in_flight, static_cast<long>(2 * in_flight) + 1000);  // warm
    const long first = answered;
    const double start = cpu_seconds();
    run(in_flight, count);
    const double seconds = cpu_seconds() - start;
    pending.clear();
    exchanges.clear();
    while (loop.stats().pool_bytes_in_use != 0) {
      loop.poll_once(1ms);
      while (rep.try_recv_request().ok()) continue;
    }
    return seconds * 1e9 / static_cast<double>(answered - first);
  }
};

}  // namespace

int main(int argc, char** argv) {
  const long count = argc > 1 ? std::atol(argv[1]) : 1'000'000;
  const std::string where =
      argc > 2 ? argv[2] : "abstract://spool-exchanges-" + std::to_string(::clock());
  const long only = argc > 3 ? std::atol(argv[3]) : 0;
  if (count < 1 || only < 0 || only > 1'000'000) {
    std::fprintf(stderr, "usage: exchanges [REQUESTS 1..] [ADDRESS] [IN FLIGHT 1..1000000]\n");
    return 2;
  }
  Bench bench;
  const auto endpoint = bench.rep.listen(where);
  if (!endpoint.ok()) {
    std::fprintf(stderr, "exchanges: %.*s\n", static_cast<int>(bench.loop.last_error().size()),
                 bench.loop.last_error().data());
    return 1;
  }
  bench.req.connect(endpoint->address().text()).value();
  std::printf("%9s %15s %12s %16s\n", "in flight", "ns per request", "x of first",
              "x of the former");
  double first = 0;
  double former = 0;
  std::vector<std::size_t> crowds = {1, 10, 100, 1'000, 10'000, 100'000};
  if (only != 0) crowds = {static_cast<std::size_t>(only)};
  for (const std::size_t in_flight : crowds) {
    const double each = bench.measure(in_flight, count);
    if (first == 0) first = former = each;
    std::printf("%9zu %15.0f %12.2f %16.2f\n", in_flight, each, each / first, each / former);
    former = each;
    std::fflush(stdout);
  }
  return 0;
}
