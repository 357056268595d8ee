// What tests of REQ, REP and their kin say in short.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/fake_memory.h"
#include "tests/support/fake_protocol_rig.h"

namespace spool::testing {

inline constexpr std::uint32_t id = 0x8000'0005;  // of the only request, where one is enough

// The words as they are on the wire, and what follows them.
inline std::string wire(std::initializer_list<std::uint32_t> words, std::string_view body = {}) {
  std::string bytes;
  for (const std::uint32_t word : words)
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(word >> shift));
  return bytes.append(body);
}
// `hops` hop words, the id, and what follows them.
inline std::string far_wire(std::uint32_t hops, std::string_view body) {
  std::string bytes;
  for (std::uint32_t hop = 1; hop <= hops; ++hop) bytes += wire({hop});
  return bytes + wire({id}, body);
}
inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
// What went to this peer, header and body.
inline std::vector<std::string> sent_to(const FakePipe& pipe) {
  std::vector<std::string> result;
  for (const Message& message : pipe.sent) result.push_back(text_of(message.payload()));
  return result;
}
// A message with a header, as a raw socket sends it.
inline Message with_header(PipeWorld& world, std::string_view header, std::string_view body) {
  Message message = world.message(std::string(header).append(body));
  message.body_to_header(header.size());
  return message;
}
inline protocols::ProtocolOptions hop_limit_of(unsigned words) {
  protocols::ProtocolOptions options;
  options.hop_limit = words;
  return options;
}

// A protocol whose pool can be denied memory, among messages that have theirs. Has to be made
// before its peers.
template <typename P>
struct ScarceRig : PipeWorld {
  explicit ScarceRig(const protocols::ProtocolOptions& with = {})
      : options(with), protocol({host, memory, scarce, options}) {
    config.inspects = protocol.inspects();
  }
  Error attach(FakePipe& pipe) {
    pipe.set_user(&protocol);
    pipe.peer_number = next_peer++;
    return protocol.attach(pipe);
  }
  void deny() {
    memory.fail_at = 1;
    memory.keep_failing = true;
  }

  FakeMemory memory;
  MessagePool scarce{memory, 0};
  FakeHost host;
  protocols::ProtocolOptions options;
  P protocol;
  std::uint32_t next_peer = 1;
};

}  // namespace spool::testing
