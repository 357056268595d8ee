// Host names as the system sees them (nsswitch.conf, mDNS, LDAP): getaddrinfo on a thread of the
// host's own. The loop never waits for it; the answers come back through EventLoop::post.
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <spool/spool.h>

class SystemResolver final : public spool::Resolver {
 public:
  // After the loop was made; stop() before it ends.
  void start(spool::EventLoop& loop) {
    loop_ = &loop;
    thread_ = std::thread([this] { work(); });
  }
  void stop() {
    put(nullptr);
    thread_.join();
  }

  // Loop's thread.
  void resolve(spool::NameQuery& query) noexcept override {
    auto request = std::make_shared<Request>();
    request->query = &query;
    request->name = query.name();
    query.resolver_data = request.get();
    put(std::move(request));
  }
  // Loop's thread. Whoever holds the request now finds out by itself.
  void cancel(spool::NameQuery& query) noexcept override {
    static_cast<Request*>(query.resolver_data)->query = nullptr;
  }

 private:
  struct Request {
    spool::NameQuery* query = nullptr;  // the loop's thread alone looks at it
    std::string name;
    std::vector<spool::IpAddress> found;
  };
  using Shared = std::shared_ptr<Request>;

  void put(Shared request) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(std::move(request));
    }
    ready_.notify_one();
  }

  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return !requests_.empty(); });
      const Shared request = std::move(requests_.front());
      requests_.pop_front();
      lock.unlock();
      if (request == nullptr) return;
      look_up(*request);
      // Here the answer changes threads. While the loop has no room for tasks, try again.
      const auto answer = [request] {
        if (request->query != nullptr) request->query->answer(request->found);
      };
      while (loop_->post(answer).error() == spool::Error::would_block)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  static void look_up(Request& request) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (::getaddrinfo(request.name.c_str(), nullptr, &hints, &list) != 0) return;
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
      spool::IpAddress address;
      if (one->ai_family == AF_INET) {
        const auto* in = reinterpret_cast<const sockaddr_in*>(one->ai_addr);
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(&in->sin_addr);
        address.family = spool::IpFamily::ip4;
        std::copy_n(bytes, 4, address.bytes.begin());
      } else if (one->ai_family == AF_INET6) {
        const auto* in = reinterpret_cast<const sockaddr_in6*>(one->ai_addr);
        address.family = spool::IpFamily::ip6;
        address.scope = in->sin6_scope_id;
        std::copy_n(in->sin6_addr.s6_addr, 16, address.bytes.begin());
      }
      request.found.push_back(address);
    }
    ::freeaddrinfo(list);
  }

  spool::EventLoop* loop_ = nullptr;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Shared> requests_;
};

int main() {
  SystemResolver resolver;
  spool::EventLoopConfig config;
  config.resolver = &resolver;
  auto loop = spool::EventLoop::create(std::move(config)).value();
  resolver.start(loop);

  auto pull = loop.open<spool::Pull>().value();
  auto push = loop.open<spool::Push>().value();
  const std::string address(pull.listen("tcp://localhost:0").value().address().text());
  push.connect("tcp://localhost" + address.substr(address.rfind(':'))).value();
  push.send_for("hello", std::chrono::seconds(10)).value();
  const auto received = pull.recv_for(std::chrono::seconds(10)).value();
  std::printf("received: %s\n", std::string(received.text()).c_str());
  resolver.stop();
}
