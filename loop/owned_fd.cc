#include "spool/loop/owned_fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "spool/loop/assert.h"

namespace spool::loop {

void OwnedFd::reset() noexcept {
  if (fd_ == invalid_handle) return;
  // EBADF means that somebody else closed our descriptor, and may own its number by now: a bug.
  // EINTR is no reason to try again: the descriptor is gone already (POSIX leaves it open to
  // doubt, every system we run on has closed it).
  if (::close(std::exchange(fd_, invalid_handle)) != 0) SPOOL_ASSERT(errno != EBADF);
}

Error set_nonblocking(NativeHandle fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return error_from_errno(errno);
  return Error::none;
}

Error set_close_on_exec(NativeHandle fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFD);
  if (flags < 0 || ::fcntl(fd, F_SETFD, flags | FD_CLOEXEC) != 0) return error_from_errno(errno);
  return Error::none;
}

}  // namespace spool::loop
