// Stream: a non-blocking stream of bytes. The seam below StreamPipe: sockets in fd_stream.h, a
// network that splits every transfer in the tests, later TLS or completion ports.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "spool/loop/error.h"
#include "spool/loop/poller.h"

namespace spool::io {

// What a read or write did.
//   bytes > 0                    that many were moved
//   bytes == 0, error none       a read: the peer has closed its side
//   error would_block            nothing now; wait for readiness
//   any other error              the stream is dead; os_error is the errno, or 0
struct Transfer {
  std::size_t bytes = 0;
  Error error = Error::none;
  int os_error = 0;
};

// Owned by the pipe that uses it. Destroying it closes the connection.
class Stream {
 public:
  // Fills the buffers in order. Their sum is not zero.
  [[nodiscard]] virtual Transfer read(std::span<iovec> buffers) noexcept = 0;
  // Writes the buffers in order; a short write means that the stream is full for now.
  [[nodiscard]] virtual Transfer write(std::span<const iovec> buffers) noexcept = 0;
  // After a connect that was under way became writable: none, would_block, or why it failed.
  [[nodiscard]] virtual Transfer finish_connect() noexcept = 0;
  // Tells the peer that no more comes; reading goes on.
  virtual void shutdown_write() noexcept = 0;
  // Closes it; idempotent. The handle is invalid afterwards.
  virtual void close() noexcept = 0;
  // What the poller watches.
  [[nodiscard]] virtual NativeHandle handle() const noexcept = 0;

 protected:
  ~Stream() = default;
};

}  // namespace spool::io
