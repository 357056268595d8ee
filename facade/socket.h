// What the sockets of all patterns have (see patterns.h for each). A socket object is a handle: it
// moves, it closes its socket when it is destroyed, and every call after close, or after the loop
// is gone, says Error::closed.
//
// All calls: from the loop's thread, also from within its callbacks; none of them calls back, none
// waits unless its name ends in _for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "spool/core/events.h"
#include "spool/core/options.h"
#include "spool/core/peer_info.h"
#include "spool/core/stats.h"
#include "spool/core/waiter.h"
#include "spool/endpoint.h"
#include "spool/exchange.h"
#include "spool/io/message.h"
#include "spool/loop/function.h"
#include "spool/loop/result.h"
#include "spool/loop/time.h"
#include "spool/protocols/socket_type.h"

namespace spool {

namespace core {
class Anchor;
}  // namespace core

class EventLoop;

// What all sockets have.
class SocketBase {
 public:
  SocketBase(SocketBase&& other) noexcept;
  SocketBase& operator=(SocketBase&& other) noexcept;
  SocketBase(const SocketBase&) = delete;
  SocketBase& operator=(const SocketBase&) = delete;
  // Like close(); never waits, never calls back.
  ~SocketBase();

  // Binds the address and accepts whoever connects. Fails at once, with words in
  // EventLoop::last_error: invalid_address, unknown_scheme, name_too_long, address_in_use,
  // address_unavailable, permission_denied, invalid_argument (options), no_memory, no_descriptors.
  Result<Endpoint> listen(std::string_view address, const EndpointOptions& options = {}) noexcept;
  // Connects, and connects again whenever the connection is lost. Only a wrong address or option
  // fails at once; a peer that is not there yet is tried for as long as the endpoint lives (see
  // SocketOptions::reconnect_min), and each failure is an Event.
  Result<Endpoint> connect(std::string_view address, const EndpointOptions& options = {}) noexcept;

  // The socket is gone for the user at once; what was accepted is written by the next turns, within
  // SocketOptions::linger. Nothing happens when it is closed already.
  void close() noexcept;
  // The same with a linger of its own, and drives the loop until it is through: how many messages,
  // of all that it ever accepted, were not written (SocketStats::lost_unsent). Within a callback it
  // cannot wait: reentrant, and the socket is open.
  Result<std::uint64_t> close_for(Timeout linger) noexcept;
  [[nodiscard]] bool is_open() const noexcept;
  [[nodiscard]] SocketType socket_type() const noexcept { return type_; }
  // SocketOptions::name; empty when closed. Valid until the socket is closed.
  [[nodiscard]] std::string_view name() const noexcept;

  // Asked for each peer before it is let in, by poll_once in the notice step: no message of it has
  // been read. `false` closes the connection (an Event: peer_refused, vetoed). Peers over inproc
  // are not asked about. wrong_state once the socket listens or connects.
  Result<void> on_admission(Function<bool(const PeerInfo&)> callback) noexcept;

  // Would try_send (try_recv) do something now? False when closed.
  [[nodiscard]] bool can_send() const noexcept;
  [[nodiscard]] bool can_recv() const noexcept;

  // Drives the loop until the socket talks to at least `count` peers; timed_out. Within a callback
  // it cannot wait: reentrant. Nobody has to wait for peers: a PUB does, whose first messages must
  // not miss those who are on their way.
  Result<void> wait_for_peers(std::size_t count, Timeout timeout) noexcept;

  // Called by poll_once, at most once per turn, when there is something to receive: again in the
  // next turn if the callback received something and more is left, and whenever more arrives. It
  // may do anything, closing this socket included. An empty function takes the notice away; on a
  // closed socket nothing happens.
  void on_readable(Function<void()> callback) noexcept;
  // The same when a send has become possible after it was not.
  void on_writable(Function<void()> callback) noexcept;

  // For those who wait in a way of their own (coroutines, fibres): `waiter` is called once, when
  // there is something to receive (room to send), or at the deadline. Several take turns. Ask
  // try_recv (try_send) before: what is there already is announced in the next turn. closed,
  // wrong_thread: it will not be called.
  Result<void> wait_readable(Waiter& waiter, std::optional<Instant> deadline) noexcept;
  Result<void> wait_writable(Waiter& waiter, std::optional<Instant> deadline) noexcept;

  // All zero when closed.
  [[nodiscard]] SocketStats stats() const noexcept;
  // How many peers it talks to now: is anybody there?
  [[nodiscard]] std::size_t peers() const noexcept;
  // Who they are: fills in as many as there is room for, and returns how many there are.
  [[nodiscard]] std::size_t list_peers(std::span<PeerInfo> out) const noexcept;
  // Parts from one of them, as if the connection were lost: it may come again, and so may we.
  // invalid_argument when there is no such peer.
  Result<void> disconnect(std::uint32_t peer) noexcept;
  // Accepted, and not yet handed to the system.
  [[nodiscard]] std::size_t unsent_bytes() const noexcept { return stats().unsent_bytes; }

  [[nodiscard]] SocketHandle handle() const noexcept { return handle_; }

 protected:
  friend class EventLoop;
  SocketBase(core::Anchor* anchor, SocketHandle handle, SocketType type) noexcept;

  [[nodiscard]] Error send_message(Message& message) noexcept;
  [[nodiscard]] Error send_bytes(std::span<const std::byte> body) noexcept;
  [[nodiscard]] Error send_message_for(Message& message, Timeout timeout) noexcept;
  [[nodiscard]] Error send_bytes_for(std::span<const std::byte> body, Timeout timeout) noexcept;
  [[nodiscard]] Result<Message> receive_message() noexcept;
  [[nodiscard]] Result<Message> receive_message_for(Timeout timeout) noexcept;
  [[nodiscard]] Timeout send_timeout() const noexcept;
  [[nodiscard]] Timeout recv_timeout() const noexcept;
  [[nodiscard]] Error cancel_current() noexcept;
  [[nodiscard]] Error change_subscription(std::string_view topic, bool add) noexcept;
  [[nodiscard]] Result<Request> receive_request() noexcept;
  [[nodiscard]] Result<Request> receive_request_for(Timeout timeout) noexcept;
  // An exchange of the loop's, for the typed handle around it.
  [[nodiscard]] Result<ExchangeHandle> open_exchange_handle(
      const ExchangeOptions& options) noexcept;
  [[nodiscard]] core::Anchor* anchor() const noexcept { return anchor_; }

 private:
  core::Anchor* anchor_ = nullptr;
  SocketHandle handle_{};
  SocketType type_;
};

// The sending half.
template <typename Base>
class Sender : public Base {
 public:
  // Takes the message and leaves it empty; on an error it is as it was, and the caller's.
  // would_block: no peer can take it now (see on_writable). no_memory: at the memory limit. closed.
  // REP, RESPONDENT: wrong_state when nothing was asked. To one peer of many (REP, RESPONDENT, PAIR
  // v1): peer_closed when that peer is gone. A raw socket: invalid_argument without its header.
  // When it returns without error, what it accepted is on its way: written now, or by the end of
  // the batch, the callback or the next poll_once.
  Result<void> try_send(Message& message) noexcept { return this->send_message(message); }
  Result<void> try_send(Message&& message) noexcept { return this->send_message(message); }
  // The same with a copy of the bytes.
  Result<void> try_send(std::span<const std::byte> body) noexcept { return this->send_bytes(body); }
  Result<void> try_send(std::string_view body) noexcept {
    return this->send_bytes(std::as_bytes(std::span(body)));
  }
  // Drives the loop until the message is accepted; without a timeout, for as long as
  // SocketOptions::send_timeout. timed_out: the message is still the caller's.
  // Within a callback of the loop it cannot wait: reentrant instead.
  Result<void> send_for(Message& message, Timeout timeout) noexcept {
    return this->send_message_for(message, timeout);
  }
  Result<void> send(Message& message) noexcept { return send_for(message, this->send_timeout()); }
  // The same with a copy of the bytes.
  Result<void> send(std::string_view body) noexcept { return send_for(body, this->send_timeout()); }
  Result<void> send_for(std::string_view body, Timeout timeout) noexcept {
    return this->send_bytes_for(std::as_bytes(std::span(body)), timeout);
  }
  Result<void> send_for(std::span<const std::byte> body, Timeout timeout) noexcept {
    return this->send_bytes_for(body, timeout);
  }

 protected:
  using Base::Base;
};

// The receiving half.
template <typename Base>
class Receiver : public Base {
 public:
  // The next message; would_block when there is none now. closed. Of REQ and SURVEYOR, the answer
  // to what the socket itself asked: see Exchange and Survey for what else can be said.
  [[nodiscard]] Result<Message> try_recv() noexcept { return this->receive_message(); }
  // Drives the loop until there is a message; without a timeout, for as long as
  // SocketOptions::recv_timeout. timed_out. Within a callback it cannot wait: reentrant instead.
  [[nodiscard]] Result<Message> recv_for(Timeout timeout) noexcept {
    return this->receive_message_for(timeout);
  }
  [[nodiscard]] Result<Message> recv() noexcept { return recv_for(this->recv_timeout()); }

 protected:
  using Base::Base;
};

}  // namespace spool
