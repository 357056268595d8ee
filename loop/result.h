// Result<T>: a value or an Error, never both. An unused one does not compile quietly.
#pragma once

#include <new>
#include <utility>

#include "spool/loop/assert.h"
#include "spool/loop/error.h"

namespace spool {

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) noexcept : error_(Error::none) { new (&value_) T(std::move(value)); }
  Result(Error error) noexcept : error_(error) { SPOOL_ASSERT(error != Error::none); }
  Result(Result&& other) noexcept : error_(other.error_) {
    if (ok()) new (&value_) T(std::move(other.value_));
  }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  Result& operator=(Result&& other) noexcept {
    if (this != &other) {
      this->~Result();
      new (this) Result(std::move(other));
    }
    return *this;
  }
  ~Result() {
    if (ok()) value_.~T();
  }

  [[nodiscard]] bool ok() const noexcept { return error_ == Error::none; }
  [[nodiscard]] explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] Error error() const noexcept { return error_; }  // none when there is a value

  // The value; asking for it when there is none is a bug and aborts.
  [[nodiscard]] T& value() & noexcept {
    SPOOL_ASSERT(ok());
    return value_;
  }
  [[nodiscard]] const T& value() const& noexcept {
    SPOOL_ASSERT(ok());
    return value_;
  }
  // May be ignored: `connect(...).value();` says that failing is a bug here.
  T value() && noexcept {
    SPOOL_ASSERT(ok());
    return std::move(value_);
  }
  [[nodiscard]] T& operator*() & noexcept { return value(); }
  [[nodiscard]] const T& operator*() const& noexcept { return value(); }
  [[nodiscard]] T operator*() && noexcept { return std::move(*this).value(); }
  [[nodiscard]] T* operator->() noexcept { return &value(); }
  [[nodiscard]] const T* operator->() const noexcept { return &value(); }

 private:
  Error error_;
  union {
    T value_;
  };
};

// Success or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() noexcept = default;
  Result(Error error) noexcept : error_(error) {}
  [[nodiscard]] bool ok() const noexcept { return error_ == Error::none; }
  [[nodiscard]] explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] Error error() const noexcept { return error_; }
  void value() const noexcept { SPOOL_ASSERT(ok()); }

 private:
  Error error_ = Error::none;
};

}  // namespace spool
