// Socket: one protocol and its endpoints. Owned by the context's slab until it has closed.
//
//  state   | user calls | endpoint made | close                    | last pipe gone
//  --------+------------+---------------+--------------------------+----------------
//  open    | served     | kept          | some still write:        | –
//          |            |               | → closing; none: → closed|
//  closing | closed     | –             | –                        | → closed
//  closed  | closed     | –             | –                        | –
//
// closing: endpoints are gone, pipes write what was accepted, within the linger.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "spool/core/endpoint.h"
#include "spool/core/exchange.h"
#include "spool/core/notice.h"
#include "spool/core/options.h"
#include "spool/core/peer_info.h"
#include "spool/core/stats.h"
#include "spool/core/waiter.h"
#include "spool/loop/box.h"
#include "spool/loop/function.h"
#include "spool/loop/intrusive_list.h"
#include "spool/protocols/protocol.h"
#include "spool/protocols/socket_type.h"

namespace spool::core {

class Context;

struct ReapedSocketTag {};

class Socket final : public protocols::ProtocolHost,
                     public EndpointHost,
                     public io::PipeOwner,
                     public Notified,
                     public loop::Link<ReapedSocketTag> {
 public:
  Socket(Context& context, SocketType type, bool raw, const SocketOptions& options) noexcept;
  ~Socket();

  // Once; no_memory.
  [[nodiscard]] Error start(SocketHandle handle) noexcept;

  [[nodiscard]] Error send(Message& message) noexcept;
  [[nodiscard]] Result<Message> receive() noexcept {
    ++takes_;
    return protocol_->receive();
  }
  // As Protocol::receive_request; counts as reading.
  [[nodiscard]] Result<Message> receive_request() noexcept {
    ++takes_;
    return protocol_->receive_request();
  }
  // As Protocol::reply; on_writable is called when one that would block may succeed.
  [[nodiscard]] Error reply(const Message& request, Message& answer) noexcept;
  [[nodiscard]] bool can_send() const noexcept { return protocol_->can_send(); }
  [[nodiscard]] bool can_receive() const noexcept { return protocol_->can_receive(); }
  [[nodiscard]] protocols::Protocol& protocol() noexcept { return *protocol_; }

  // Further requests, surveys or readers, which the context's slab owns. Errors as
  // Protocol::open_exchange, and the exchange stays closed.
  [[nodiscard]] Error open_exchange(Exchange& exchange, ExchangeHandle handle,
                                    const ExchangeOptions& options) noexcept;
  void close_exchange(Exchange& exchange) noexcept;
  [[nodiscard]] std::uint32_t exchanges() const noexcept { return exchange_count_; }

  // An empty function takes the notice away.
  void set_on_readable(Function<void()> fn) noexcept;
  void set_on_writable(Function<void()> fn) noexcept;
  // Step 8 of a turn: calls the user, at most once each. Returns how many calls.
  // Called in step 8 when there is something to receive (room to send), in turn with others who
  // wait for the same.
  void wait_readable(Waiter& waiter, std::optional<Instant> deadline) noexcept;
  void wait_writable(Waiter& waiter, std::optional<Instant> deadline) noexcept;
  std::uint32_t notify() noexcept override;

  // Before the first endpoint: pipes of a stream wait until the function has said yes.
  void set_admission(Function<bool(const PeerInfo&)> fn) noexcept;
  [[nodiscard]] bool has_endpoints() const noexcept { return !endpoints_.empty(); }
  // Asks it.
  [[nodiscard]] bool admits(const io::Pipe& pipe) noexcept;

  void adopt(Endpoint& endpoint) noexcept { endpoints_.push_back(endpoint); }
  // Ends the endpoint's pipes too; what they have to write is written first.
  void close_endpoint(Endpoint& endpoint) noexcept;
  // `lost`, when there is one, is written when the socket is through; it lives until then.
  void close(Duration linger, std::uint64_t* lost = nullptr) noexcept;
  // Nobody waits for that any more.
  void forget_result() noexcept { lost_result_ = nullptr; }
  // At once: drops what is unwritten, reports nothing.
  void abort() noexcept;

  [[nodiscard]] bool is_open() const noexcept { return state_ == State::open; }
  [[nodiscard]] bool is_closed() const noexcept { return state_ == State::closed; }
  [[nodiscard]] SocketStats stats() noexcept;
  [[nodiscard]] EndpointStats stats(Endpoint& endpoint) noexcept;
  // Fills in as many as there is room for; returns how many there are.
  [[nodiscard]] std::size_t list_peers(std::span<PeerInfo> out) noexcept;
  [[nodiscard]] bool has_peer(std::uint32_t number) noexcept;
  // Parts from a peer, from within the next turn. False when there is no such peer.
  bool disconnect(std::uint32_t peer) noexcept;
  [[nodiscard]] std::size_t peers() const noexcept { return peer_count_; }
  [[nodiscard]] bool has_unsent() noexcept;
  [[nodiscard]] SocketHandle handle() const noexcept { return handle_; }
  [[nodiscard]] SocketType type() const noexcept { return type_; }
  [[nodiscard]] const SocketOptions& options() const noexcept { return options_; }
  [[nodiscard]] const io::PipeConfig& pipe_config() const noexcept { return pipe_config_; }
  [[nodiscard]] io::LinkConfig link_config(const EndpointOptions& endpoint) const noexcept;

  // protocols::ProtocolHost
  void on_readable() noexcept override;
  void on_writable() noexcept override;
  void on_peer_blocked(io::Pipe& pipe) noexcept override;
  void on_peer_caught_up(io::Pipe& pipe) noexcept override;
  void on_lost(std::uint64_t messages) noexcept override;
  void schedule_after(loop::Timer& timer, Duration delay) noexcept override;
  void cancel(loop::Timer& timer) noexcept override;

  // EndpointHost
  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override;
  void ask(io::Pipe& pipe) noexcept override;
  void release(io::Pipe& pipe) noexcept override;
  void discard(io::Pipe& pipe) noexcept override;
  void report(Event event) noexcept override;

  // io::PipeOwner, for pipes that were released.
  void on_pipe_open(io::Pipe& pipe) noexcept override;
  void on_pipe_closed(io::Pipe& pipe, Error reason, int os_error) noexcept override;
  void on_pipe_drained(io::Pipe& pipe) noexcept override;
  void on_pipe_dropped(io::Pipe& pipe, Error reason, std::uint64_t count) noexcept override;

 private:
  [[nodiscard]] std::uint32_t serve_waiters() noexcept;
  enum class State : std::uint8_t { open, closing, closed };

  // What a released pipe may still do.
  static constexpr std::size_t left_overs_max = 1024;

  void ask_protocol() noexcept;
  // Its address; without one, that of its endpoint, while that is open.
  void name_peer(const io::Pipe& pipe, Explanation& text) noexcept;
  [[nodiscard]] PeerInfo describe(const io::Pipe& pipe) noexcept;
  void report_peer(EventKind kind, const io::Pipe& pipe, Error error, int os_error,
                   std::uint64_t lost) noexcept;
  void detach(io::Pipe& pipe) noexcept;
  void drain_or_close(io::Pipe& pipe) noexcept;
  void finish(io::Pipe& pipe) noexcept;
  void finish_oldest_ended() noexcept;
  void report_lost(const io::Pipe& pipe, std::uint64_t lost, Error reason, int os_error) noexcept;
  void close_endpoints() noexcept;
  void finish_closing() noexcept;

  Context& context_;
  SocketOptions options_;
  std::array<char, socket_name_max> name_{};
  io::PipeConfig pipe_config_;
  protocols::ProtocolOptions protocol_options_;
  loop::Box<protocols::Protocol> protocol_;
  loop::List<Endpoint, EndpointListTag> endpoints_;
  loop::List<io::Pipe, io::PeerList> peers_;      // attached
  loop::List<io::Pipe, io::OwnerList> released_;  // ended with messages to take, or draining
  std::size_t peer_count_ = 0;                    // those of them that are not released
  std::size_t released_count_ = 0;
  loop::List<Exchange, ExchangeListTag> exchanges_;
  SocketStats counts_;  // of pipes that are gone, and what nobody else counts
  NoticeSlot on_readable_;
  NoticeSlot on_writable_;
  Function<bool(const PeerInfo&)> admission_;
  std::uint64_t* lost_result_ = nullptr;
  SocketHandle handle_{};
  Duration linger_{};
  std::uint32_t takes_ = 0;
  std::uint32_t exchange_count_ = 0;
  SocketType type_;
  bool raw_;
  State state_ = State::open;
  bool closing_endpoints_ = false;  // more pipes may come in from them
  WaitList readers_;
  WaitList writers_;
  bool readable_news_ = false;  // that on_readable_ has not been told
  bool told_writable_ = false;
  bool reply_blocked_ = false;       // one would have, and nobody was told since
  bool reply_news_ = false;          // that on_writable_ has not been told
  bool admission_replaced_ = false;  // by the call that is running
};

}  // namespace spool::core
