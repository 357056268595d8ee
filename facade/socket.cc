#include "spool/socket.h"

#include <new>
#include <optional>
#include <utility>

#include "spool/core/context.h"

namespace spool {

namespace {

// The socket behind a handle; null when it is closed, or its loop is gone.
core::Socket* find(core::Anchor* anchor, SocketHandle handle) noexcept {
  if (anchor == nullptr || anchor->context == nullptr) return nullptr;
  return anchor->context->find(handle);
}

// Turns the loop until step() answers something else than would_block, or the time is over.
template <typename Step>
Error drive(core::Context& context, Timeout timeout, Step&& step) noexcept {
  std::optional<Instant> end;
  if (timeout.length().has_value())
    end = saturating_add(context.reactor().now(), *timeout.length());
  for (;;) {
    const Error error = step();
    if (error != Error::would_block) return error;
    const Duration left = end.has_value() ? *end - context.reactor().now() : Duration::zero();
    if (end.has_value() && left <= Duration::zero()) return Error::timed_out;
    const Timeout wait = end.has_value() ? Timeout::after(left) : Timeout::infinite();
    const PollResult turn = context.poll_once(wait, context.budget());
    if (turn.error != Error::none) return turn.error;
  }
}

}  // namespace

// --- Endpoint ---------------------------------------------------------------------------------

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
  if (anchor_ != nullptr && anchor_->context != nullptr) anchor_->context->close_endpoint(handle_);
}

Explanation Endpoint::address() const noexcept {
  Explanation text;
  if (anchor_ == nullptr || anchor_->context == nullptr) return text;
  const core::Endpoint* endpoint = anchor_->context->find(handle_);
  if (endpoint != nullptr) text << endpoint->address().text();
  return text;
}

// --- SocketBase -------------------------------------------------------------------------------

SocketBase::SocketBase(core::Anchor* anchor, SocketHandle handle) noexcept
    : anchor_(anchor), handle_(handle) {
  anchor_->acquire();
}

SocketBase::SocketBase(SocketBase&& other) noexcept
    : anchor_(std::exchange(other.anchor_, nullptr)), handle_(std::exchange(other.handle_, {})) {}

SocketBase& SocketBase::operator=(SocketBase&& other) noexcept {
  if (this != &other) {
    this->~SocketBase();
    new (this) SocketBase(std::move(other));
  }
  return *this;
}

SocketBase::~SocketBase() {
  if (anchor_ == nullptr) return;
  close();
  anchor_->release();
}

Result<Endpoint> SocketBase::listen(std::string_view address,
                                    const EndpointOptions& options) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket == nullptr) return Error::closed;
  const Result<EndpointHandle> handle = anchor_->context->listen(*socket, address, options);
  if (!handle.ok()) return handle.error();
  return Endpoint(anchor_, handle.value());
}

Result<Endpoint> SocketBase::connect(std::string_view address,
                                     const EndpointOptions& options) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket == nullptr) return Error::closed;
  const Result<EndpointHandle> handle = anchor_->context->connect(*socket, address, options);
  if (!handle.ok()) return handle.error();
  return Endpoint(anchor_, handle.value());
}

void SocketBase::close() noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket != nullptr) socket->close(socket->options().linger);
}

bool SocketBase::is_open() const noexcept { return find(anchor_, handle_) != nullptr; }

bool SocketBase::can_send() const noexcept {
  const core::Socket* socket = find(anchor_, handle_);
  return socket != nullptr && socket->can_send();
}

bool SocketBase::can_recv() const noexcept {
  const core::Socket* socket = find(anchor_, handle_);
  return socket != nullptr && socket->can_receive();
}

void SocketBase::on_readable(Function<void()> callback) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket != nullptr) socket->set_on_readable(std::move(callback));
}

void SocketBase::on_writable(Function<void()> callback) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket != nullptr) socket->set_on_writable(std::move(callback));
}

std::size_t SocketBase::peers() const noexcept {
  const core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? 0 : socket->peers();
}

SocketStats SocketBase::stats() const noexcept {
  core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? SocketStats{} : socket->stats();
}

Error SocketBase::send_message(Message& message) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? Error::closed : socket->send(message);
}

Error SocketBase::send_bytes(std::span<const std::byte> body) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket == nullptr) return Error::closed;
  if (!socket->can_send()) {
    // The pattern says why, and remembers that somebody wanted to send.
    Message nothing;
    return socket->send(nothing);
  }
  Result<Message> message = anchor_->pool().copy_of(body);
  return message.ok() ? socket->send(*message) : message.error();
}

Error SocketBase::send_message_for(Message& message, Timeout timeout) noexcept {
  if (find(anchor_, handle_) == nullptr) return Error::closed;
  return drive(*anchor_->context, timeout, [&] { return send_message(message); });
}

Error SocketBase::send_bytes_for(std::span<const std::byte> body, Timeout timeout) noexcept {
  if (find(anchor_, handle_) == nullptr) return Error::closed;
  return drive(*anchor_->context, timeout, [&] { return send_bytes(body); });
}

Result<void> SocketBase::wait_for_peers(std::size_t count, Timeout timeout) noexcept {
  if (find(anchor_, handle_) == nullptr) return Error::closed;
  return drive(*anchor_->context, timeout, [&] {
    if (!is_open()) return Error::closed;
    return peers() < count ? Error::would_block : Error::none;
  });
}

Result<Message> SocketBase::receive_message() noexcept {
  core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? Result<Message>(Error::closed) : socket->receive();
}

Result<Message> SocketBase::receive_message_for(Timeout timeout) noexcept {
  if (find(anchor_, handle_) == nullptr) return Error::closed;
  Message received;
  const Error error = drive(*anchor_->context, timeout, [&] {
    Result<Message> message = receive_message();
    if (!message.ok()) return message.error();
    received = std::move(message).value();
    return Error::none;
  });
  if (error != Error::none) return error;
  return received;
}

Error SocketBase::change_subscription(std::string_view topic, bool add) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket == nullptr) return Error::closed;
  const auto bytes = std::as_bytes(std::span(topic));
  const Error error =
      add ? socket->protocol().subscribe(bytes) : socket->protocol().unsubscribe(bytes);
  if (error != Error::invalid_argument) return error;
  Explanation& why = anchor_->context->explain();
  if (add)
    why << "a topic of " << std::uint64_t{topic.size()} << " bytes: expected at most 4096";
  else
    why.quote(topic) << ": expected a topic that is subscribed to";
  return error;
}

}  // namespace spool
