// Context: one loop with everything in it: reactor, transports, sockets, endpoints. Owned by
// facade's EventLoop.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "spool/core/anchor.h"
#include "spool/core/backoff.h"
#include "spool/core/endpoint.h"
#include "spool/core/event_loop_config.h"
#include "spool/core/events.h"
#include "spool/core/exchange.h"
#include "spool/core/fd_watch.h"
#include "spool/core/notice.h"
#include "spool/core/options.h"
#include "spool/core/socket.h"
#include "spool/core/stats.h"
#include "spool/core/waiter.h"
#include "spool/io/dns/dns_resolver.h"
#include "spool/io/io_context.h"
#include "spool/io/transport.h"
#include "spool/loop/box.h"
#include "spool/loop/reactor.h"
#include "spool/loop/slab.h"

namespace spool::core {

class Context {
 public:
  // The anchor outlives it: the loop holds it until after the context is gone.
  Context(Anchor& anchor, EventLoopConfig&& config) noexcept;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  // Once, before anything else.
  [[nodiscard]] Error start(Explanation& why) noexcept;

  // One turn; see loop/reactor.h for its order.
  PollResult poll_once(Timeout timeout, const Budget& budget) noexcept;

  // In the child of a fork: every socket is closed, without a word to its peers, and the loop is as
  // new. reentrant; else it cannot be used any more: what the poller said, no_memory,
  // no_descriptors.
  [[nodiscard]] Error after_fork_child() noexcept;

  // `raw`: headers are the user's, and the pattern remembers nothing.
  [[nodiscard]] Result<SocketHandle> open(SocketType type, bool raw,
                                          const SocketOptions& options) noexcept;
  // A socket that was closed and is not through yet.
  [[nodiscard]] bool is_closing(SocketHandle handle) noexcept {
    const Socket* socket = sockets_.find(handle);
    return socket != nullptr && !socket->is_open() && !socket->is_closed();
  }
  // See Socket::close.
  void forget_result(SocketHandle handle) noexcept {
    if (Socket* socket = sockets_.find(handle)) socket->forget_result();
  }
  // Null when it is closed, or never was.
  [[nodiscard]] Socket* find(SocketHandle handle) noexcept {
    Socket* socket = sockets_.find(handle);
    return socket != nullptr && socket->is_open() ? socket : nullptr;
  }
  [[nodiscard]] Result<EndpointHandle> connect(Socket& socket, std::string_view address,
                                               const EndpointOptions& options) noexcept;
  [[nodiscard]] Result<EndpointHandle> listen(Socket& socket, std::string_view address,
                                              const EndpointOptions& options) noexcept;
  // One more request, survey or reader of this socket. limit_reached, not_supported, no_memory.
  [[nodiscard]] Result<ExchangeHandle> open_exchange(Socket& socket,
                                                     const ExchangeOptions& options) noexcept;
  // Null when it is closed.
  [[nodiscard]] Exchange* find(ExchangeHandle handle) noexcept {
    Exchange* exchange = exchanges_.find(handle);
    return exchange != nullptr && exchange->is_open() ? exchange : nullptr;
  }
  // A descriptor of the host's. invalid_argument, no_memory, or what the poller said.
  [[nodiscard]] Result<WatchHandle> watch(NativeHandle fd, Interest interest,
                                          Function<void(Readiness)> fn) noexcept;
  // Null when it is closed.
  [[nodiscard]] FdWatch* find(WatchHandle handle) noexcept {
    FdWatch* watch = watches_.find(handle);
    return watch != nullptr && watch->is_open() ? watch : nullptr;
  }
  void close(FdWatch& watch) noexcept;
  // The socket of an endpoint; null when that is closed.
  [[nodiscard]] Socket* socket_of(EndpointHandle handle) noexcept;
  // Nothing happens when it is closed already.
  void close_endpoint(EndpointHandle handle) noexcept;
  // Null when it is closed.
  [[nodiscard]] Endpoint* find(EndpointHandle handle) noexcept;

  // Words for the last error that a call on this loop returned, if it had any to say.
  [[nodiscard]] std::string_view last_error() const noexcept { return last_error_.text(); }
  // Starts a new explanation.
  Explanation& explain() noexcept {
    last_error_.clear();
    return last_error_;
  }

  [[nodiscard]] loop::Reactor& reactor() noexcept { return reactor_; }
  [[nodiscard]] Memory& memory() noexcept { return anchor_.memory(); }
  [[nodiscard]] MessagePool& pool() noexcept { return anchor_.pool(); }
  [[nodiscard]] const Budget& budget() const noexcept { return config_.budget; }
  [[nodiscard]] LoopStats stats() noexcept;
  // Is anything accepted and not written, or a closed socket not yet through?
  [[nodiscard]] bool has_unsent() noexcept;

  // For sockets.
  // Of a new peer: no two peers of the loop have the same, so that a number that passes from one
  // socket of a device to the other means nobody there. 31 bits: it is a word of a backtrace.
  [[nodiscard]] std::uint32_t new_peer_number() noexcept;
  [[nodiscard]] std::uint32_t random_word() noexcept {
    return static_cast<std::uint32_t>(random_.next());
  }
  void mark_changed(Notified& changed) noexcept;
  // `waiter` waits from here on, in `list` or, if that is null, for nothing but its deadline.
  void wait(Waiter& waiter, WaitList* list, std::optional<Instant> deadline) noexcept;
  // It is called in step 8 of this turn or of the next.
  void wake(Waiter& waiter, Error why) noexcept;
  void wake_all(WaitList& list, Error why) noexcept;
  // Within step 8: calls those who wait while ready() is true, in their order, each once. What they
  // wait for is gone when open() is false. Returns how many.
  template <typename Ready, typename Open>
  std::uint32_t serve(WaitList& list, Ready&& ready, Open&& open) noexcept {
    WaitList now;  // who waits again, waits behind these
    now.splice_back(list);
    std::uint32_t called = 0;
    while (!now.empty() && open() && ready()) {
      Waiter& waiter = *now.front();
      forget(waiter);
      waiter.on_wake(Error::none);
      if (reactor_.enough_calls(++called)) break;
    }
    if (!open()) wake_all(now, Error::closed);
    now.splice_back(list);
    list.splice_back(now);
    return called;
  }
  void forget(Waiter& waiter) noexcept;
  // In step 8 the host is asked whether it lets this peer in.
  void ask(io::Pipe& pipe) noexcept;
  void report(const Event& event) noexcept;
  void reap(io::Pipe& pipe) noexcept;
  void reap(Socket& socket) noexcept;
  void reap(Exchange& exchange) noexcept;
  // The endpoint is closed; its memory goes at the end of the turn.
  void forget(Endpoint& endpoint) noexcept;

 private:
  static constexpr std::size_t transports_max = 8;

  struct EndpointSlot {
    loop::Box<Endpoint> endpoint;
    Socket* socket = nullptr;
    bool closed = false;
  };

  [[nodiscard]] Error start_io() noexcept;
  [[nodiscard]] Error reserve() noexcept;
  [[nodiscard]] io::Transport* transport_of(const io::Address& address) noexcept;
  [[nodiscard]] Result<io::Transport*> prepare(std::string_view text, bool listen,
                                               const EndpointOptions& options,
                                               io::Address& address) noexcept;
  [[nodiscard]] Result<EndpointHandle> keep(loop::Box<Endpoint> endpoint, Socket& socket) noexcept;
  void deliver_events(PollResult& result) noexcept;
  void log(const Event& event) noexcept;
  void ask_admissions(PollResult& result) noexcept;
  void notify_changed(PollResult& result) noexcept;
  void call_woken(PollResult& result) noexcept;
  void forget_waiters() noexcept;
  void abort_all() noexcept;
  void free_reaped() noexcept;
  [[nodiscard]] bool has_local_work() const noexcept;

  Anchor& anchor_;
  EventLoopConfig config_;
  MonotonicClock system_clock_;
  loop::Reactor reactor_;
  io::IoContext io_;
  io::dns::DnsResolver dns_;
  Resolver& resolver_;  // that one, or the host's
  std::byte* receive_storage_ = nullptr;
  loop::Box<io::Transport> transports_[transports_max];
  loop::Slab<Socket, SocketTag> sockets_;
  loop::Slab<EndpointSlot, EndpointTag> endpoints_;
  loop::Slab<Exchange, ExchangeTag> exchanges_;
  loop::Slab<FdWatch, WatchTag> watches_;
  loop::List<Notified, ChangedTag> changed_;
  WaitList sleepers_;  // who wait for their deadline only
  WaitList woken_;
  loop::List<io::Pipe, io::PeerList> asked_;  // held: the host has not been asked yet
  loop::List<Exchange, ExchangeListTag> reaped_exchanges_;
  loop::List<io::Pipe, io::OwnerList> reaped_pipes_;
  loop::List<Endpoint, EndpointListTag> reaped_endpoints_;
  loop::List<Socket, ReapedSocketTag> reaped_sockets_;
  loop::List<FdWatch, ReapedWatchTag> reaped_watches_;
  Event* events_ = nullptr;  // a ring of config_.event_queue
  std::uint32_t events_first_ = 0;
  std::uint32_t events_count_ = 0;
  std::uint64_t events_dropped_ = 0;
  std::uint64_t messages_lost_ = 0;
  std::uint64_t turns_ = 0;
  std::uint64_t turns_cut_short_ = 0;
  Duration library_time_{};
  Duration longest_turn_{};
  Duration callback_time_{};
  std::uint32_t next_peer_ = 1;
  bool peers_wrapped_ = false;  // two billion connections: from here on numbers may be in use
  Random random_{0};
  Explanation last_error_;
  Error broken_ = Error::none;  // why there can be no more turns
};

}  // namespace spool::core
