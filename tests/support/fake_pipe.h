// FakePipe: a pipe without any io. The test plays the peer and the kernel.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spool/io/message_pool.h"
#include "spool/io/pipe.h"
#include "spool/loop/timer_queue.h"
#include "spool/protocols/protocol.h"

namespace spool::testing {

// Counts what an owner hears.
class FakeOwner : public io::PipeOwner {
 public:
  void on_pipe_open(io::Pipe&) noexcept override { ++opened; }
  void on_pipe_closed(io::Pipe&, Error reason, int) noexcept override {
    ++closed;
    last_reason = reason;
  }
  void on_pipe_drained(io::Pipe&) noexcept override { ++drained; }
  void on_pipe_dropped(io::Pipe&, Error reason, std::uint64_t count) noexcept override {
    dropped += count;
    drop_reason = reason;
  }

  int opened = 0;
  int closed = 0;
  int drained = 0;
  std::uint64_t dropped = 0;
  Error drop_reason = Error::none;
  Error last_reason = Error::none;
};

// Counts how often an exchange said that something may have changed.
class FakeExchangeHost final : public protocols::ExchangeHost {
 public:
  void on_readable() noexcept override { ++readable; }
  int readable = 0;
};

// Counts how often a protocol said that something may have changed. The test moves its clock.
class FakeHost final : public protocols::ProtocolHost {
 public:
  void on_readable() noexcept override { ++readiness, ++readable; }
  void on_writable() noexcept override { ++readiness, ++writable; }
  void on_peer_blocked(io::Pipe& pipe) noexcept override { blocked.push_back(&pipe); }
  void on_peer_caught_up(io::Pipe& pipe) noexcept override {
    caught_up.emplace_back(&pipe, pipe.missed_in_episode);
  }
  void on_lost(std::uint64_t messages) noexcept override { lost += messages; }
  void schedule_after(loop::Timer& timer, Duration delay) noexcept override {
    timers.schedule(timer, now + delay);
  }
  void cancel(loop::Timer& timer) noexcept override { timers.cancel(timer); }

  // So much time goes by; timers fire in order, each at its own time.
  void advance(Duration time) {
    const Instant end = now + time;
    while (timers.next_deadline().has_value() && *timers.next_deadline() <= end) {
      now = std::max(now, *timers.next_deadline());
      timers.fire_due(now, 1);
    }
    now = end;
  }

  loop::TimerQueue timers;
  Instant now{};
  int readiness = 0;  // both kinds
  int readable = 0;
  int writable = 0;
  std::vector<io::Pipe*> blocked;
  std::vector<std::pair<io::Pipe*, std::uint64_t>> caught_up;
  std::uint64_t lost = 0;
};

inline io::PipeConfig fake_pipe_config() {
  io::PipeConfig config;
  config.max_message_size = 1u << 20;
  config.send_queue_bytes = config.receive_queue_bytes = 1u << 20;
  config.send_queue_messages = config.receive_queue_messages = 1000;
  return config;
}

// Takes `room` messages (from the start: none, until open()), records what was sent, lets messages
// arrive. What io promises of a pipe, it keeps: see io/pipe.h.
class FakePipe : public io::Pipe {
 public:
  FakePipe(MessagePool& pool, const io::PipeConfig& config, io::PipeOwner& owner,
           std::size_t room = 0) noexcept
      : Pipe(pool, config, owner), pool_(&pool) {
    set_room(room);
  }

  // --- The test plays the world ---------------------------------------------------------------

  // The handshake is done; `room` messages can be sent.
  void open(std::size_t room = SIZE_MAX) {
    set_room(room);
    owner_->on_pipe_open(*this);
  }
  // Without telling anybody.
  void set_room(std::size_t room) {
    room_ = room;
    sendable_ = room != 0 && !ended_;
  }
  // The kernel took something: there is room again, and the user hears of it.
  void make_room(std::size_t room) {
    set_room(room);
    if (sendable_ && user_ != nullptr) user_->on_sendable(*this);
  }
  // A message from the peer. False when nobody wanted it.
  bool arrive(std::string_view text) {
    const io::Verdict verdict = inspected(std::as_bytes(std::span(text)));
    report_dropped();
    if (verdict == io::Verdict::hang_up) end(Error::malformed);
    if (verdict != io::Verdict::keep) return false;
    Result<Message> message = pool_->copy_of(std::as_bytes(std::span(text)));
    if (!message.ok() || keep(std::move(message).value()) != Error::none) return false;
    report_dropped();
    if (user_ != nullptr && receivable()) user_->on_receivable(*this);
    return true;
  }
  // The connection is gone. What was sent and not marked as written is lost.
  void end(Error reason = Error::peer_closed, int os_error = 0) {
    sendable_ = false;
    if (config_->returns_unsent && user_ != nullptr) {
      // The first may be partly written; the rest nobody has seen.
      for (std::size_t i = sent.size() - unsent_messages_ + 1; unsent_messages_ > 1; ++i) {
        --unsent_messages_;
        ++stats_.returned;
        user_->on_returned(*this, pool_->copy_of(sent[i].payload()).value());
      }
    }
    stats_.lost += std::exchange(unsent_messages_, 0);
    ended_ = true;
    watch_takes_ = true;
    if (user_ != nullptr) {
      if (receivable()) user_->on_receivable(*this);
      user_->on_pipe_ended(*this);
    }
    owner_->on_pipe_closed(*this, reason, os_error);
  }
  // The next sends stay unsent until written() or the end; the first of them counts as partly
  // written.
  void hold_sends() { holding_ = true; }
  void written() { unsent_messages_ = 0; }

  // --- io::Pipe -------------------------------------------------------------------------------

  [[nodiscard]] Error send(Message& message) noexcept override {
    SPOOL_ASSERT(sendable_);
    if (failures != 0) {
      --failures;
      return Error::no_memory;
    }
    if (holding_) ++unsent_messages_;
    ++stats_.messages_sent;
    stats_.bytes_sent += message.payload().size();
    sent.push_back(std::move(message));
    message.reset();
    if (room_ != SIZE_MAX && --room_ == 0) sendable_ = false;
    return Error::none;
  }
  // All that is unsent but the first, which is partly written.
  [[nodiscard]] bool drop_oldest() noexcept override {
    if (unsent_messages_ < 2) return false;
    sent.erase(sent.end() - static_cast<std::ptrdiff_t>(unsent_messages_) + 1);
    --unsent_messages_;
    if (room_ != SIZE_MAX) ++room_;
    sendable_ = !ended_;
    return true;
  }
  void admit() noexcept override {
    Pipe::admit();
    ++admissions;
  }
  void hold() { held_ = true; }
  void abandon(Error reason) noexcept override {
    abandoned = reason;
    sendable_ = false;
  }
  void close() noexcept override {
    if (!ended_) stats_.lost += std::exchange(unsent_messages_, 0);
    ended_ = true;
    sendable_ = false;
    watch_takes_ = false;
    discard_received();
    ++closes;
  }
  void drain(Duration limit) noexcept override {
    SPOOL_ASSERT(user_ == nullptr && !ended_);
    discard_received();
    sendable_ = false;
    ++drains;
    drain_limit = limit;
  }
  void dispose() noexcept override {
    ++disposals;
    if (on_dispose) on_dispose();
  }
  [[nodiscard]] bool ended() const noexcept override { return ended_; }
  [[nodiscard]] std::size_t unsent_messages() const noexcept override { return unsent_messages_; }
  [[nodiscard]] std::size_t unsent_bytes() const noexcept override { return unsent_messages_; }
  void describe_peer(Explanation& text) const noexcept override { text << peer_name; }

  // --- What the test looks at -----------------------------------------------------------------

  // The texts sent so far, one after the other.
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> result;
    for (const Message& message : sent) result.emplace_back(message.text());
    return result;
  }
  [[nodiscard]] io::PipeOwner* owner() const { return owner_; }

  std::vector<Message> sent;
  std::size_t failures = 0;  // the next sends say no_memory
  int closes = 0;
  int drains = 0;
  int disposals = 0;
  int admissions = 0;
  Error abandoned = Error::none;
  Duration drain_limit{};
  std::string_view peer_name;
  std::function<void()> on_dispose;

 private:
  void on_taken() noexcept override {
    if (ended_ && received_.empty()) owner_->on_pipe_drained(*this);
  }

  MessagePool* pool_;
  std::size_t room_ = 0;
  std::size_t unsent_messages_ = 0;
  bool ended_ = false;
  bool holding_ = false;
};

// What pipes need around them.
struct PipeWorld {
  SystemMemory system;
  MessagePool pool{system, 0};
  io::PipeConfig config = fake_pipe_config();
  FakeOwner owner;

  [[nodiscard]] Message message(std::string_view text) {
    return pool.copy_of(std::as_bytes(std::span(text))).value();
  }
};

// A pipe in that world, open, with a user or none. Leaves its rings before it goes.
struct Peer : FakePipe {
  explicit Peer(PipeWorld& world, std::size_t room = SIZE_MAX, std::uint8_t priority = 8)
      : FakePipe(world.pool, world.config, world.owner, room) {
    send_priority = receive_priority = priority;
  }
  ~Peer() override {
    loop::Link<io::SendRing>::unlink();
    loop::Link<io::ReceiveRing>::unlink();
    loop::Link<io::OwnerList>::unlink();
    loop::Link<io::PeerList>::unlink();
    if (!ended()) close();
  }
};

}  // namespace spool::testing
