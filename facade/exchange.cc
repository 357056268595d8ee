#include "spool/exchange.h"

#include <new>

#include "spool/internal/drive.h"

namespace spool {

using internal::find;
using internal::why_gone;

// --- ExchangeBase -----------------------------------------------------------------------------

ExchangeBase::ExchangeBase(core::Anchor* anchor, ExchangeHandle handle) noexcept
    : anchor_(anchor), handle_(handle) {
  anchor_->acquire();
}

ExchangeBase::ExchangeBase(ExchangeBase&& other) noexcept
    : anchor_(std::exchange(other.anchor_, nullptr)), handle_(std::exchange(other.handle_, {})) {}

ExchangeBase& ExchangeBase::operator=(ExchangeBase&& other) noexcept {
  if (this != &other) {
    this->~ExchangeBase();
    new (this) ExchangeBase(std::move(other));
  }
  return *this;
}

ExchangeBase::~ExchangeBase() {
  if (anchor_ == nullptr) return;
  close();
  anchor_->release();
}

void ExchangeBase::close() noexcept {
  core::Exchange* exchange = find(anchor_, handle_);
  if (exchange != nullptr) exchange->socket().close_exchange(*exchange);
}

bool ExchangeBase::is_open() const noexcept { return find(anchor_, handle_) != nullptr; }

Error ExchangeBase::start(Message& message) noexcept {
  core::Exchange* exchange = find(anchor_, handle_);
  if (exchange == nullptr) return why_gone(anchor_);
  message.drop_header();
  return exchange->protocol().start(message);
}

Error ExchangeBase::start(std::span<const std::byte> body) noexcept {
  if (!is_open()) return why_gone(anchor_);
  Result<Message> message = anchor_->pool().copy_of(body);
  return message.ok() ? start(*message) : message.error();
}

Error ExchangeBase::cancel_current() noexcept {
  core::Exchange* exchange = find(anchor_, handle_);
  return exchange == nullptr ? why_gone(anchor_) : exchange->protocol().cancel();
}

Result<Message> ExchangeBase::try_recv() noexcept {
  core::Exchange* exchange = find(anchor_, handle_);
  return exchange == nullptr ? Result<Message>(why_gone(anchor_)) : exchange->receive();
}

Result<Message> ExchangeBase::recv_for(Timeout timeout) noexcept {
  if (!is_open()) return why_gone(anchor_);
  return internal::drive_for_message(*anchor_->context, timeout, [&] { return try_recv(); });
}

bool ExchangeBase::can_recv() const noexcept {
  core::Exchange* exchange = find(anchor_, handle_);
  return exchange != nullptr && exchange->protocol().can_receive();
}

void ExchangeBase::on_readable(Function<void()> callback) noexcept {
  core::Exchange* exchange = find(anchor_, handle_);
  if (exchange != nullptr) exchange->set_on_readable(std::move(callback));
}

Result<void> ExchangeBase::wait_readable(Waiter& waiter, std::optional<Instant> deadline) noexcept {
  core::Exchange* exchange = find(anchor_, handle_);
  if (exchange == nullptr) return why_gone(anchor_);
  exchange->wait_readable(waiter, deadline);
  return {};
}

Error ExchangeBase::change_subscription(std::string_view topic, bool add) noexcept {
  core::Exchange* exchange = find(anchor_, handle_);
  if (exchange == nullptr) return why_gone(anchor_);
  const auto bytes = std::as_bytes(std::span(topic));
  const Error error =
      add ? exchange->protocol().subscribe(bytes) : exchange->protocol().unsubscribe(bytes);
  return internal::explain_topic(*anchor_->context, error, topic, add);
}

// --- Request ----------------------------------------------------------------------------------

Request::Request(core::Anchor* anchor, SocketHandle socket, Message message) noexcept
    : anchor_(anchor), socket_(socket), message_(std::move(message)) {
  anchor_->acquire();
}

Request::Request(Request&& other) noexcept
    : anchor_(std::exchange(other.anchor_, nullptr)),
      socket_(std::exchange(other.socket_, {})),
      message_(std::move(other.message_)),
      answered_(std::exchange(other.answered_, false)) {}

Request& Request::operator=(Request&& other) noexcept {
  if (this != &other) {
    this->~Request();
    new (this) Request(std::move(other));
  }
  return *this;
}

Request::~Request() {
  if (anchor_ != nullptr) anchor_->release();
}

Result<void> Request::reply(Message& answer) noexcept {
  core::Socket* socket = find(anchor_, socket_);
  if (socket == nullptr) return why_gone(anchor_);
  if (answered_) return Error::wrong_state;
  const Error error = socket->reply(message_, answer);
  answered_ = error == Error::none;
  return error;
}

Result<void> Request::reply(std::span<const std::byte> body) noexcept {
  if (find(anchor_, socket_) == nullptr) return why_gone(anchor_);
  Result<Message> answer = anchor_->pool().copy_of(body);
  return answer.ok() ? reply(*answer) : answer.error();
}

}  // namespace spool
