// What nngcat and nanocat are known to do wrong, with the programs themselves: nngcat of Debian,
// and our own nanocat, whose path is in SPOOL_NANOCAT.
#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/acceptance/child.h"
#include "tests/acceptance/world.h"

using namespace spool;
using namespace std::chrono_literals;

namespace {

std::string nngcat() {
  for (const char* path : {"/usr/bin/nngcat", "/usr/local/bin/nngcat"})
    if (::access(path, X_OK) == 0) return path;
  FAIL("nngcat is not installed: apt-get install nng-utils (`./run install-deps` does it)");
  return "";
}

std::string our_nanocat() {
  const char* path = std::getenv("SPOOL_NANOCAT");
  if (path == nullptr) FAIL("SPOOL_NANOCAT is not set: the path of //tools/nanocat");
  return path;
}

// A program, and what it prints.
class Program {
 public:
  explicit Program(std::vector<std::string> words)
      : out_(open_pipe()), child_([&] { return run(words); }) {
    ::close(out_.write);
  }
  ~Program() { ::close(out_.read); }
  // What it has printed, once `size` bytes are there; or less after ten seconds.
  std::string read(World& world, std::size_t size) {
    std::string text;
    world.until([&] {
      char part[4096];
      const ssize_t n = ::read(out_.read, part, sizeof part);
      if (n > 0) text.append(part, static_cast<std::size_t>(n));
      return text.size() >= size;
    });
    return text;
  }
  int wait() { return child_.wait(); }

 private:
  struct Pipe {
    int read;
    int write;
  };
  static Pipe open_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) FAIL("no pipe");
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return {ends[0], ends[1]};
  }
  int run(const std::vector<std::string>& words) const {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::dup2(out_.write, STDOUT_FILENO);
    ::execv(argv[0], argv.data());
    return 127;
  }

  Pipe out_;
  Child child_;
};

bool exists(const std::string& address) {
  struct stat file {};
  return ::lstat(address.c_str() + 6, &file) == 0;
}

}  // namespace

TEST_CASE("To ask for the address of a live nngcat is refused, and stops it not") {
  World world;
  const std::string address = somewhere("ipc");
  {
    Program theirs({nngcat(), "--pull0", "--listen", address, "--ascii"});
    REQUIRE(world.until([&] { return exists(address); }));
    Push push = world.loop.open<Push>().value();
    // The socket file is there before anybody listens; then asking is an honest race.
    REQUIRE(push.connect(address).ok());
    REQUIRE(push.wait_for_peers(1, 10s).ok());
    for (int i = 0; i < 5; ++i) {
      Pull pull = world.loop.open<Pull>().value();
      CHECK(pull.listen(address).error() == Error::address_in_use);
    }
    REQUIRE(exists(address));
    REQUIRE(push.send_for("first", 10s).ok());
    CHECK(theirs.read(world, 5) == "first");
    // And it accepts whoever comes next.
    Push second = world.loop.open<Push>().value();
    REQUIRE(second.connect(address).ok());
    REQUIRE(second.wait_for_peers(1, 10s).ok());
    REQUIRE(second.send_for("second", 10s).ok());
    CHECK(theirs.read(world, 6) == "second");
  }
  ::unlink(address.c_str() + 6);
}

TEST_CASE("Connections of ours that come and go at once do not stop a live nngcat") {
  World world;
  const std::string address = somewhere("ipc");
  {
    Program theirs({nngcat(), "--pull0", "--listen", address, "--ascii"});
    REQUIRE(world.until([&] { return exists(address); }));
    for (int i = 0; i < 5; ++i) {
      Push push = world.loop.open<Push>().value();
      REQUIRE(push.connect(address).ok());
      // Whatever its header comes to: it is never gone before both headers are through.
      REQUIRE(push.wait_for_peers(1, 10s).ok());
    }
    Push push = world.loop.open<Push>().value();
    REQUIRE(push.connect(address).ok());
    REQUIRE(push.send_for("served", 10s).ok());
    CHECK(theirs.read(world, 6) == "served");
  }
  ::unlink(address.c_str() + 6);
}

TEST_CASE("The socket file that nngcat leaves behind is used again, and our own is removed") {
  World world;
  const std::string address = somewhere("ipc");
  // Its time is up before anything comes.
  Program theirs({nngcat(), "--pull0", "--listen", address, "--ascii", "--recv-timeout", "1"});
  theirs.wait();
  REQUIRE(exists(address));
  {
    Pull pull = world.loop.open<Pull>().value();
    REQUIRE(pull.listen(address).ok());
    const World::Peer peer = world.join(pull, address, push_id);
    REQUIRE(peer->send(raw::frame(true, "ours now")));
    CHECK(pull.recv_for(10s).value().text() == "ours now");
  }
  world.settle();
  CHECK_FALSE(exists(address));
}

TEST_CASE("Our nanocat removes its socket file when its time is up") {
  World world;
  const std::string address = somewhere("ipc");
  Program ours({our_nanocat(), "--pull", "--bind", address, "--ascii", "--recv-timeout", "0.5"});
  REQUIRE(world.until([&] { return exists(address); }));
  ours.wait();
  CHECK_FALSE(exists(address));
}
