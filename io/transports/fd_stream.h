// FdStream: a Stream over a socket descriptor; tcp and unix sockets alike.
#pragma once

#include "spool/io/stream.h"
#include "spool/loop/owned_fd.h"

namespace spool::io {

// Owns the descriptor, which is non-blocking.
class FdStream final : public Stream {
 public:
  explicit FdStream(loop::OwnedFd fd) noexcept : fd_(std::move(fd)) {}

  [[nodiscard]] Transfer read(std::span<iovec> buffers) noexcept override;
  [[nodiscard]] Transfer write(std::span<const iovec> buffers) noexcept override;
  [[nodiscard]] Transfer finish_connect() noexcept override;
  void shutdown_write() noexcept override;
  void close() noexcept override { fd_.reset(); }
  [[nodiscard]] NativeHandle handle() const noexcept override { return fd_.get(); }

 private:
  loop::OwnedFd fd_;
};

}  // namespace spool::io
