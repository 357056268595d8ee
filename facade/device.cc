#include "spool/device.h"

#include <new>
#include <optional>
#include <utility>

#include "spool/core/protocol_table.h"
#include "spool/internal/drive.h"

namespace spool {

namespace {

// So many per turn and direction; the rest in the next turn, after the others.
constexpr std::uint32_t burst = 256;

bool receives(SocketType type) noexcept {
  return type != SocketType::push && type != SocketType::pub;
}
bool sends(SocketType type) noexcept { return type != SocketType::pull && type != SocketType::sub; }

}  // namespace

// Owned by the Device; at a fixed address, because the notices of its sockets point at it.
struct Device::Forwarder {
  // One direction. A message that was taken and could not be sent (no memory) waits here.
  struct Lane {
    RawSocket* from = nullptr;
    RawSocket* to = nullptr;
    Forwarder* owner = nullptr;
    std::optional<Message> held;

    // A notice of `from` or `to`: called by the loop, but not the user's time.
    void pump() noexcept;
    void forward(loop::Reactor& reactor) noexcept;
  };

  RawSocket a;
  std::optional<RawSocket> b;
  Lane lanes[2];
  DeviceStats counts;

  Forwarder(RawSocket first, std::optional<RawSocket> second) noexcept
      : a(std::move(first)), b(std::move(second)) {
    RawSocket& other = b.has_value() ? *b : a;
    start(lanes[0], a, other);
    if (b.has_value()) start(lanes[1], *b, a);
  }
  void start(Lane& lane, RawSocket& from, RawSocket& to) noexcept {
    if (!receives(from.socket_type()) || !sends(to.socket_type())) return;
    lane.from = &from;
    lane.to = &to;
    lane.owner = this;
    from.on_readable([&lane] { lane.pump(); });
    to.on_writable([&lane] { lane.pump(); });
  }
  void close() noexcept {
    a.close();
    if (b.has_value()) b->close();
  }
};

void Device::Forwarder::Lane::pump() noexcept {
  core::Context* context = internal::context_of(from->anchor_of());
  if (context == nullptr) return;
  loop::Reactor& reactor = context->reactor();
  reactor.work_in_call([&] { forward(reactor); });
}

void Device::Forwarder::Lane::forward(loop::Reactor& reactor) noexcept {
  for (std::uint32_t done = 0; done < burst && (done == 0 || !reactor.enough_work(done)); ++done) {
    if (!held.has_value()) {
      if (!to->can_send()) return;
      Result<Message> message = from->try_recv();
      if (!message.ok()) return;
      held = std::move(message).value();
    }
    const Result<void> sent = to->try_send(*held);
    if (!sent.ok() && sent.error() != Error::invalid_argument) break;
    ++(sent.ok() ? owner->counts.forwarded : owner->counts.refused);
    held.reset();
  }
  // More is left, or one is held for want of memory: again in the next turn.
  from->on_readable([this] { pump(); });
}

Result<Device> Device::join(RawSocket& a, RawSocket& b) noexcept {
  if (!a.is_open()) return internal::why_gone(a.anchor_of());
  if (!b.is_open() || a.anchor_of() != b.anchor_of()) return internal::why_gone(b.anchor_of());
  core::Anchor* anchor = a.anchor_of();
  const auto fits = core::protocol_id(a.socket_type());
  if (io::peer_of(fits) != core::protocol_id(b.socket_type())) {
    anchor->context->explain() << to_string(a.socket_type()) << " and "
                               << to_string(b.socket_type())
                               << " do not talk to each other: expected two that do";
    return Error::invalid_argument;
  }
  void* block = anchor->memory().allocate(sizeof(Forwarder), alignof(Forwarder));
  if (block == nullptr) return Error::no_memory;
  anchor->acquire();
  return Device(anchor, new (block) Forwarder(std::move(a), std::move(b)));
}

Result<Device> Device::reflect(RawSocket& socket) noexcept {
  if (!socket.is_open()) return internal::why_gone(socket.anchor_of());
  core::Anchor* anchor = socket.anchor_of();
  if (!receives(socket.socket_type()) || !sends(socket.socket_type())) {
    anchor->context->explain() << to_string(socket.socket_type())
                               << " goes one way: expected a pattern that sends and receives";
    return Error::invalid_argument;
  }
  void* block = anchor->memory().allocate(sizeof(Forwarder), alignof(Forwarder));
  if (block == nullptr) return Error::no_memory;
  anchor->acquire();
  return Device(anchor, new (block) Forwarder(std::move(socket), std::nullopt));
}

Device::Device(Device&& other) noexcept
    : anchor_(std::exchange(other.anchor_, nullptr)),
      forwarder_(std::exchange(other.forwarder_, nullptr)) {}

Device& Device::operator=(Device&& other) noexcept {
  if (this != &other) {
    this->~Device();
    new (this) Device(std::move(other));
  }
  return *this;
}

Device::~Device() {
  if (forwarder_ == nullptr) return;
  forwarder_->~Forwarder();
  anchor_->memory().deallocate(forwarder_, sizeof(Forwarder), alignof(Forwarder));
  anchor_->release();
}

void Device::close() noexcept {
  if (forwarder_ != nullptr) forwarder_->close();
}

bool Device::is_open() const noexcept { return forwarder_ != nullptr && forwarder_->a.is_open(); }

DeviceStats Device::stats() const noexcept {
  if (forwarder_ == nullptr) return {};
  DeviceStats stats = forwarder_->counts;
  stats.a = forwarder_->a.stats();
  if (forwarder_->b.has_value()) stats.b = forwarder_->b->stats();
  return stats;
}

}  // namespace spool
