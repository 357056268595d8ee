// The watcher thread without any host: a pipe stands for the loop's descriptor.
#include "spool/hosts/watcher_thread.h"

#include <dirent.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>

namespace {

using namespace std::chrono_literals;
using spool::Error;
using spool::hosts::WatcherThread;

// Only a bound for a test that fails.
constexpr auto patience = 30s;

std::set<int> open_descriptors() {
  std::set<int> result;
  DIR* folder = opendir("/dev/fd");
  REQUIRE(folder != nullptr);
  while (const dirent* entry = readdir(folder))
    if (const int number = std::atoi(entry->d_name); number > 2 && number != dirfd(folder))
      result.insert(number);
  closedir(folder);
  return result;
}

// What the loop would be: readable while there is something to do.
class Work {
 public:
  Work() { REQUIRE(pipe(ends_) == 0); }
  ~Work() {
    close(ends_[0]);
    close(ends_[1]);
  }
  [[nodiscard]] int descriptor() const { return ends_[0]; }
  // Any thread.
  void add() {
    if (write(ends_[1], "w", 1) != 1) std::abort();
  }
  void take() {
    char byte = 0;
    REQUIRE(read(ends_[0], &byte, 1) == 1);
  }

 private:
  int ends_[2] = {-1, -1};
};

// What a host would be: hears announcements in the watcher's thread.
class Host {
 public:
  bool announce() {
    const std::lock_guard lock(mutex_);
    ++calls_;
    heard_.notify_all();
    if (refusals_ > 0) {
      --refusals_;
      return false;
    }
    return true;
  }
  void refuse(int count) {
    const std::lock_guard lock(mutex_);
    refusals_ = count;
  }
  [[nodiscard]] int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  [[nodiscard]] bool wait_for_calls(int count) {
    std::unique_lock lock(mutex_);
    return heard_.wait_for(lock, patience, [&] { return calls_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable heard_;
  int calls_ = 0;
  int refusals_ = 0;
};

struct Fixture {
  Work work;
  Host host;
  WatcherThread watcher;

  void start() {
    REQUIRE(watcher.start(work.descriptor(), [this] { return host.announce(); }).ok());
  }
};

TEST_CASE_METHOD(Fixture, "what is readable is announced once and not again until it is served") {
  start();
  CHECK_FALSE(watcher.announced());
  work.add();
  REQUIRE(host.wait_for_calls(1));
  CHECK(watcher.announced());
  // A watcher that spins would have called thousands of times; a second is its patience.
  std::this_thread::sleep_for(300ms);
  CHECK(host.calls() <= 2);
}

TEST_CASE_METHOD(Fixture, "what is left after it was served is announced again") {
  start();
  work.add();
  work.add();
  REQUIRE(host.wait_for_calls(1));
  work.take();
  watcher.served();
  REQUIRE(host.wait_for_calls(2));
  work.take();
  watcher.served();
  CHECK_FALSE(watcher.announced());
}

TEST_CASE_METHOD(Fixture, "nothing to do is no announcement") {
  start();
  watcher.served();  // of nothing
  std::this_thread::sleep_for(100ms);
  CHECK(host.calls() == 0);
  work.add();
  CHECK(host.wait_for_calls(1));
}

TEST_CASE_METHOD(Fixture, "an announcement that could not be made is tried again") {
  host.refuse(3);
  start();
  work.add();
  REQUIRE(host.wait_for_calls(4));
}

TEST_CASE_METHOD(Fixture, "an announcement that the host threw away is made again") {
  start();
  work.add();
  REQUIRE(host.wait_for_calls(2));
}

TEST_CASE_METHOD(Fixture, "of many wake-ups none is lost") {
  constexpr int rounds = 20'000;
  start();
  std::thread worker([&] {
    for (int i = 0; i < rounds; ++i) work.add();
  });
  int done = 0;
  while (done < rounds) {
    if (!watcher.announced()) {
      std::this_thread::yield();
      continue;
    }
    pollfd ready{work.descriptor(), POLLIN, 0};
    while (poll(&ready, 1, 0) == 1) {
      work.take();
      if (++done % 7 == 0) break;  // and leaves the rest for the next time
    }
    watcher.served();
  }
  worker.join();
  watcher.stop();
  CHECK(host.calls() <= rounds + 1);
}

TEST_CASE_METHOD(Fixture, "it stops in every state, and starts again") {
  const std::set<int> before = open_descriptors();
  watcher.stop();  // was never started
  start();
  CHECK(watcher.start(work.descriptor(), [] { return true; }).error() == Error::invalid_argument);
  watcher.stop();  // watching
  watcher.stop();
  CHECK_FALSE(watcher.running());
  start();
  work.add();
  REQUIRE(host.wait_for_calls(1));
  watcher.stop();  // announced
  CHECK_FALSE(watcher.announced());
  host.refuse(1'000'000);
  start();
  REQUIRE(host.wait_for_calls(3));
  watcher.stop();  // about to try again
  CHECK(open_descriptors() == before);
}

TEST_CASE_METHOD(Fixture, "its descriptors do not go over to other programs") {
  const std::set<int> before = open_descriptors();
  start();
  int added = 0;
  for (const int descriptor : open_descriptors()) {
    if (before.contains(descriptor)) continue;
    ++added;
    CHECK((fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(added == 2);
}

TEST_CASE("the program's signals stay with the program's threads") {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  CHECK(sigismember(&before, SIGUSR1) == 0);
  Work work;
  Host host;
  bool blocked = false;
  WatcherThread watcher;
  REQUIRE(watcher
              .start(work.descriptor(),
                     [&] {
                       sigset_t mask;
                       pthread_sigmask(SIG_SETMASK, nullptr, &mask);
                       blocked =
                           sigismember(&mask, SIGUSR1) == 1 && sigismember(&mask, SIGINT) == 1;
                       return host.announce();
                     })
              .ok());
  work.add();
  REQUIRE(host.wait_for_calls(1));
  watcher.stop();
  CHECK(blocked);
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  CHECK(sigismember(&after, SIGUSR1) == 0);
}

}  // namespace
