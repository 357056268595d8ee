#include "spool/io/transports/ipc.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "spool/io/transports/fd_listener.h"
#include "spool/io/transports/unix_address.h"

namespace spool::io {

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

FileIdentity identity_of(const SocketAddress& at) noexcept {
  struct stat file {};
  if (::lstat(path_of(at), &file) != 0) return {};
  return {file.st_dev, file.st_ino};
}

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
    if (is_in_fork_child()) return;
    const FileIdentity now = identity_of(at_);
    if (now.inode != 0 && now.device == file_.device && now.inode == file_.inode)
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

bool is_abstract(const Address& address) noexcept { return address.scheme() == "abstract"; }

Result<SocketAddress> parse(const Address& address, bool listen, Explanation& why) noexcept {
  return is_abstract(address) ? parse_abstract(address.rest(), listen, why)
                              : parse_ipc(address.rest(), why);
}

class IpcTransport final : public Transport {
 public:
  explicit IpcTransport(IoContext& io) noexcept : io_(io), pipes_(io.memory) {}

  std::string_view scheme() const noexcept override { return "ipc"; }
  std::string_view aliases() const noexcept override { return "unix abstract"; }

  bool reserve(std::uint32_t pipes) noexcept override { return pipes_.reserve(pipes); }

  Error check(const Address& address, bool listen, Explanation& why) noexcept override {
    const Result<SocketAddress> parsed = parse(address, listen, why);
    return parsed.ok() ? Error::none : parsed.error();
  }

  Result<Pipe*> connect(const Address& address, const PipeConfig& config, const LinkConfig& link,
                        PipeOwner& owner, OpenError& error) noexcept override {
    const Result<SocketAddress> to = parse(address, false, error.why);
    if (!to.ok()) return to.error();
    return connect_socket(io_, pipes_, {}, to.value(), Framing::ipc, config, link, owner, error);
  }

  Result<loop::Box<Listener>> listen(const Address& address, const PipeConfig& config,
                                     const LinkConfig& link, ListenerOwner& owner,
                                     OpenError& error) noexcept override {
    const Result<SocketAddress> at = parse(address, true, error.why);
    if (!at.ok()) return at.error();
    Result<loop::OwnedFd> made = make_socket(AF_UNIX, SOCK_STREAM, error.os_error);
    if (!made.ok()) return made.error();
    loop::OwnedFd fd = std::move(made).value();
    apply_link(fd.get(), AF_UNIX, link);
    return is_abstract(address)
               ? listen_on_name(std::move(fd), at.value(), config, link, owner, error)
               : listen_on_file(std::move(fd), at.value(), address, config, link, owner, error);
  }

 private:
  using Listening = Result<loop::Box<Listener>>;

  Listening listen_on_name(loop::OwnedFd fd, const SocketAddress& at, const PipeConfig& config,
                           const LinkConfig& link, ListenerOwner& owner,
                           OpenError& error) noexcept {
    if (::bind(fd.get(), at.get(), at.size) != 0 || ::listen(fd.get(), listen_backlog) != 0) {
      error.os_error = errno;
      return error_from_errno(error.os_error);
    }
    const Result<Address> real = abstract_address(local_address(fd.get()), error.why);
    if (!real.ok()) return real.error();
    loop::Box<FdListener> listener = loop::make_box<FdListener>(
        io_.memory, io_, pipes_, std::move(fd), Framing::ipc, config, link, real.value(), owner);
    if (!listener) return Error::no_memory;
    if (const Error failed = listener->start(); failed != Error::none) return failed;
    return loop::Box<Listener>(std::move(listener));
  }

  Listening listen_on_file(loop::OwnedFd fd, const SocketAddress& at, const Address& address,
                           const PipeConfig& config, const LinkConfig& link, ListenerOwner& owner,
                           OpenError& error) noexcept {
    if (const Error bound = bind_file(fd.get(), at, error); bound != Error::none) return bound;
    const FileIdentity identity = identity_of(at);
    // Permissions first: until it listens nobody gets in.
    const bool permitted = !link.ipc_permissions ||
                           ::chmod(path_of(at), static_cast<mode_t>(*link.ipc_permissions)) == 0;
    if (!permitted || ::listen(fd.get(), listen_backlog) != 0) {
      error.os_error = errno;
      static_cast<void>(::unlink(path_of(at)));
      return error_from_errno(error.os_error);
    }
    loop::Box<IpcListener> listener = loop::make_box<IpcListener>(
        io_.memory, io_, pipes_, std::move(fd), config, link, address, owner, at, identity);
    if (!listener) {
      static_cast<void>(::unlink(path_of(at)));
      return Error::no_memory;
    }
    if (const Error failed = listener->start(); failed != Error::none) return failed;
    return loop::Box<Listener>(std::move(listener));
  }

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
