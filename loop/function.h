// Function<Sig>: a callable in fixed space. Never allocates, never throws; moves, never copies.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "spool/loop/assert.h"

namespace spool {

template <typename Signature>
class Function;

// Holds callables of up to 48 bytes (six pointers); a larger one does not compile: capture a
// pointer to it instead. Calling an empty one is a bug and aborts.
template <typename R, typename... Args>
class Function<R(Args...)> {
 public:
  static constexpr std::size_t capacity = 48;

  Function() noexcept = default;
  Function(std::nullptr_t) noexcept {}
  template <typename F, typename D = std::decay_t<F>>
  requires(!std::is_same_v<D, Function> && std::is_invocable_r_v<R, D&, Args...>)
      Function(F&& callable)
  noexcept {
    static_assert(sizeof(D) <= capacity, "too many captures: capture one pointer instead");
    static_assert(alignof(D) <= alignof(std::max_align_t));
    new (storage_) D(std::forward<F>(callable));
    invoke_ = [](void* self, Args... args) -> R {
      return (*static_cast<D*>(self))(std::forward<Args>(args)...);
    };
    // Moves to `to` and destroys what was here; without `to`, only destroys.
    relocate_ = [](void* self, void* to) noexcept {
      D* from = static_cast<D*>(self);
      if (to != nullptr) new (to) D(std::move(*from));
      from->~D();
    };
  }
  Function(Function&& other) noexcept { take(other); }
  Function& operator=(Function&& other) noexcept {
    if (this != &other) {
      clear();
      take(other);
    }
    return *this;
  }
  ~Function() { clear(); }

  [[nodiscard]] explicit operator bool() const noexcept { return invoke_ != nullptr; }
  R operator()(Args... args) {
    SPOOL_ASSERT(invoke_ != nullptr);
    return invoke_(storage_, std::forward<Args>(args)...);
  }

 private:
  void clear() noexcept {
    if (relocate_ != nullptr) relocate_(storage_, nullptr);
    invoke_ = nullptr;
    relocate_ = nullptr;
  }
  void take(Function& other) noexcept {
    if (other.relocate_ != nullptr) other.relocate_(other.storage_, storage_);
    invoke_ = std::exchange(other.invoke_, nullptr);
    relocate_ = std::exchange(other.relocate_, nullptr);
  }
  R (*invoke_)(void*, Args...) = nullptr;
  void (*relocate_)(void*, void*) noexcept = nullptr;
  alignas(std::max_align_t) unsigned char storage_[capacity];
};

}  // namespace spool
