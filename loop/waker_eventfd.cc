#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "spool/loop/waker.h"

namespace spool::loop {

namespace {

class EventfdWaker final : public Waker {
 public:
  explicit EventfdWaker(OwnedFd event) noexcept : event_(std::move(event)) {}

  // The only failure is a counter that is full, and then it is readable anyway.
  void signal() noexcept override {
    const int kept = errno;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(event_.get(), &one, sizeof one);
    errno = kept;
  }
  void drain() noexcept override {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = ::read(event_.get(), &count, sizeof count);
  }
  [[nodiscard]] NativeHandle fd() const noexcept override { return event_.get(); }

 private:
  OwnedFd event_;
};

}  // namespace

Result<Box<Waker>> make_eventfd_waker(Memory& memory) noexcept {
  OwnedFd event(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!event) return error_from_errno(errno);
  Box<Waker> waker = make_box<EventfdWaker>(memory, std::move(event));
  if (!waker) return Error::no_memory;
  return waker;
}

}  // namespace spool::loop
