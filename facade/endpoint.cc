#include "spool/endpoint.h"

#include "spool/internal/drive.h"

namespace spool {

Endpoint::Endpoint(core::Anchor* anchor, EndpointHandle handle) noexcept
    : anchor_(anchor), handle_(handle) {
  anchor_->acquire();
}

Endpoint::Endpoint(const Endpoint& other) noexcept
    : anchor_(other.anchor_), handle_(other.handle_) {
  if (anchor_ != nullptr) anchor_->acquire();
}

Endpoint& Endpoint::operator=(const Endpoint& other) noexcept {
  if (this != &other) {
    if (other.anchor_ != nullptr) other.anchor_->acquire();
    if (anchor_ != nullptr) anchor_->release();
    anchor_ = other.anchor_;
    handle_ = other.handle_;
  }
  return *this;
}

Endpoint::~Endpoint() {
  if (anchor_ != nullptr) anchor_->release();
}

void Endpoint::close() noexcept {
  if (core::Context* context = internal::context_of(anchor_)) context->close_endpoint(handle_);
}

bool Endpoint::is_open() const noexcept { return internal::find(anchor_, handle_) != nullptr; }

Explanation Endpoint::address() const noexcept {
  Explanation text;
  const core::Endpoint* endpoint = internal::find(anchor_, handle_);
  if (endpoint != nullptr) text << endpoint->address().text();
  return text;
}

EndpointStats Endpoint::stats() const noexcept {
  core::Endpoint* endpoint = internal::find(anchor_, handle_);
  if (endpoint == nullptr) return {};
  return anchor_->context->socket_of(handle_)->stats(*endpoint);
}

}  // namespace spool
