// Requests and replies of arbitrary bytes. What counts as a backtrace is what a simple reader
// finds; what comes in, goes the right way out again, cooked and raw.
//
// Input: byte 0 is the hop limit; the rest is what the peer says.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "spool/protocols/policy/backtrace.h"
#include "spool/protocols/reqrep/raw_rep.h"
#include "spool/protocols/reqrep/raw_req.h"
#include "spool/protocols/reqrep/rep.h"
#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using io::Verdict;
using testing::Peer;
using testing::ProtocolRig;

void check(bool true_now) {
  if (!true_now) std::abort();
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Word by word, from the front.
Backtrace expected_of(std::string_view payload, std::size_t hop_limit) {
  for (std::size_t words = 1;; ++words) {
    if (payload.size() < 4 * words) return {Verdict::malformed, 0};
    if (words > hop_limit) return {Verdict::too_many_hops, 0};
    if (static_cast<unsigned char>(payload[4 * words - 4]) >= 128)
      return {Verdict::keep, 4 * words};
  }
}

// What the peer of a protocol says, and what became of it.
template <typename P>
struct Case {
  Case(std::string_view payload, unsigned hop_limit, const Backtrace& expected)
      : rig(options_of(hop_limit)), peer(rig) {
    check(rig.attach(peer) == Error::none);
    const bool kept = peer.arrive(payload);
    check(kept == (expected.verdict == Verdict::keep));
    check(rig.protocol.can_receive() == kept);
    check(peer.stats().malformed == (expected.verdict == Verdict::malformed ? 1u : 0u));
    check(peer.stats().too_many_hops == (expected.verdict == Verdict::too_many_hops ? 1u : 0u));
    check(!peer.ended());
  }
  ~Case() { rig.detach(peer); }

  static ProtocolOptions options_of(unsigned hop_limit) {
    ProtocolOptions options;
    options.hop_limit = hop_limit;
    return options;
  }
  void check_sent(std::string_view payload) const {
    check(!peer.sent.empty() && text_of(peer.sent.back().payload()) == payload);
  }

  ProtocolRig<P> rig;
  Peer peer;
};

void run(std::string_view payload, unsigned hop_limit) {
  const auto bytes = std::as_bytes(std::span(payload));
  const Backtrace expected = expected_of(payload, hop_limit);
  const Backtrace found = find_backtrace(bytes, hop_limit);
  check(found.verdict == expected.verdict && found.size == expected.size);
  const Backtrace any = expected_of(payload, payload.size());
  check(is_backtrace(bytes) == (any.verdict == Verdict::keep && any.size == payload.size()));

  const std::string header(payload.substr(0, expected.size));
  const std::string body(payload.substr(expected.size));
  Case<Rep> own(payload, hop_limit, expected);
  Case<Rep> one(payload, hop_limit, expected);
  Case<RawRep> front(payload, hop_limit, expected);
  if (expected.verdict == Verdict::keep) {
    check(own.rig.receive() == body);
    check(own.rig.send("answer") == Error::none);
    own.check_sent(header + "answer");

    Message request = one.rig.protocol.receive_request().value();
    check(text_of(request.header()) == header && request.text() == body);
    Message answer = one.rig.message("answer");
    check(one.rig.protocol.reply(request, answer) == Error::none);
    one.check_sent(header + "answer");
    check(one.rig.protocol.reply(request, request) == Error::none);
    one.check_sent(payload);

    Message passing = front.rig.protocol.receive().value();
    check(passing.header().size() == header.size() + 4 && passing.text() == body);
    check(front.rig.protocol.send(passing) == Error::none);
    front.check_sent(payload);
  }

  Case<RawReq> back(payload, hop_limit, any);
  if (any.verdict == Verdict::keep) {
    Message passing = back.rig.protocol.receive().value();
    check(passing.header().size() == any.size);
    check(text_of(passing.payload()) == payload);
    check(back.rig.protocol.send(passing) == Error::none);
    back.check_sent(payload);
  }
}

}  // namespace
}  // namespace spool::protocols

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view payload(reinterpret_cast<const char*>(data) + 1, size - 1);
  spool::protocols::run(payload, data[0] == 0 ? 8 : data[0]);
  return 0;
}
