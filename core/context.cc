#include "spool/core/context.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "spool/core/acceptor.h"
#include "spool/core/check_range.h"
#include "spool/core/connector.h"
#include "spool/io/transports/builtin.h"

namespace spool::core {

namespace {

constexpr const char* no_memory_to_start =
    "memory_limit is too small, or memory was refused, for what the loop needs to start";

}  // namespace

Context::Context(Anchor& anchor, EventLoopConfig&& config) noexcept
    : anchor_(anchor),
      config_(std::move(config)),
      reactor_(anchor.memory(),
               config_.clock != nullptr ? *config_.clock : static_cast<Clock&>(system_clock_)),
      io_{reactor_, anchor.pool(), anchor.memory(), {}},
      dns_(reactor_, anchor.memory()),
      resolver_(config_.resolver != nullptr ? *config_.resolver : dns_),
      sockets_(anchor.memory(), config_.sockets_max),
      endpoints_(anchor.memory()),
      exchanges_(anchor.memory()),
      watches_(anchor.memory()) {
  anchor_.context = this;
  pool().set_owner(&reactor_.owner());
}

Context::~Context() {
  SPOOL_ASSERT(!reactor_.in_turn());
  abort_all();
  forget_waiters();
  for (auto& transport : transports_) transport.reset();
  if (receive_storage_ != nullptr)
    memory().deallocate(receive_storage_, io::ReceiveBuffer::front_room + config_.receive_buffer,
                        64);
  if (events_ != nullptr)
    memory().deallocate(events_, config_.event_queue * sizeof(Event), alignof(Event));
  pool().set_owner(nullptr);
  anchor_.drop_context();
}

void Context::abort_all() noexcept {
  watches_.for_each([this](WatchHandle, FdWatch& watch) {
    if (watch.is_open()) close(watch);
  });
  sockets_.for_each([](SocketHandle, Socket& socket) { socket.abort(); });
  free_reaped();
}

Error Context::after_fork_child() noexcept {
  if (reactor_.in_turn()) return Error::reentrant;
  broken_ = reactor_.after_fork_child([this] {
    io_.is_fork_child = true;
    abort_all();
    io_.is_fork_child = false;
    events_first_ = events_count_ = 0;
  });
  if (!woken_.empty()) reactor_.note_local_work();  // by the end of their sockets
  return broken_;
}

Error Context::start(Explanation& why) noexcept {
  loop::ReactorConfig reactor_config;
  reactor_config.poller = config_.poller;
  reactor_config.threads = config_.threads;
  reactor_config.post_capacity = config_.post_queue;
  if (const Error error = reactor_.open(reactor_config); error != Error::none) {
    if (error == Error::no_memory)
      why << no_memory_to_start;
    else
      why << "the poller or the wake-up descriptor could not be made: " << to_string(error);
    return error;
  }
  const std::uint64_t seed =
      config_.seed != 0 ? config_.seed
                        : static_cast<std::uint64_t>(reactor_.now().time_since_epoch().count()) ^
                              reinterpret_cast<std::uintptr_t>(this);
  random_ = Random(seed);
  Error error = start_io();
  if (error == Error::none) error = reserve();
  if (error == Error::no_memory && why.empty()) why << no_memory_to_start;
  return error;
}

Error Context::start_io() noexcept {
  constexpr std::size_t front = io::ReceiveBuffer::front_room;
  receive_storage_ = static_cast<std::byte*>(memory().allocate(front + config_.receive_buffer, 64));
  if (receive_storage_ == nullptr) return Error::no_memory;
  io_.receive_buffer = {receive_storage_ + front, config_.receive_buffer};
  void* ring = memory().allocate(config_.event_queue * sizeof(Event), alignof(Event));
  if (ring == nullptr) return Error::no_memory;
  events_ = static_cast<Event*>(ring);
  for (std::uint32_t i = 0; i < config_.event_queue; ++i) new (events_ + i) Event();
  return io::make_builtin_transports(io_, transports_) ? Error::none : Error::no_memory;
}

Error Context::reserve() noexcept {
  const std::uint32_t connections = config_.reserve_connections;
  for (auto& transport : transports_)
    if (transport && !transport->reserve(connections)) return Error::no_memory;
  // A socket has a descriptor for each address that it listens on, and one for each connection.
  if (!reactor_.reserve(config_.reserve_sockets + connections) ||
      !sockets_.reserve(config_.reserve_sockets) || !endpoints_.reserve(config_.reserve_sockets) ||
      !exchanges_.reserve(config_.reserve_exchanges))
    return Error::no_memory;
  return pool().reserve(config_.reserve_message_size, config_.reserve_messages);
}

// --- A turn -----------------------------------------------------------------------------------

PollResult Context::poll_once(Timeout timeout, const Budget& budget) noexcept {
  PollResult result;
  if (broken_ != Error::none) {
    result.error = broken_;
    return result;
  }
  const Error error = reactor_.begin_turn(timeout, budget, result);  // steps 1 to 7
  result.error = error;
  if (error == Error::reentrant || error == Error::wrong_thread) return result;
  ++turns_;
  ask_admissions(result);  // 8
  deliver_events(result);
  notify_changed(result);
  call_woken(result);
  reactor_.flush_all();  // 9
  free_reaped();         // 10
  reactor_.end_turn(result, has_local_work());
  if (result.more) ++turns_cut_short_;
  library_time_ += result.library_time;
  longest_turn_ = std::max(longest_turn_, result.library_time);
  callback_time_ += result.callback_time;
  return result;
}

bool Context::has_local_work() const noexcept {
  return events_count_ != 0 || !changed_.empty() || !asked_.empty() || !reaped_pipes_.empty() ||
         !reaped_exchanges_.empty() || !reaped_endpoints_.empty() || !reaped_sockets_.empty() ||
         !reaped_watches_.empty() || !woken_.empty();
}

// Each of these leaves to the next turn what the time is too short for.

void Context::deliver_events(PollResult& result) noexcept {
  // Those that the callbacks cause themselves wait for the next turn.
  std::uint32_t done = 0;
  for (std::uint32_t left = events_count_; left != 0; --left) {
    const Event event = events_[events_first_];
    events_first_ = (events_first_ + 1) % config_.event_queue;
    --events_count_;
    log(event);
    if (config_.on_event) {
      reactor_.call_user([&] { config_.on_event(event); });
      ++result.notices;
    }
    if (reactor_.enough_calls(++done)) return;
  }
}

void Context::log(const Event& event) noexcept {
  if (!config_.log || level_of(event.kind) < config_.log_level) return;
  Explanation line;
  const Socket* socket = sockets_.find(event.socket);
  if (socket != nullptr && !socket->options().name.empty()) line << socket->options().name << ": ";
  line << describe(event).text();
  reactor_.call_user([&] { config_.log(level_of(event.kind), line.text()); });
}

void Context::notify_changed(PollResult& result) noexcept {
  loop::List<Notified, ChangedTag> now;
  now.splice_back(changed_);
  std::uint32_t done = 0;
  while (Notified* changed = now.pop_front()) {
    reactor_.call_user([&] { result.notices += changed->notify(); });
    if (reactor_.enough_calls(++done)) break;
  }
  now.splice_back(changed_);  // what is left comes first next time
  changed_.splice_back(now);
}

void Context::mark_changed(Notified& changed) noexcept {
  if (changed.loop::Link<ChangedTag>::linked()) return;
  changed_.push_back(changed);
  reactor_.note_local_work();
}

void Context::ask(io::Pipe& pipe) noexcept {
  asked_.push_back(pipe);
  reactor_.note_local_work();
}

void Context::ask_admissions(PollResult& result) noexcept {
  std::uint32_t done = 0;
  while (io::Pipe* pipe = asked_.pop_front()) {
    const EndpointHandle handle = EndpointHandle::from(pipe->owner_key);
    Socket* socket = socket_of(handle);
    SPOOL_ASSERT(socket != nullptr);
    bool let_in = false;
    reactor_.call_user([&] { let_in = socket->admits(*pipe); });
    ++result.notices;
    // The answer may have been to close the endpoint, and its pipes with it.
    if (Endpoint* endpoint = find(handle)) endpoint->decide(*pipe, let_in);
    if (reactor_.enough_calls(++done)) return;
  }
}

void Context::report(const Event& event) noexcept {
  if (event.kind == EventKind::peer_left || event.kind == EventKind::messages_lost)
    messages_lost_ += event.lost;
  if (!config_.on_event && !config_.log) return;
  if (events_count_ == config_.event_queue) {
    ++events_dropped_;
    return;
  }
  events_[(events_first_ + events_count_) % config_.event_queue] = event;
  ++events_count_;
  reactor_.note_local_work();
}

std::uint32_t Context::new_peer_number() noexcept {
  constexpr std::uint32_t last = 0x7fff'ffff;
  for (;;) {
    const std::uint32_t number = next_peer_;
    next_peer_ = number == last ? 1 : number + 1;
    if (number == last) peers_wrapped_ = true;
    bool taken = false;
    if (peers_wrapped_)
      sockets_.for_each(
          [&](SocketHandle, Socket& socket) { taken = taken || socket.has_peer(number); });
    if (!taken) return number;
  }
}

void Context::reap(io::Pipe& pipe) noexcept {
  reaped_pipes_.push_back(pipe);
  reactor_.note_local_work();
}

void Context::reap(Socket& socket) noexcept {
  reaped_sockets_.push_back(socket);
  reactor_.note_local_work();
}

void Context::reap(Exchange& exchange) noexcept {
  // Only a callback of its own may still stand on it.
  if (!reactor_.in_turn()) return exchanges_.erase(exchange.handle());
  reaped_exchanges_.push_back(exchange);
  reactor_.note_local_work();
}

void Context::forget(Endpoint& endpoint) noexcept {
  EndpointSlot* slot = endpoints_.find(endpoint.handle);
  SPOOL_ASSERT(slot != nullptr);
  slot->closed = true;
  reaped_endpoints_.push_back(endpoint);
  reactor_.note_local_work();
}

void Context::free_reaped() noexcept {
  while (io::Pipe* pipe = reaped_pipes_.pop_front()) pipe->dispose();
  while (Exchange* exchange = reaped_exchanges_.pop_front()) exchanges_.erase(exchange->handle());
  while (Endpoint* endpoint = reaped_endpoints_.pop_front()) endpoints_.erase(endpoint->handle);
  while (Socket* socket = reaped_sockets_.pop_front()) sockets_.erase(socket->handle());
  while (FdWatch* watch = reaped_watches_.pop_front()) watches_.erase(watch->handle());
}

// --- Sockets and endpoints --------------------------------------------------------------------

Result<SocketHandle> Context::open(SocketType type, bool raw,
                                   const SocketOptions& options) noexcept {
  Explanation& why = explain();
  if (const Error error = check(options, why); error != Error::none) return error;
  if (sockets_.size() >= config_.sockets_max) {
    why << "sockets_max is " << std::uint64_t{config_.sockets_max} << ", and so many are open";
    return Error::limit_reached;
  }
  const SocketHandle handle = sockets_.insert(*this, type, raw, options);
  if (!handle.valid()) return Error::no_memory;
  if (const Error error = sockets_.find(handle)->start(handle); error != Error::none) {
    sockets_.erase(handle);
    return error;
  }
  return handle;
}

io::Transport* Context::transport_of(const io::Address& address) noexcept {
  for (auto& transport : transports_)
    if (transport && transport->serves(address.scheme())) return transport.get();
  return nullptr;
}

// The checks that connect and listen share; fills in the address.
Result<io::Transport*> Context::prepare(std::string_view text, bool listen,
                                        const EndpointOptions& options,
                                        io::Address& address) noexcept {
  Explanation& why = explain();
  if (const Error error = check(options, why); error != Error::none) return error;
  Result<io::Address> parsed = io::Address::parse(text, why);
  if (!parsed.ok()) return parsed.error();
  address = parsed.value();
  io::Transport* transport = transport_of(address);
  if (transport == nullptr) {
    why << "unknown scheme ";
    why.quote(address.scheme()) << " in ";
    why.quote(text) << ": expected one of";
    for (auto& known : transports_) {
      if (!known) continue;
      why << " " << known->scheme();
      if (!known->aliases().empty()) why << " " << known->aliases();
    }
    return Error::unknown_scheme;
  }
  if (const Error error = transport->check(address, listen, why); error != Error::none)
    return error;
  return transport;
}

Result<EndpointHandle> Context::keep(loop::Box<Endpoint> endpoint, Socket& socket) noexcept {
  Endpoint& kept = *endpoint;
  const EndpointHandle handle =
      endpoints_.insert(EndpointSlot{std::move(endpoint), &socket, false});
  if (!handle.valid()) return Error::no_memory;
  kept.handle = handle;
  return handle;
}

Result<EndpointHandle> Context::connect(Socket& socket, std::string_view text,
                                        const EndpointOptions& options) noexcept {
  io::Address address;
  const Result<io::Transport*> transport = prepare(text, false, options, address);
  if (!transport.ok()) return transport.error();
  // Each is in its range; together they have to be one.
  const SocketOptions& usual = socket.options();
  if (!in_range(last_error_, "reconnect_max", options.reconnect_max.value_or(usual.reconnect_max),
                options.reconnect_min.value_or(usual.reconnect_min), std::chrono::hours(24)))
    return Error::invalid_argument;
  loop::Box<Connector> connector = loop::make_box<Connector>(
      memory(), socket, address, options, reactor_, *transport.value(), resolver_,
      socket.pipe_config(), socket.link_config(options), socket.options(), random_);
  if (!connector) return Error::no_memory;
  Connector& started = *connector;
  Result<EndpointHandle> handle = keep(std::move(connector), socket);
  if (!handle.ok()) return handle;
  socket.adopt(started);
  started.start();
  return handle;
}

Result<EndpointHandle> Context::listen(Socket& socket, std::string_view text,
                                       const EndpointOptions& options) noexcept {
  io::Address address;
  const Result<io::Transport*> transport = prepare(text, true, options, address);
  if (!transport.ok()) return transport.error();
  loop::Box<Acceptor> acceptor =
      loop::make_box<Acceptor>(memory(), socket, address, options, reactor_);
  if (!acceptor) return Error::no_memory;
  Acceptor& started = *acceptor;
  Result<EndpointHandle> handle = keep(std::move(acceptor), socket);
  if (!handle.ok()) return handle;
  io::OpenError error;
  const Error failed =
      started.start(*transport.value(), socket.pipe_config(), socket.link_config(options), error);
  if (failed == Error::none) {
    socket.adopt(started);
    return handle;
  }
  endpoints_.erase(handle.value());
  Explanation& why = explain();
  why << "cannot listen on ";
  why.quote(text) << ": " << to_string(failed);
  if (!error.why.empty()) why << ", " << error.why.text();
  if (error.os_error != 0) why << " (errno " << error.os_error << ")";
  return failed;
}

Result<ExchangeHandle> Context::open_exchange(Socket& socket,
                                              const ExchangeOptions& options) noexcept {
  Explanation& why = explain();
  if (const Error error = check(options, why); error != Error::none) return error;
  const std::uint32_t most = socket.options().exchanges_max;
  if (socket.exchanges() >= most) {
    why << "exchanges_max is " << std::uint64_t{most} << ", and so many are open";
    return Error::limit_reached;
  }
  const ExchangeHandle handle = exchanges_.insert(*this, socket);
  if (!handle.valid()) return Error::no_memory;
  const Error error = socket.open_exchange(*exchanges_.find(handle), handle, options);
  if (error == Error::none) return handle;
  exchanges_.erase(handle);
  return error;
}

Result<WatchHandle> Context::watch(NativeHandle fd, Interest interest,
                                   Function<void(Readiness)> fn) noexcept {
  const WatchHandle handle = watches_.insert(*this);
  if (!handle.valid()) return Error::no_memory;
  const Error error = watches_.find(handle)->open(handle, fd, interest, std::move(fn));
  if (error == Error::none) return handle;
  watches_.erase(handle);
  return error;
}

void Context::close(FdWatch& watch) noexcept {
  watch.close();
  reaped_watches_.push_back(watch);
  reactor_.note_local_work();
}

Socket* Context::socket_of(EndpointHandle handle) noexcept {
  EndpointSlot* slot = endpoints_.find(handle);
  return slot != nullptr && !slot->closed ? slot->socket : nullptr;
}

Endpoint* Context::find(EndpointHandle handle) noexcept {
  EndpointSlot* slot = endpoints_.find(handle);
  return slot != nullptr && !slot->closed ? slot->endpoint.get() : nullptr;
}

void Context::close_endpoint(EndpointHandle handle) noexcept {
  EndpointSlot* slot = endpoints_.find(handle);
  if (slot == nullptr || slot->closed) return;
  slot->socket->close_endpoint(*slot->endpoint);
  forget(*slot->endpoint);
}

bool Context::has_unsent() noexcept {
  bool unsent = false;
  sockets_.for_each([&](SocketHandle, Socket& socket) {
    unsent = unsent || (!socket.is_open() && !socket.is_closed()) || socket.has_unsent();
  });
  return unsent;
}

LoopStats Context::stats() noexcept {
  const MemoryStats& memory = anchor_.memory().stats();
  const PoolStats& pool = anchor_.pool().stats();
  LoopStats stats;
  stats.turns = turns_;
  stats.turns_cut_short = turns_cut_short_;
  stats.library_time = library_time_;
  stats.longest_turn = longest_turn_;
  stats.callback_time = callback_time_;
  stats.events_dropped = events_dropped_;
  stats.messages_lost = messages_lost_;
  stats.allocations = memory.allocations;
  stats.refusals = memory.refusals;
  stats.memory_bytes = memory.bytes_in_use;
  stats.memory_high_water = memory.bytes_high_water;
  stats.pool_hits = pool.hits;
  stats.pool_misses = pool.misses;
  stats.pool_bytes_in_use = pool.bytes_in_use;
  stats.pool_bytes_high_water = pool.bytes_high_water;
  stats.sockets = sockets_.size();
  return stats;
}

}  // namespace spool::core
