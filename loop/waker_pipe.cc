#include <unistd.h>

#include <cerrno>
#include <utility>

#include "spool/loop/waker.h"

namespace spool::loop {

namespace {

class PipeWaker final : public Waker {
 public:
  PipeWaker(OwnedFd reader, OwnedFd writer) noexcept
      : reader_(std::move(reader)), writer_(std::move(writer)) {}

  // The only failure is a pipe that is full, and then it is readable anyway.
  void signal() noexcept override {
    const int kept = errno;
    const char byte = 0;
    [[maybe_unused]] const ssize_t written = ::write(writer_.get(), &byte, 1);
    errno = kept;
  }
  // Until a short read: a burst of signals may have left more bytes than one read takes.
  void drain() noexcept override {
    char bytes[1024];
    while (::read(reader_.get(), bytes, sizeof bytes) == static_cast<ssize_t>(sizeof bytes)) {
    }
  }
  [[nodiscard]] NativeHandle fd() const noexcept override { return reader_.get(); }

 private:
  OwnedFd reader_;
  OwnedFd writer_;
};

// pipe2() would close the gap in which another thread's fork() and exec() inherit the descriptors,
// but not every system has it; those that care have eventfd.
Error prepare(NativeHandle fd) noexcept {
  const Error error = set_close_on_exec(fd);
  return error != Error::none ? error : set_nonblocking(fd);
}

}  // namespace

Result<Box<Waker>> make_pipe_waker(Memory& memory) noexcept {
  int ends[2];
  if (::pipe(ends) != 0) return error_from_errno(errno);
  OwnedFd reader(ends[0]);
  OwnedFd writer(ends[1]);
  if (const Error error = prepare(reader.get()); error != Error::none) return error;
  if (const Error error = prepare(writer.get()); error != Error::none) return error;
  Box<Waker> waker = make_box<PipeWaker>(memory, std::move(reader), std::move(writer));
  if (!waker) return Error::no_memory;
  return waker;
}

}  // namespace spool::loop
