// Runs a spool loop inside asio's (standalone asio, 1.12 or later).
//
//   auto loop = spool::EventLoop::create({}).value();
//   asio::io_context context;
//   spool::hosts::Asio host;
//   host.attach(loop, context).value();
//   context.run();
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <optional>
#include <utility>

#include <asio/error_code.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include "spool/hosts/guest.h"

namespace spool::hosts {

// Owned by the program; borrows both loops, which outlive the attachment. All calls come from one
// thread, which alone runs the io_context. May be detached, attached again and destroyed in any
// callback of either.
//
// With and without exceptions and RTTI (ASIO_NO_EXCEPTIONS, ASIO_NO_TYPEID). Where asio has no
// memory for a handler or cannot make its reactor, attach ends the program as asio would without
// exceptions.
class Asio : public Guest {
 public:
  Asio() noexcept = default;  // not attached
  ~Asio() { detach(); }

  // From now on asio calls loop.poll_once() whenever it would do something. io_context::run stays
  // in its loop until detach(), or io_context::stop. not_supported: the loop has no backend_fd.
  // invalid_argument: attached already. no_descriptors (one is duplicated), no_memory. Then nothing
  // is attached.
  [[nodiscard]] Result<void> attach(EventLoop& loop, asio::io_context& host) noexcept {
    const Result<NativeHandle> descriptor = descriptor_of(loop);
    if (!descriptor.ok()) return descriptor.error();
    // asio closes what it is given, and remembers things about it: it gets one of its own.
    const int copy = fcntl(descriptor.value(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return error_from_errno(errno);
    Attachment* const attachment = new (std::nothrow) Attachment{this, 1};
    asio::error_code error;
    if (attachment != nullptr) watch_.emplace(host).assign(copy, error);
    if (attachment == nullptr || error) {
      watch_.reset();
      delete attachment;
      close(copy);
      return attachment == nullptr ? Error::no_memory : host_error(error.value());
    }
    attachment_ = attachment;
    begin(loop);
    wait();
    return {};
  }

  // Also twice. A handler of ours that is on its way does nothing any more.
  void detach() noexcept {
    if (!end()) return;
    attachment_->guest = nullptr;
    Attachment::drop(std::exchange(attachment_, nullptr));
    // Cancels, forgets and closes: asio knows that what it was given may have a twin.
    watch_.reset();
  }

 private:
  // Tells a handler whether we are still there. Shared by the adapter and the handlers; the last of
  // them deletes it.
  struct Attachment {
    Asio* guest;
    int holders;

    static void drop(Attachment* attachment) noexcept {
      if (--attachment->holders == 0) delete attachment;
    }
  };

  class Handler {
   public:
    explicit Handler(Attachment* attachment) noexcept : attachment_(attachment) {
      ++attachment_->holders;
    }
    Handler(Handler&& other) noexcept : attachment_(std::exchange(other.attachment_, nullptr)) {}
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    ~Handler() {
      if (attachment_ != nullptr) Attachment::drop(attachment_);
    }
    void operator()(const asio::error_code& error) const {
      if (attachment_->guest != nullptr) attachment_->guest->on_readiness(error);
    }

   private:
    Attachment* attachment_;
  };

  void on_readiness(const asio::error_code& error) {
    const After after = error ? fail(host_error(error.value())) : serve();
    if (after == After::failed) detach();
    if (after == After::attached || after == After::reentrant) wait();
  }

  // asio watches edge-triggered; each async_wait looks anew.
  void wait() {
    watch_->async_wait(asio::posix::stream_descriptor::wait_read, Handler(attachment_));
  }

  std::optional<asio::posix::stream_descriptor> watch_;  // while attached
  Attachment* attachment_ = nullptr;                     // while attached
};

}  // namespace spool::hosts
