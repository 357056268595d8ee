// OwnedFd: sole owner of a descriptor; closes it exactly once.
#pragma once

#include <utility>

#include "spool/loop/poller.h"

namespace spool::loop {

class OwnedFd {
 public:
  OwnedFd() noexcept = default;
  explicit OwnedFd(NativeHandle fd) noexcept : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, invalid_handle)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, invalid_handle);
    }
    return *this;
  }
  ~OwnedFd() { reset(); }

  void reset() noexcept;
  [[nodiscard]] NativeHandle get() const noexcept { return fd_; }
  [[nodiscard]] NativeHandle release() noexcept { return std::exchange(fd_, invalid_handle); }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ != invalid_handle; }

 private:
  NativeHandle fd_ = invalid_handle;
};

// Both report the errno as an Error.
[[nodiscard]] Error set_nonblocking(NativeHandle fd) noexcept;
[[nodiscard]] Error set_close_on_exec(NativeHandle fd) noexcept;

}  // namespace spool::loop
