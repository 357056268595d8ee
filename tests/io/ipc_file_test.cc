// Which files an ipc listener makes, replaces and removes.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>

#include "spool/io/transports/ipc.h"
#include "spool/loop/owned_fd.h"
#include "tests/io/transport_fixture.h"

namespace spool::io {
namespace {

struct IpcFixture : TransportFixture {
  ShortDirectory directory;
  std::string path = directory.file("s");
  std::string at = "ipc://" + path;

  // The type of the file at the path; 0: none.
  [[nodiscard]] static mode_t type_of(const std::string& file) {
    struct stat is {};
    return ::lstat(file.c_str(), &is) == 0 ? is.st_mode & S_IFMT : 0;
  }
  static void write_file(const std::string& file) {
    const loop::OwnedFd fd(::open(file.c_str(), O_CREAT | O_WRONLY, 0600));
    REQUIRE(::write(fd.get(), "precious", 8) == 8);
  }
  static std::string read_file(const std::string& file) {
    const loop::OwnedFd fd(::open(file.c_str(), O_RDONLY));
    char text[32] = {};
    return ::read(fd.get(), text, sizeof text - 1) > 0 ? text : "";
  }
  // A socket bound to the path that listens, or not.
  static loop::OwnedFd bound(const std::string& file, int type, bool listening) {
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, file.c_str(), file.size() + 1);
    loop::OwnedFd fd(::socket(AF_UNIX, type, 0));
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&un), sizeof un) == 0);
    if (listening) REQUIRE(::listen(fd.get(), 5) == 0);
    return fd;
  }
};

TEST_CASE_METHOD(IpcFixture, "listening makes a socket file, and closing removes it") {
  REQUIRE(listen(at) == Error::none);
  CHECK(type_of(path) == S_IFSOCK);
  listener.reset();
  CHECK(type_of(path) == 0);
}

TEST_CASE_METHOD(IpcFixture, "a socket that a dead process left behind is replaced") {
  { const loop::OwnedFd dead = bound(path, SOCK_STREAM, true); }
  REQUIRE(type_of(path) == S_IFSOCK);
  open_link(at);
  REQUIRE(send(near(), "x") == Error::none);
  CHECK(until([&] { return far().receivable(); }));
  CHECK(error.os_error == 0);
}

TEST_CASE_METHOD(IpcFixture, "a living listener keeps its path, and goes on listening") {
  REQUIRE(listen(at) == Error::none);
  loop::Box<Listener> first = std::move(listener);
  for (int i = 0; i < 3; ++i) {
    CHECK(listen(at) == Error::address_in_use);
    CHECK(error.os_error == EADDRINUSE);
  }
  some_turns();
  // Asking did not even look like a connection.
  CHECK(server.owner.accepted.empty());
  CHECK(server.owner.accept_error == Error::none);
  REQUIRE(connect(at) == Error::none);
  CHECK(until([&] { return server.owner.opened == 1 && client.owner.opened == 1; }));
  first.reset();
  CHECK(type_of(path) == 0);
}

TEST_CASE_METHOD(IpcFixture, "somebody else's living socket of any kind is left alone") {
  const int type = GENERATE(SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM);
  const loop::OwnedFd other = bound(path, type, type != SOCK_DGRAM);
  CHECK(listen(at) == Error::address_in_use);
  CHECK(type_of(path) == S_IFSOCK);
}

TEST_CASE_METHOD(IpcFixture, "a regular file is never deleted") {
  write_file(path);
  CHECK(listen(at) == Error::address_in_use);
  CHECK(read_file(path) == "precious");
}

TEST_CASE_METHOD(IpcFixture, "a directory is never deleted") {
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  CHECK(listen(at) == Error::address_in_use);
  CHECK(type_of(path) == S_IFDIR);
  CHECK(::rmdir(path.c_str()) == 0);
}

TEST_CASE_METHOD(IpcFixture, "a symbolic link is never deleted, nor what it points at") {
  const std::string target = directory.file("target");
  SECTION("to a file") { write_file(target); }
  SECTION("to nothing") {}
  SECTION("to a dead socket") { const loop::OwnedFd dead = bound(target, SOCK_STREAM, true); }
  const mode_t before = type_of(target);
  REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
  CHECK(listen(at) == Error::address_in_use);
  CHECK(type_of(path) == S_IFLNK);
  CHECK(type_of(target) == before);
}

TEST_CASE_METHOD(IpcFixture, "a file that somebody put in place of ours is not removed") {
  REQUIRE(listen(at) == Error::none);
  // Aside, not deleted: the number of a deleted file may be used again at once.
  const std::string aside = directory.file("aside");
  REQUIRE(::rename(path.c_str(), aside.c_str()) == 0);
  SECTION("a regular one") {
    write_file(path);
    listener.reset();
    CHECK(read_file(path) == "precious");
  }
  SECTION("a socket") {
    const loop::OwnedFd other = bound(path, SOCK_STREAM, true);
    listener.reset();
    CHECK(type_of(path) == S_IFSOCK);
  }
  SECTION("none at all") {
    listener.reset();
    CHECK(type_of(path) == 0);
  }
}

TEST_CASE_METHOD(IpcFixture, "connecting where nobody listens is refused, and makes no file") {
  SECTION("no file") {
    CHECK(connect(at) == Error::connection_refused);
    CHECK(type_of(path) == 0);
  }
  SECTION("a dead socket") {
    { const loop::OwnedFd dead = bound(path, SOCK_STREAM, true); }
    CHECK(connect(at) == Error::connection_refused);
  }
  SECTION("a file") {
    write_file(path);
    CHECK(connect(at) == Error::connection_refused);
    CHECK(read_file(path) == "precious");
  }
  CHECK(error.os_error != 0);
}

TEST_CASE_METHOD(IpcFixture, "a path in a directory that does not exist cannot be listened on") {
  CHECK(listen("ipc:///tmp/no/such/directory/s") == Error::address_unavailable);
  CHECK(error.os_error == ENOENT);
}

TEST_CASE_METHOD(IpcFixture, "the file gets the permissions that were asked for") {
  link.ipc_permissions = GENERATE(0600u, 0777u, 0u, 0640u);
  REQUIRE(listen(at) == Error::none);
  struct stat is {};
  REQUIRE(::lstat(path.c_str(), &is) == 0);
  CHECK((is.st_mode & 0777u) == *link.ipc_permissions);
}

TEST_CASE_METHOD(IpcFixture, "unasked, the umask says who may connect") {
  const mode_t before = ::umask(0027);
  const Error listening = listen(at);
  ::umask(before);
  REQUIRE(listening == Error::none);
  struct stat is {};
  REQUIRE(::lstat(path.c_str(), &is) == 0);
  CHECK((is.st_mode & 0777u) == 0750u);
}

TEST_CASE_METHOD(IpcFixture, "unix is another word for ipc") {
  REQUIRE(listen("unix://" + path) == Error::none);
  CHECK(type_of(path) == S_IFSOCK);
  CHECK(listener->address().text() == "unix://" + path);
  REQUIRE(connect(at) == Error::none);
  CHECK(until([&] { return server.owner.opened == 1 && client.owner.opened == 1; }));
}

TEST_CASE_METHOD(IpcFixture, "an abstract name makes no file, and may be chosen by the kernel") {
  REQUIRE(listen("abstract://") == Error::none);
  const std::string real(listener->address().text());
  CHECK(real.size() > std::string_view("abstract://").size());
  link.ipc_permissions = 0600;  // means nothing to it
  REQUIRE(connect(real) == Error::none);
  CHECK(until([&] { return server.owner.opened == 1 && client.owner.opened == 1; }));
  CHECK(listen(real) == Error::address_in_use);
}

TEST_CASE_METHOD(IpcFixture, "each end of a unix socket can tell who the other one is") {
  open_link(GENERATE(false, true) ? at : "abstract://");
  for (const Pipe* pipe : {&near(), &far()}) {
    PeerCredentials who;
    REQUIRE(pipe->credentials(who));
    CHECK(who.uid == ::geteuid());
    CHECK(who.gid == ::getegid());
    CHECK((who.pid == ::getpid() || who.pid == 0));
  }
  near().close();
  PeerCredentials none;
  CHECK_FALSE(near().credentials(none));
}

TEST_CASE_METHOD(IpcFixture, "nobody tells who is at the other end of tcp") {
  open_link("tcp://127.0.0.1:0");
  PeerCredentials none;
  CHECK_FALSE(near().credentials(none));
  CHECK_FALSE(far().credentials(none));
}

TEST_CASE_METHOD(IpcFixture, "an abstract name where nobody listens is refused") {
  CHECK(connect("abstract://spool-nobody-" + std::to_string(::getpid())) ==
        Error::connection_refused);
}

}  // namespace
}  // namespace spool::io
