#include "spool/socket.h"

#include <new>
#include <utility>

#include "spool/internal/drive.h"

namespace spool {

using internal::drive;
using internal::find;
using internal::why_gone;

// --- SocketBase -------------------------------------------------------------------------------

SocketBase::SocketBase(core::Anchor* anchor, SocketHandle handle, SocketType type) noexcept
    : anchor_(anchor), handle_(handle), type_(type) {
  anchor_->acquire();
}

SocketBase::SocketBase(SocketBase&& other) noexcept
    : anchor_(std::exchange(other.anchor_, nullptr)),
      handle_(std::exchange(other.handle_, {})),
      type_(other.type_) {}

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
  if (socket == nullptr) return why_gone(anchor_);
  const Result<EndpointHandle> handle = anchor_->context->listen(*socket, address, options);
  if (!handle.ok()) return handle.error();
  return Endpoint(anchor_, handle.value());
}

Result<Endpoint> SocketBase::connect(std::string_view address,
                                     const EndpointOptions& options) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket == nullptr) return why_gone(anchor_);
  const Result<EndpointHandle> handle = anchor_->context->connect(*socket, address, options);
  if (!handle.ok()) return handle.error();
  return Endpoint(anchor_, handle.value());
}

void SocketBase::close() noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket != nullptr) socket->close(socket->options().linger);
}

Result<std::uint64_t> SocketBase::close_for(Timeout linger) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket == nullptr) return why_gone(anchor_);
  core::Context& context = *anchor_->context;
  if (context.reactor().in_turn()) return Error::reentrant;
  // A callback may move this object meanwhile, or destroy it.
  const SocketHandle handle = handle_;
  std::uint64_t lost = 0;
  socket->close(linger.length().value_or(Duration::max()), &lost);
  // Its own limit, not ours, ends it: the last turn of that still belongs to it.
  const Error error = drive(context, Timeout::infinite(), [&] {
    return context.is_closing(handle) ? Error::would_block : Error::none;
  });
  if (error == Error::none) return lost;
  context.forget_result(handle);
  return error;
}

Result<void> SocketBase::on_admission(Function<bool(const PeerInfo&)> callback) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket == nullptr) return why_gone(anchor_);
  if (socket->has_endpoints()) return Error::wrong_state;
  socket->set_admission(std::move(callback));
  return {};
}

bool SocketBase::is_open() const noexcept { return find(anchor_, handle_) != nullptr; }

std::string_view SocketBase::name() const noexcept {
  const core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? std::string_view() : socket->options().name;
}

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

Result<void> SocketBase::wait_readable(Waiter& waiter, std::optional<Instant> deadline) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket == nullptr) return why_gone(anchor_);
  socket->wait_readable(waiter, deadline);
  return {};
}

Result<void> SocketBase::wait_writable(Waiter& waiter, std::optional<Instant> deadline) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket == nullptr) return why_gone(anchor_);
  socket->wait_writable(waiter, deadline);
  return {};
}

std::size_t SocketBase::peers() const noexcept {
  const core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? 0 : socket->peers();
}

SocketStats SocketBase::stats() const noexcept {
  core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? SocketStats{} : socket->stats();
}

std::size_t SocketBase::list_peers(std::span<PeerInfo> out) const noexcept {
  core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? 0 : socket->list_peers(out);
}

Result<void> SocketBase::disconnect(std::uint32_t peer) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket == nullptr) return why_gone(anchor_);
  return socket->disconnect(peer) ? Error::none : Error::invalid_argument;
}

Timeout SocketBase::send_timeout() const noexcept {
  const core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? Timeout::none() : socket->options().send_timeout;
}

Timeout SocketBase::recv_timeout() const noexcept {
  const core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? Timeout::none() : socket->options().recv_timeout;
}

Error SocketBase::send_message(Message& message) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? why_gone(anchor_) : socket->send(message);
}

Error SocketBase::send_bytes(std::span<const std::byte> body) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket == nullptr) return why_gone(anchor_);
  if (!socket->can_send()) {
    // The pattern says why, and remembers that somebody wanted to send.
    Message nothing;
    return socket->send(nothing);
  }
  Result<Message> message = anchor_->pool().copy_of(body);
  return message.ok() ? socket->send(*message) : message.error();
}

Error SocketBase::send_message_for(Message& message, Timeout timeout) noexcept {
  if (find(anchor_, handle_) == nullptr) return why_gone(anchor_);
  return drive(*anchor_->context, timeout, [&] { return send_message(message); });
}

Error SocketBase::send_bytes_for(std::span<const std::byte> body, Timeout timeout) noexcept {
  if (find(anchor_, handle_) == nullptr) return why_gone(anchor_);
  return drive(*anchor_->context, timeout, [&] { return send_bytes(body); });
}

Result<void> SocketBase::wait_for_peers(std::size_t count, Timeout timeout) noexcept {
  if (find(anchor_, handle_) == nullptr) return why_gone(anchor_);
  return drive(*anchor_->context, timeout, [&] {
    if (!is_open()) return why_gone(anchor_);
    return peers() < count ? Error::would_block : Error::none;
  });
}

Result<Message> SocketBase::receive_message() noexcept {
  core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? Result<Message>(why_gone(anchor_)) : socket->receive();
}

Result<Message> SocketBase::receive_message_for(Timeout timeout) noexcept {
  if (find(anchor_, handle_) == nullptr) return why_gone(anchor_);
  return internal::drive_for_message(*anchor_->context, timeout, [&] { return receive_message(); });
}

Result<Request> SocketBase::receive_request() noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket == nullptr) return why_gone(anchor_);
  Result<Message> message = socket->receive_request();
  if (!message.ok()) return message.error();
  return Request(anchor_, handle_, std::move(message).value());
}

Result<Request> SocketBase::receive_request_for(Timeout timeout) noexcept {
  if (find(anchor_, handle_) == nullptr) return why_gone(anchor_);
  Result<Message> message =
      internal::drive_for_message(*anchor_->context, timeout, [&]() -> Result<Message> {
        core::Socket* socket = find(anchor_, handle_);
        return socket == nullptr ? Result<Message>(why_gone(anchor_)) : socket->receive_request();
      });
  if (!message.ok()) return message.error();
  return Request(anchor_, handle_, std::move(message).value());
}

Result<ExchangeHandle> SocketBase::open_exchange_handle(const ExchangeOptions& options) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? Result<ExchangeHandle>(why_gone(anchor_))
                           : anchor_->context->open_exchange(*socket, options);
}

Error SocketBase::cancel_current() noexcept {
  core::Socket* socket = find(anchor_, handle_);
  return socket == nullptr ? why_gone(anchor_) : socket->protocol().cancel();
}

Error SocketBase::change_subscription(std::string_view topic, bool add) noexcept {
  core::Socket* socket = find(anchor_, handle_);
  if (socket == nullptr) return why_gone(anchor_);
  const auto bytes = std::as_bytes(std::span(topic));
  const Error error =
      add ? socket->protocol().subscribe(bytes) : socket->protocol().unsubscribe(bytes);
  return internal::explain_topic(*anchor_->context, error, topic, add);
}

}  // namespace spool
