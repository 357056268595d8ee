#include "spool/watch.h"

#include <new>
#include <utility>

#include "spool/internal/drive.h"

namespace spool {

using internal::find;
using internal::why_gone;

Watch::Watch(core::Anchor* anchor, WatchHandle handle) noexcept : anchor_(anchor), handle_(handle) {
  anchor_->acquire();
}

Watch::Watch(Watch&& other) noexcept
    : anchor_(std::exchange(other.anchor_, nullptr)), handle_(std::exchange(other.handle_, {})) {}

Watch& Watch::operator=(Watch&& other) noexcept {
  if (this != &other) {
    this->~Watch();
    new (this) Watch(std::move(other));
  }
  return *this;
}

Watch::~Watch() {
  if (anchor_ == nullptr) return;
  close();
  anchor_->release();
}

Result<void> Watch::set_interest(Interest interest) noexcept {
  core::FdWatch* watch = find(anchor_, handle_);
  if (watch == nullptr) return why_gone(anchor_);
  watch->set_interest(interest);
  return {};
}

Result<void> Watch::wait_ready(Waiter& waiter, std::optional<Instant> deadline) noexcept {
  core::FdWatch* watch = find(anchor_, handle_);
  if (watch == nullptr) return why_gone(anchor_);
  watch->wait(waiter, deadline);
  return {};
}

void Watch::close() noexcept {
  core::FdWatch* watch = find(anchor_, handle_);
  if (watch != nullptr) anchor_->context->close(*watch);
}

bool Watch::is_open() const noexcept { return find(anchor_, handle_) != nullptr; }

}  // namespace spool
