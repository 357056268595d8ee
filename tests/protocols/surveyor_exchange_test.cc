// Several surveys at a time on one socket: each has its own answers, deadline and end.
#include <memory>
#include <vector>

#include <catch2/catch.hpp>

#include "spool/protocols/policy/backtrace.h"
#include "spool/protocols/survey/surveyor.h"
#include "tests/support/fake_memory.h"
#include "tests/support/fake_protocol_rig.h"

namespace spool::protocols {
namespace {

using namespace std::chrono_literals;
using testing::Peer;
using Texts = std::vector<std::string>;

struct Holder {
  testing::FakeMemory memory;
};

// A surveyor with two respondents.
struct Rig : Holder, testing::ProtocolRig<Surveyor> {
  explicit Rig(const ProtocolOptions& with = {}) : ProtocolRig<Surveyor>(with, &(Holder::memory)) {
    attach(a);
    attach(b);
  }
  ~Rig() {
    detach(a);
    detach(b);
  }
  std::uint32_t last_id() {
    REQUIRE(a.sent.back().header().size() == word_size);
    return io::load_u32(a.sent.back().header().data());
  }
  void answer(Peer& peer, std::uint32_t id, std::string_view text) {
    const Word word = encode_word(id);
    std::string wire(reinterpret_cast<const char*>(word.data()), word.size());
    CHECK(peer.arrive(wire.append(text)));
  }
  Peer a{*this};
  Peer b{*this};
};

// One survey of its own.
struct Opened {
  explicit Opened(Rig& with, const ExchangeTimes& times = {})
      : rig(with), survey(*with.protocol.open_exchange(host, times).value()) {}
  ~Opened() {
    if (!closed) rig.protocol.close_exchange(survey);
  }
  std::uint32_t start(std::string_view text) {
    Message message = rig.message(text);
    REQUIRE(survey.start(message) == Error::none);
    REQUIRE(message.empty());
    return rig.last_id();
  }
  void close() {
    rig.protocol.close_exchange(survey);
    closed = true;
  }
  std::string receive() {
    Result<Message> received = survey.receive();
    return received.ok() ? std::string(received->text()) : to_string(received.error());
  }
  Texts receive_all() {
    Texts texts;
    while (survey.can_receive()) texts.push_back(receive());
    return texts;
  }

  Rig& rig;
  testing::FakeExchangeHost host;
  Exchange& survey;
  bool closed = false;
};

ExchangeTimes within(Duration deadline) {
  ExchangeTimes times;
  times.deadline = deadline;
  return times;
}

TEST_CASE("a survey that was opened is idle") {
  Rig rig;
  Opened one(rig);
  CHECK_FALSE(one.survey.can_receive());
  CHECK(one.receive() == "wrong_state");
  CHECK(one.survey.cancel() == Error::wrong_state);
  CHECK(one.survey.subscribe({}) == Error::not_supported);
  CHECK(rig.a.sent.empty());
}

TEST_CASE("answers of several surveys find their way, in whatever order they come") {
  Rig rig;
  Opened one(rig);
  Opened two(rig);
  REQUIRE(rig.send("own?") == Error::none);
  const std::uint32_t own = rig.last_id();
  const std::uint32_t first = one.start("one?");
  const std::uint32_t second = two.start("two?");
  CHECK(first == own + 1);  // one count for all
  CHECK(second == own + 2);
  rig.answer(rig.b, second, "two b");
  rig.answer(rig.a, first, "one a");
  rig.answer(rig.a, own, "own a");
  rig.answer(rig.a, second, "two a");
  rig.answer(rig.b, first, "one b");
  CHECK(one.receive_all() == Texts{"one a", "one b"});
  CHECK(two.receive_all() == Texts{"two b", "two a"});
  CHECK(rig.receive_all() == Texts{"own a"});
  CHECK(one.receive() == "would_block");
  CHECK(rig.protocol.stats().stale == 0);
}

TEST_CASE("only who is answered is told") {
  Rig rig;
  Opened one(rig);
  Opened two(rig);
  const std::uint32_t first = one.start("one?");
  two.start("two?");
  rig.answer(rig.a, first, "!");
  CHECK(one.host.readable == 1);
  CHECK(two.host.readable == 0);
  CHECK(rig.host.readable == 0);
  CHECK_FALSE(rig.protocol.can_receive());
}

TEST_CASE("each has its own deadline: its own, or the socket's") {
  Rig rig;  // 1 s
  Opened quick(rig, within(10ms));
  Opened usual(rig);
  Opened slow(rig, within(5s));
  const std::uint32_t quick_id = quick.start("?");
  const std::uint32_t usual_id = usual.start("?");
  const std::uint32_t slow_id = slow.start("?");
  rig.host.advance(10ms - 1ns);
  CHECK(quick.receive() == "would_block");
  rig.host.advance(1ns);
  CHECK(quick.host.readable == 1);
  CHECK(quick.receive() == "deadline_passed");
  rig.host.advance(1s - 10ms - 1ns);
  CHECK(usual.receive() == "would_block");
  rig.host.advance(1ns);
  CHECK(usual.host.readable == 1);
  CHECK(usual.receive() == "deadline_passed");
  rig.answer(rig.a, quick_id, "late");
  rig.answer(rig.a, usual_id, "late");
  rig.answer(rig.a, slow_id, "in time");
  CHECK(rig.protocol.stats().stale == 2);
  CHECK(slow.receive() == "in time");
  rig.host.advance(4s);
  CHECK(slow.receive() == "deadline_passed");
  CHECK(rig.host.timers.size() == 0);
}

TEST_CASE("a survey after a timed-out one takes its own answers only") {
  Rig rig;
  Opened one(rig, within(10ms));
  const std::uint32_t first = one.start("first");
  rig.host.advance(10ms);
  CHECK(one.receive() == "deadline_passed");
  CHECK(one.receive() == "wrong_state");
  const std::uint32_t second = one.start("second");
  rig.host.advance(5ms);
  rig.answer(rig.a, first, "to the first");
  rig.answer(rig.a, second, "to the second");
  CHECK(one.receive() == "to the second");
  CHECK(one.receive() == "would_block");
  rig.host.advance(5ms);
  CHECK(one.receive() == "deadline_passed");
  CHECK(rig.protocol.stats().stale == 1);
}

TEST_CASE("cancelling or restarting one leaves the others alone") {
  Rig rig;
  Opened one(rig);
  Opened two(rig);
  const std::uint32_t first = one.start("?");
  const std::uint32_t second = two.start("?");
  CHECK(one.survey.cancel() == Error::none);
  CHECK(one.receive() == "wrong_state");
  rig.answer(rig.a, first, "late");
  rig.answer(rig.a, second, "a");
  const std::uint32_t third = one.start("again?");
  rig.answer(rig.b, second, "b");
  rig.answer(rig.b, third, "c");
  CHECK(two.receive_all() == Texts{"a", "b"});
  CHECK(one.receive_all() == Texts{"c"});
  CHECK(rig.protocol.stats().stale == 1);
}

TEST_CASE("the queue of one may be full while another takes answers") {
  ProtocolOptions options;
  options.queue_messages = 1;
  Rig rig(options);
  Opened one(rig);
  Opened two(rig);
  const std::uint32_t first = one.start("?");
  const std::uint32_t second = two.start("?");
  rig.answer(rig.a, first, "1");
  rig.answer(rig.b, first, "2");
  rig.answer(rig.b, second, "3");
  CHECK(rig.protocol.stats().overflowed == 1);
  CHECK(one.receive_all() == Texts{"1"});
  CHECK(two.receive_all() == Texts{"3"});
}

TEST_CASE("one that is closed while it runs leaves no timer, no id and no answer") {
  Rig rig;
  Opened one(rig);
  const std::uint32_t id = one.start("?");
  rig.answer(rig.a, id, "unread");
  one.close();
  CHECK(rig.protocol.stats().stale == 1);
  CHECK(rig.host.timers.size() == 0);
  rig.answer(rig.b, id, "late");
  CHECK(rig.protocol.stats().stale == 2);
  CHECK(one.host.readable == 1);  // of the first answer
}

TEST_CASE("closing one that is over or idle is no news") {
  Rig rig;
  Opened idle(rig);
  Opened over(rig);
  over.start("?");
  rig.host.advance(1s);
  over.close();
  idle.close();
  CHECK(rig.protocol.stats().stale == 0);
}

TEST_CASE("storage of a closed survey is used again") {
  Rig rig;
  { Opened warm_up(rig); }
  const std::uint64_t requests = rig.Holder::memory.requests;
  for (int i = 0; i < 5; ++i) Opened again(rig);
  CHECK(rig.Holder::memory.requests == requests);
}

TEST_CASE("without memory no further survey is opened") {
  Rig rig;
  testing::FakeExchangeHost host;
  rig.Holder::memory.fail_at = 1;
  CHECK(rig.protocol.open_exchange(host, {}).error() == Error::no_memory);
  Opened one(rig);
  one.start("?");
  CHECK(one.receive() == "would_block");
}

TEST_CASE("very many at a time: each gets its own answer") {
  Rig rig;
  std::vector<std::unique_ptr<Opened>> surveys;
  std::vector<std::uint32_t> ids;
  for (int i = 0; i < 300; ++i) {
    surveys.push_back(std::make_unique<Opened>(rig));
    ids.push_back(surveys.back()->start("?"));
  }
  for (std::size_t i = ids.size(); i-- != 0;)
    rig.answer(i % 2 == 0 ? rig.a : rig.b, ids[i], std::to_string(i));
  for (std::size_t i = 0; i < ids.size(); ++i)
    CHECK(surveys[i]->receive_all() == Texts{std::to_string(i)});
}

TEST_CASE("what is not for a surveyor is not supported") {
  Rig rig;
  CHECK(rig.protocol.inspects());
  CHECK(rig.protocol.routes());
  CHECK_FALSE(rig.protocol.returns_unsent());
  CHECK(rig.protocol.subscribe({}) == Error::not_supported);
  CHECK(rig.protocol.receive_request().error() == Error::not_supported);
}

}  // namespace
}  // namespace spool::protocols
