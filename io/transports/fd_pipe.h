// FdPipe: a StreamPipe that owns its socket, and the recycled storage that such pipes live in.
#pragma once

#include "spool/io/stream_pipe.h"
#include "spool/io/transports/fd_stream.h"
#include "spool/io/transports/socket.h"
#include "spool/loop/object_pool.h"

namespace spool::io {

namespace detail {
// Constructed before the StreamPipe base that refers to it.
struct StreamHolder {
  explicit StreamHolder(loop::OwnedFd fd) noexcept : fd_stream(std::move(fd)) {}
  FdStream fd_stream;
};
}  // namespace detail

class FdPipe final : private detail::StreamHolder, public StreamPipe {
 public:
  using Pool = loop::ObjectPool<FdPipe>;
  FdPipe(Pool& storage, IoContext& io, loop::OwnedFd fd, const SocketAddress& peer, Framing framing,
         const PipeConfig& config, PipeOwner& owner) noexcept
      : StreamHolder(std::move(fd)),
        StreamPipe(io, fd_stream, framing, config, owner),
        storage_(storage),
        peer_(PeerName::of(peer)) {}

  void dispose() noexcept override { storage_.destroy(this); }
  void describe_peer(Explanation& text) const noexcept override { peer_.describe(text); }
  void describe_local(Explanation& text) const noexcept override {
    if (!ended()) PeerName::of(local_address(fd_stream.handle())).describe(text);
  }
  // Of unix sockets; not once the pipe is closed.
  [[nodiscard]] bool credentials(PeerCredentials& out) const noexcept override {
    return peer_.ip.family == IpFamily::any && peer_credentials(fd_stream.handle(), out);
  }

 private:
  Pool& storage_;
  PeerName peer_;
};

// Begins a connection to `to`, from `from` unless that is empty; what Transport::connect promises.
[[nodiscard]] Result<Pipe*> connect_socket(IoContext& io, FdPipe::Pool& pipes,
                                           const SocketAddress& from, const SocketAddress& to,
                                           Framing framing, const PipeConfig& config,
                                           const LinkConfig& link, PipeOwner& owner,
                                           OpenError& error) noexcept;

}  // namespace spool::io
