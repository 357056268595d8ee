#include "spool/io/transports/fd_listener.h"

#include <cerrno>
#include <utility>

namespace spool::io {

namespace {

constexpr int accepts_per_turn = 16;

// Errors of one connection that died in the queue, not of the listener (accept(2)).
bool concerns_one_connection(int os_error) noexcept {
  switch (os_error) {
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ETIMEDOUT:
    case ECONNRESET:
    case EPERM:
      return true;  // a firewall rule
    default:
      return false;
  }
}

}  // namespace

FdListener::FdListener(IoContext& io, FdPipe::Pool& pipes, loop::OwnedFd fd, Framing framing,
                       const PipeConfig& config, const LinkConfig& link, const Address& address,
                       ListenerOwner& owner) noexcept
    : io_(io),
      pipes_(pipes),
      fd_(std::move(fd)),
      config_(config),
      link_(link),
      owner_(owner),
      address_(address),
      framing_(framing) {}

FdListener::~FdListener() {
  if (token_.valid()) io_.reactor.remove(token_);
}

Error FdListener::start() noexcept {
  const Result<Token> token = io_.reactor.add(fd_.get(), Interest::read, *this);
  if (!token.ok()) return token.error();
  token_ = token.value();
  return Error::none;
}

void FdListener::resume() noexcept { io_.reactor.set_interest(token_, Interest::read); }

void FdListener::pause(Error error, int os_error) noexcept {
  io_.reactor.set_interest(token_, Interest::none);
  owner_.on_accept_error(error, os_error);
}

void FdListener::on_ready(Readiness) noexcept {
  for (int i = 0; i < accepts_per_turn; ++i) {
    int os_error = 0;
    SocketAddress peer;
    Result<loop::OwnedFd> accepted = accept_socket(fd_.get(), peer, os_error);
    if (!accepted.ok()) {
      if (accepted.error() == Error::would_block) return;
      if (concerns_one_connection(os_error)) continue;
      return pause(accepted.error(), os_error);
    }
    loop::OwnedFd fd = std::move(accepted).value();
    // The options of the listening socket are inherited, but not the buffers of unix sockets.
    apply_buffers(fd.get(), link_);
    FdPipe* pipe = pipes_.create(pipes_, io_, std::move(fd), peer, framing_, config_, owner_);
    if (pipe == nullptr) return pause(Error::no_memory, 0);
    if (const Error error = pipe->start(true); error != Error::none) {
      pipe->dispose();
      return pause(error, 0);
    }
    owner_.on_accepted(*pipe);
  }
  io_.reactor.note_more();
}

}  // namespace spool::io
