#include "spool/io/transports/ipc.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "spool/io/transports/fd_listener.h"

namespace spool::io {

Result<SocketAddress> parse_ipc(std::string_view rest, Explanation& why) noexcept {
  constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
  if (rest.empty()) {
    why << "expected a path behind ipc://";
    return Error::invalid_address;
  }
  if (rest.size() > longest) {
    why << "a path of " << std::uint64_t{rest.size()}
        << " bytes is too long for a unix socket: at most " << std::uint64_t{longest};
    return Error::name_too_long;
  }
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, rest.data(), rest.size());
  SocketAddress address;
  std::memcpy(&address.storage, &un, sizeof un);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + rest.size() + 1);
  return address;
}

namespace {

constexpr int listen_backlog = 1024;

const char* path_of(const SocketAddress& address) noexcept {
  return reinterpret_cast<const char*>(&address.storage) + offsetof(sockaddr_un, sun_path);
}

// Which file it was, in case somebody else has put another one there by the time we leave.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
};

// A unix listener, which also owns the file.
class IpcListener final : public FdListener {
 public:
  IpcListener(IoContext& io, FdPipe::Pool& pipes, loop::OwnedFd fd, const PipeConfig& config,
              const LinkConfig& link, const Address& address, ListenerOwner& owner,
              const SocketAddress& at, FileIdentity file) noexcept
      : FdListener(io, pipes, std::move(fd), Framing::ipc, config, link, address, owner),
        at_(at),
        file_(file) {}
  ~IpcListener() override {
    struct stat now {};
    if (::lstat(path_of(at_), &now) == 0 && now.st_dev == file_.device && now.st_ino == file_.inode)
      static_cast<void>(::unlink(path_of(at_)));
  }

 private:
  SocketAddress at_;
  FileIdentity file_;
};

// Is the file at this path a socket that nobody listens on any more? A datagram socket asks without
// making a connection: a live stream listener answers EPROTOTYPE, a dead file ECONNREFUSED. (A
// stream connect that is closed at once stops an nng 1.5 listener for good; wire.md §1.3.)
bool is_stale_socket(const SocketAddress& at) noexcept {
  struct stat file {};
  if (::lstat(path_of(at), &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  loop::OwnedFd probe(::socket(AF_UNIX, SOCK_DGRAM, 0));
  if (!probe || loop::set_close_on_exec(probe.get()) != Error::none) return false;
  return ::connect(probe.get(), at.get(), at.size) != 0 && errno == ECONNREFUSED;
}

class IpcTransport final : public Transport {
 public:
  explicit IpcTransport(IoContext& io) noexcept : io_(io), pipes_(io.memory) {}

  std::string_view scheme() const noexcept override { return "ipc"; }

  Error check(const Address& address, bool, Explanation& why) noexcept override {
    const Result<SocketAddress> parsed = parse_ipc(address.rest(), why);
    return parsed.ok() ? Error::none : parsed.error();
  }

  Result<Pipe*> connect(const Address& address, const PipeConfig& config, const LinkConfig& link,
                        PipeOwner& owner, OpenError& error) noexcept override {
    const Result<SocketAddress> to = parse_ipc(address.rest(), error.why);
    if (!to.ok()) return to.error();
    return connect_socket(io_, pipes_, to.value(), Framing::ipc, config, link, owner, error);
  }

  Result<loop::Box<Listener>> listen(const Address& address, const PipeConfig& config,
                                     const LinkConfig& link, ListenerOwner& owner,
                                     OpenError& error) noexcept override {
    const Result<SocketAddress> at = parse_ipc(address.rest(), error.why);
    if (!at.ok()) return at.error();
    Result<loop::OwnedFd> made = make_socket(AF_UNIX, error.os_error);
    if (!made.ok()) return made.error();
    loop::OwnedFd fd = std::move(made).value();
    apply_link(fd.get(), AF_UNIX, link);
    if (const Error bound = bind_file(fd.get(), at.value(), error); bound != Error::none)
      return bound;
    struct stat file {};
    const bool known = ::lstat(path_of(at.value()), &file) == 0;
    FileIdentity identity{known ? file.st_dev : 0, known ? file.st_ino : 0};
    if (::listen(fd.get(), listen_backlog) != 0) {
      error.os_error = errno;
      static_cast<void>(::unlink(path_of(at.value())));
      return error_from_errno(error.os_error);
    }
    loop::Box<IpcListener> listener = loop::make_box<IpcListener>(
        io_.memory, io_, pipes_, std::move(fd), config, link, address, owner, at.value(), identity);
    if (!listener) {
      static_cast<void>(::unlink(path_of(at.value())));
      return Error::no_memory;
    }
    if (const Error failed = listener->start(); failed != Error::none) return failed;
    return loop::Box<Listener>(std::move(listener));
  }

 private:
  // Binds; a file that a dead process left behind is replaced, any other file is left alone.
  static Error bind_file(NativeHandle fd, const SocketAddress& at, OpenError& error) noexcept {
    if (::bind(fd, at.get(), at.size) == 0) return Error::none;
    error.os_error = errno;
    if (error.os_error == EADDRINUSE && is_stale_socket(at)) {
      if (::unlink(path_of(at)) == 0 && ::bind(fd, at.get(), at.size) == 0) {
        error.os_error = 0;
        return Error::none;
      }
      error.os_error = errno;
    }
    return error_from_errno(error.os_error);
  }

  IoContext& io_;
  FdPipe::Pool pipes_;
};

}  // namespace

loop::Box<Transport> make_ipc_transport(IoContext& io) noexcept {
  return loop::make_box<IpcTransport>(io.memory, io);
}

}  // namespace spool::io
