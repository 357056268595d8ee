// Sockets: Pair, Push, Pull, Pub, Sub, each with the calls that its pattern has, and AnySocket with
// all of them for tools. A socket object is a handle: it moves, it closes its socket when it is
// destroyed, and every call after close, or after the loop is gone, says Error::closed.
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
#include "spool/core/stats.h"
#include "spool/io/message.h"
#include "spool/loop/explanation.h"
#include "spool/loop/function.h"
#include "spool/loop/result.h"
#include "spool/loop/time.h"
#include "spool/protocols/socket_type.h"

namespace spool {

namespace core {
class Anchor;
}  // namespace core

class EventLoop;

// An address that a socket listens on or connects to. A handle that owns nothing: the endpoint
// lives until it is closed by name, or its socket is.
class Endpoint {
 public:
  Endpoint() noexcept = default;
  Endpoint(const Endpoint& other) noexcept;
  Endpoint& operator=(const Endpoint& other) noexcept;
  ~Endpoint();

  // Stops listening or connecting; the endpoint's connections write what was accepted, within the
  // socket's linger, and go. Nothing happens when it is closed already.
  void close() noexcept;
  // The real address: of a listener on port 0, with the port that the system chose. Empty when
  // closed. In fixed space, so that it outlives the endpoint.
  [[nodiscard]] Explanation address() const noexcept;
  [[nodiscard]] EndpointHandle handle() const noexcept { return handle_; }

 private:
  friend class SocketBase;
  Endpoint(core::Anchor* anchor, EndpointHandle handle) noexcept;
  core::Anchor* anchor_ = nullptr;
  EndpointHandle handle_{};
};

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
  [[nodiscard]] bool is_open() const noexcept;

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

  // All zero when closed.
  [[nodiscard]] SocketStats stats() const noexcept;
  // How many peers it talks to now.
  [[nodiscard]] std::size_t peers() const noexcept;
  // Accepted, and not yet handed to the system.
  [[nodiscard]] std::size_t unsent_bytes() const noexcept { return stats().unsent_bytes; }

  [[nodiscard]] SocketHandle handle() const noexcept { return handle_; }

 protected:
  friend class EventLoop;
  SocketBase(core::Anchor* anchor, SocketHandle handle) noexcept;

  [[nodiscard]] Error send_message(Message& message) noexcept;
  [[nodiscard]] Error send_bytes(std::span<const std::byte> body) noexcept;
  [[nodiscard]] Error send_message_for(Message& message, Timeout timeout) noexcept;
  [[nodiscard]] Error send_bytes_for(std::span<const std::byte> body, Timeout timeout) noexcept;
  [[nodiscard]] Result<Message> receive_message() noexcept;
  [[nodiscard]] Result<Message> receive_message_for(Timeout timeout) noexcept;
  [[nodiscard]] Error change_subscription(std::string_view topic, bool add) noexcept;

 private:
  core::Anchor* anchor_ = nullptr;
  SocketHandle handle_{};
};

// The sending half.
template <typename Base>
class Sender : public Base {
 public:
  // Takes the message and leaves it empty; on an error it is as it was, and the caller's.
  // would_block: no peer can take it now (see on_writable). no_memory: at the memory limit. closed.
  // When it returns without error, what it accepted is on its way: written now, or by the end of
  // the batch, the callback or the next poll_once.
  Result<void> try_send(Message& message) noexcept { return this->send_message(message); }
  Result<void> try_send(Message&& message) noexcept { return this->send_message(message); }
  // The same with a copy of the bytes.
  Result<void> try_send(std::span<const std::byte> body) noexcept { return this->send_bytes(body); }
  Result<void> try_send(std::string_view body) noexcept {
    return this->send_bytes(std::as_bytes(std::span(body)));
  }
  // Drives the loop until the message is accepted. timed_out: the message is still the caller's.
  // Within a callback of the loop it cannot wait: reentrant instead.
  Result<void> send_for(Message& message, Timeout timeout) noexcept {
    return this->send_message_for(message, timeout);
  }
  // The same with a copy of the bytes.
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
  // The next message; would_block when there is none now. closed.
  [[nodiscard]] Result<Message> try_recv() noexcept { return this->receive_message(); }
  // Drives the loop until there is a message; timed_out. Within a callback it cannot wait:
  // reentrant instead.
  [[nodiscard]] Result<Message> recv_for(Timeout timeout) noexcept {
    return this->receive_message_for(timeout);
  }

 protected:
  using Base::Base;
};

// See SocketType for what each pattern does.
class Pair final : public Receiver<Sender<SocketBase>> {
 public:
  static constexpr SocketType type = SocketType::pair;

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

class Push final : public Sender<SocketBase> {
 public:
  static constexpr SocketType type = SocketType::push;

 private:
  friend class EventLoop;
  using Sender::Sender;
};

class Pull final : public Receiver<SocketBase> {
 public:
  static constexpr SocketType type = SocketType::pull;

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

// A Pub never blocks, so a program that does nothing but publish has to call poll_once itself, or
// nobody ever joins.
class Pub final : public Sender<SocketBase> {
 public:
  static constexpr SocketType type = SocketType::pub;

 private:
  friend class EventLoop;
  using Sender::Sender;
};

class Sub final : public Receiver<SocketBase> {
 public:
  static constexpr SocketType type = SocketType::sub;

  // Receives what begins with `topic`, from now on; "" is everything. The same topic twice needs
  // two unsubscribe. invalid_argument above 4096 bytes; no_memory, closed.
  Result<void> subscribe(std::string_view topic) noexcept {
    return this->change_subscription(topic, true);
  }
  // Also for messages that have arrived and were not received yet. invalid_argument when there is
  // no such subscription.
  Result<void> unsubscribe(std::string_view topic) noexcept {
    return this->change_subscription(topic, false);
  }

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

// Any pattern, chosen at run time; what the pattern has not is not_supported.
class AnySocket final : public Receiver<Sender<SocketBase>> {
 public:
  Result<void> subscribe(std::string_view topic) noexcept {
    return this->change_subscription(topic, true);
  }
  Result<void> unsubscribe(std::string_view topic) noexcept {
    return this->change_subscription(topic, false);
  }

 private:
  friend class EventLoop;
  using Receiver::Receiver;
};

}  // namespace spool
