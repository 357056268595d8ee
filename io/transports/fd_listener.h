// FdListener: accepts connections on a listening socket; tcp and unix alike.
#pragma once

#include "spool/io/transport.h"
#include "spool/io/transports/fd_pipe.h"
#include "spool/loop/reactor.h"

namespace spool::io {

// Owned by its Acceptor. Accepts a bounded number per turn. After an error that a pause may cure
// (descriptors, memory) it stops watching until resume(), so that it never spins.
class FdListener : public Listener, public loop::Source {
 public:
  FdListener(IoContext& io, FdPipe::Pool& pipes, loop::OwnedFd fd, Framing framing,
             const PipeConfig& config, const LinkConfig& link, const Address& address,
             ListenerOwner& owner) noexcept;
  ~FdListener() override;

  // Once: starts watching.
  [[nodiscard]] Error start() noexcept;
  void resume() noexcept override;
  [[nodiscard]] const Address& address() const noexcept override { return address_; }
  void on_ready(Readiness ready) noexcept override;

 protected:
  [[nodiscard]] NativeHandle handle() const noexcept { return fd_.get(); }
  [[nodiscard]] bool is_in_fork_child() const noexcept { return io_.is_fork_child; }

 private:
  void pause(Error error, int os_error) noexcept;

  IoContext& io_;
  FdPipe::Pool& pipes_;
  loop::OwnedFd fd_;
  Token token_{};
  const PipeConfig& config_;
  LinkConfig link_;
  ListenerOwner& owner_;
  Address address_;
  Framing framing_;
};

}  // namespace spool::io
