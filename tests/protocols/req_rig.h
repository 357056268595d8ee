// ReqRig: a REQ among fake pipes. The test plays the repliers and moves the clock.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "spool/io/wire.h"
#include "spool/protocols/reqrep/req.h"
#include "tests/support/fake_memory.h"
#include "tests/support/fake_protocol_rig.h"

namespace spool::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

inline std::uint32_t word_at(const Message& message) {
  return io::load_u32(message.payload().data());
}
inline std::string with_word(std::uint32_t word, std::string_view text) {
  const protocols::Word bytes = protocols::encode_word(word);
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()).append(text);
}
// The id of the last request that this peer got.
inline std::uint32_t last_id(const FakePipe& peer) { return word_at(peer.sent.back()); }
inline void reply(FakePipe& from, std::uint32_t id, std::string_view text) {
  if (!from.arrive(with_word(id, text))) FAIL("nobody takes a reply");
}
// To the last request that this peer got.
inline void reply(FakePipe& from, std::string_view text) { reply(from, last_id(from), text); }

inline constexpr protocols::ExchangeTimes with_deadline(Duration deadline) {
  return {deadline, true, std::chrono::minutes(1)};
}
inline constexpr protocols::ExchangeTimes resending(Duration after) { return {{}, true, after}; }
inline constexpr protocols::ExchangeTimes never_resending() { return {{}, false, Duration(1)}; }

struct ReqMemory {
  FakeMemory memory;  // of the protocol; messages come from elsewhere
};
struct ReqRig : ReqMemory, ProtocolRig<protocols::Req> {
  explicit ReqRig(const protocols::ExchangeTimes& times = {})
      : ProtocolRig<protocols::Req>(with(times), &(ReqMemory::memory)) {}

  [[nodiscard]] const protocols::ProtocolStats& stats() const { return protocol.stats(); }
  [[nodiscard]] std::size_t waiting() const { return protocol.waiting_messages(); }
  [[nodiscard]] std::size_t timers() const { return host.timers.size(); }

 private:
  static protocols::ProtocolOptions with(const protocols::ExchangeTimes& times) {
    protocols::ProtocolOptions options;
    options.request = times;
    return options;
  }
};

// A peer that is attached as long as it is there.
struct Replier : Peer {
  explicit Replier(ReqRig& rig, std::size_t room = SIZE_MAX, std::uint8_t priority = 8)
      : Peer(rig, room, priority), rig_(rig) {
    REQUIRE(rig.attach(*this) == Error::none);
  }
  ~Replier() override { leave(); }
  void leave() {
    if (user() != nullptr) rig_.detach(*this);
  }

 private:
  ReqRig& rig_;
};

// An exchange that is open as long as it is there, and who hears of it.
class Conversation {
 public:
  explicit Conversation(ReqRig& rig, const protocols::ExchangeTimes& times = {})
      : rig_(rig), exchange_(rig.protocol.open_exchange(host, times).value()) {}
  ~Conversation() { close(); }
  void close() {
    if (exchange_ != nullptr) rig_.protocol.close_exchange(*exchange_);
    exchange_ = nullptr;
  }
  Error start(std::string_view text) {
    Message message = rig_.message(text);
    return exchange_->start(message);
  }
  // The text, or the name of the error.
  std::string receive() {
    Result<Message> received = exchange_->receive();
    return received.ok() ? std::string(received->text()) : to_string(received.error());
  }
  [[nodiscard]] bool can_receive() const { return exchange_->can_receive(); }
  Error cancel() { return exchange_->cancel(); }
  [[nodiscard]] int notices() const { return host.readable; }
  protocols::Exchange& exchange() { return *exchange_; }

  FakeExchangeHost host;

 private:
  ReqRig& rig_;
  protocols::Exchange* exchange_;
};

}  // namespace spool::testing
