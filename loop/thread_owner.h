// ThreadOwner: which thread something belongs to. Part of the reactor.
#pragma once

#include <pthread.h>

#include <cstdint>

namespace spool::loop {

// Nobody's until it is bound: what was made on one thread may be used on another.
class ThreadOwner {
 public:
  void bind() noexcept { thread_ = current(); }
  void bind_if_free() noexcept {
    if (thread_ == 0) bind();
  }
  // Does the calling thread have to keep its hands off?
  [[nodiscard]] bool is_other() const noexcept { return thread_ != 0 && thread_ != current(); }

 private:
  [[nodiscard]] static std::uintptr_t current() noexcept {
    return reinterpret_cast<std::uintptr_t>(pthread_self());
  }
  std::uintptr_t thread_ = 0;
};

}  // namespace spool::loop
