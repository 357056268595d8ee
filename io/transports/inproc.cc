#include "spool/io/transports/inproc.h"

#include <utility>

#include "spool/loop/intrusive_list.h"
#include "spool/loop/object_pool.h"
#include "spool/loop/timer_queue.h"

namespace spool::io {

namespace {

struct WaitingTag {};
struct NameTag {};
class InprocTransport;

// One end. Linked, it points at the other; each is owned by its own endpoint.
class InprocPipe final : public Pipe, public loop::Link<WaitingTag> {
 public:
  InprocPipe(InprocTransport& transport, MessagePool& pool, const Address& name,
             const PipeConfig& config, PipeOwner& owner) noexcept
      : Pipe(pool, config, owner), transport_(transport), name_(name) {}
  ~InprocPipe() override { SPOOL_ASSERT(peer_ == nullptr); }

  [[nodiscard]] Error send(Message& message) noexcept override;
  // What was sent has arrived already.
  [[nodiscard]] bool drop_oldest() noexcept override { return false; }
  void abandon(Error reason) noexcept override;
  void close() noexcept override;
  void drain(Duration limit) noexcept override;
  void dispose() noexcept override;
  // What was sent is at the other end already.
  [[nodiscard]] std::size_t unsent_messages() const noexcept override { return 0; }
  [[nodiscard]] std::size_t unsent_bytes() const noexcept override { return 0; }
  void describe_peer(Explanation& text) const noexcept override { text << name_.text(); }

  // The two ends know each other from here on; open() tells an owner, let_send() its user. Neither
  // sends before the other has a user.
  static void link(InprocPipe& a, InprocPipe& b) noexcept {
    a.peer_ = &b;
    b.peer_ = &a;
  }
  void open() noexcept { owner_->on_pipe_open(*this); }
  void let_send() noexcept {
    if (ended_ || abandoned_ != Error::none) return;
    sendable_ = true;
    if (user_ != nullptr) user_->on_sendable(*this);
  }
  void end(Error reason) noexcept;

  [[nodiscard]] Error abandoned() const noexcept { return abandoned_; }
  [[nodiscard]] const Address& name() const noexcept { return name_; }
  [[nodiscard]] const PipeConfig& config() const noexcept { return *config_; }
  [[nodiscard]] bool ended() const noexcept override { return ended_; }

 private:
  void on_taken() noexcept override;
  void leave_peer() noexcept;

  InprocTransport& transport_;
  InprocPipe* peer_ = nullptr;
  Address name_;
  Error abandoned_ = Error::none;
  bool ended_ = false;
};

class InprocListener final : public Listener, public loop::Link<NameTag> {
 public:
  InprocListener(const Address& address, const PipeConfig& config, ListenerOwner& owner) noexcept
      : address_(address), config_(config), owner_(owner) {}
  ~InprocListener() override { loop::Link<NameTag>::unlink(); }
  void resume() noexcept override {}
  [[nodiscard]] const Address& address() const noexcept override { return address_; }
  [[nodiscard]] const PipeConfig& config() const noexcept { return config_; }
  [[nodiscard]] ListenerOwner& owner() const noexcept { return owner_; }

 private:
  Address address_;
  const PipeConfig& config_;
  ListenerOwner& owner_;
};

// Owned by core::Context. Knows the names; links in a timer of the next turn, so that neither
// connect nor listen calls back.
class InprocTransport final : public Transport {
 public:
  explicit InprocTransport(IoContext& io) noexcept
      : io_(io),
        pipes_(io.memory),
        link_timer_(loop::Timer::call<&InprocTransport::link_waiting, InprocTransport>, this) {}
  ~InprocTransport() override { io_.reactor.cancel(link_timer_); }

  std::string_view scheme() const noexcept override { return "inproc"; }
  Error check(const Address& address, bool, Explanation& why) noexcept override {
    if (!address.rest().empty()) return Error::none;
    why << "expected a name behind inproc://";
    return Error::invalid_address;
  }
  Result<Pipe*> connect(const Address& address, const PipeConfig& config, const LinkConfig&,
                        PipeOwner& owner, OpenError& error) noexcept override {
    if (const Error wrong = check(address, false, error.why); wrong != Error::none) return wrong;
    InprocPipe* pipe = pipes_.create(*this, io_.pool, address, config, owner);
    if (pipe == nullptr) return Error::no_memory;
    waiting_.push_back(*pipe);
    io_.reactor.schedule_after(link_timer_, Duration::zero());
    return static_cast<Pipe*>(pipe);
  }
  Result<loop::Box<Listener>> listen(const Address& address, const PipeConfig& config,
                                     const LinkConfig&, ListenerOwner& owner,
                                     OpenError& error) noexcept override {
    if (const Error wrong = check(address, true, error.why); wrong != Error::none) return wrong;
    if (find(address) != nullptr) return Error::address_in_use;
    loop::Box<InprocListener> listener =
        loop::make_box<InprocListener>(io_.memory, address, config, owner);
    if (!listener) return Error::no_memory;
    listeners_.push_back(*listener);
    io_.reactor.schedule_after(link_timer_, Duration::zero());
    return loop::Box<Listener>(std::move(listener));
  }

  void destroy(InprocPipe* pipe) noexcept { pipes_.destroy(pipe); }
  // It ends in the next turn.
  void end_later(InprocPipe& pipe) noexcept {
    ending_.push_back(pipe);
    io_.reactor.schedule_after(link_timer_, Duration::zero());
  }
  [[nodiscard]] loop::Reactor& reactor() noexcept { return io_.reactor; }

 private:
  [[nodiscard]] InprocListener* find(const Address& address) noexcept {
    InprocListener* at = listeners_.front();
    while (at != nullptr && at->address().text() != address.text()) at = listeners_.next(*at);
    return at;
  }
  void link_waiting() noexcept;
  void link_one(InprocPipe& dialed, InprocListener& listener) noexcept;

  IoContext& io_;
  loop::ObjectPool<InprocPipe> pipes_;
  loop::List<InprocPipe, WaitingTag> waiting_;  // for a listener of their name
  loop::List<InprocPipe, WaitingTag> ending_;
  loop::List<InprocListener, NameTag> listeners_;
  loop::Timer link_timer_;
};

void InprocTransport::link_waiting() noexcept {
  while (InprocPipe* pipe = ending_.pop_front()) pipe->end(pipe->abandoned());
  InprocPipe* next = nullptr;
  for (InprocPipe* pipe = waiting_.front(); pipe != nullptr; pipe = next) {
    next = waiting_.next(*pipe);
    InprocListener* listener = find(pipe->name());
    if (listener == nullptr) continue;
    pipe->loop::Link<WaitingTag>::unlink();
    link_one(*pipe, *listener);
    // Owners may have closed other pipes meanwhile: start over rather than trust `next`.
    next = waiting_.front();
    while (next != nullptr && find(next->name()) == nullptr) next = waiting_.next(*next);
  }
}

void InprocTransport::link_one(InprocPipe& dialed, InprocListener& listener) noexcept {
  if (listener.config().peer != dialed.config().self) return dialed.end(Error::protocol_mismatch);
  InprocPipe* accepted =
      pipes_.create(*this, io_.pool, listener.address(), listener.config(), listener.owner());
  if (accepted == nullptr) return dialed.end(Error::no_memory);
  InprocPipe::link(dialed, *accepted);
  listener.owner().on_accepted(*accepted);
  accepted->open();
  if (!dialed.ended()) dialed.open();
  accepted->let_send();
  dialed.let_send();
}

Error InprocPipe::send(Message& message) noexcept {
  SPOOL_ASSERT(sendable_ && peer_ != nullptr);
  InprocPipe& to = *peer_;
  const std::size_t size = message.payload().size();
  const Verdict verdict = to.inspected(message.payload());
  if (verdict == Verdict::keep) {
    // keep() takes the message whatever it says: a second owner lets us give it back.
    Message moved = message.share();
    moved.header_to_body();
    if (const Error error = to.keep(std::move(moved)); error != Error::none) return error;
    transport_.reactor().count(1, size);
  } else if (verdict == Verdict::hang_up) {
    to.abandon(Error::malformed);
  }
  message.reset();
  to.report_dropped();
  ++stats_.messages_sent;
  stats_.bytes_sent += size;
  if (to.config_->overflow == Overflow::wait && to.receive_queue_full()) {
    sendable_ = false;
    to.watch_takes_ = true;
  }
  if (to.user_ != nullptr && to.receivable()) to.user_->on_receivable(to);
  return Error::none;
}

void InprocPipe::on_taken() noexcept {
  if (ended_) {
    if (received_.empty()) owner_->on_pipe_drained(*this);
    return;
  }
  if (!receive_queue_low()) return;
  watch_takes_ = overflowing_ = false;
  if (peer_->sendable_ || peer_->abandoned_ != Error::none) return;
  peer_->sendable_ = true;
  if (peer_->user_ != nullptr) peer_->user_->on_sendable(*peer_);
}

void InprocPipe::abandon(Error reason) noexcept {
  if (ended_ || abandoned_ != Error::none) return;
  abandoned_ = reason;
  sendable_ = false;
  transport_.end_later(*this);
}

// Both ends go; the other one hears of it.
void InprocPipe::leave_peer() noexcept {
  sendable_ = watch_takes_ = false;
  ended_ = true;
  loop::Link<WaitingTag>::unlink();
  InprocPipe* peer = std::exchange(peer_, nullptr);
  if (peer == nullptr) return;
  peer->peer_ = nullptr;
  peer->end(Error::peer_closed);
}

void InprocPipe::end(Error reason) noexcept {
  leave_peer();
  if (user_ != nullptr) user_->on_pipe_ended(*this);
  watch_takes_ = true;  // the owner hears of being drained only after the end
  owner_->on_pipe_closed(*this, reason, 0);
}

void InprocPipe::close() noexcept {
  if (!ended_) leave_peer();
  watch_takes_ = false;
  discard_received();
}

void InprocPipe::drain(Duration) noexcept {
  if (ended_) return;
  discard_received();
  end(Error::closed);
}

void InprocPipe::dispose() noexcept { transport_.destroy(this); }

}  // namespace

loop::Box<Transport> make_inproc_transport(IoContext& io) noexcept {
  return loop::make_box<InprocTransport>(io.memory, io);
}

}  // namespace spool::io
