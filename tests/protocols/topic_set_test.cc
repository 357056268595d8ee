#include "spool/protocols/policy/topic_set.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/fake_memory.h"

namespace spool::protocols {
namespace {

using testing::FakeMemory;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

// What a TopicSet is, without any cleverness.
class Model {
 public:
  void add(const std::string& topic) { ++topics_[topic]; }
  bool remove(const std::string& topic) {
    const auto found = topics_.find(topic);
    if (found == topics_.end()) return false;
    if (--found->second == 0) topics_.erase(found);
    return true;
  }
  [[nodiscard]] bool matches(const std::string& body) const {
    for (const auto& [topic, count] : topics_)
      if (body.compare(0, topic.size(), topic) == 0) return true;
    return false;
  }
  [[nodiscard]] std::size_t size() const { return topics_.size(); }
  [[nodiscard]] const std::map<std::string, int>& topics() const { return topics_; }

 private:
  std::map<std::string, int> topics_;
};

TEST_CASE("without a topic nothing matches, not even nothing") {
  FakeMemory memory;
  const TopicSet topics(memory);
  CHECK_FALSE(topics.matches(bytes("")));
  CHECK_FALSE(topics.matches(bytes("x")));
  CHECK(memory.requests == 0);
}

TEST_CASE("the empty topic matches everything") {
  FakeMemory memory;
  TopicSet topics(memory);
  REQUIRE(topics.add({}) == Error::none);
  CHECK(topics.matches(bytes("")));
  CHECK(topics.matches(bytes("anything")));
  REQUIRE(topics.remove({}) == Error::none);
  CHECK_FALSE(topics.matches(bytes("")));
}

TEST_CASE("a topic matches what begins with it and nothing else") {
  FakeMemory memory;
  TopicSet topics(memory);
  REQUIRE(topics.add(bytes("sport.")) == Error::none);
  CHECK(topics.matches(bytes("sport.")));
  CHECK(topics.matches(bytes("sport.chess")));
  CHECK_FALSE(topics.matches(bytes("sport")));
  CHECK_FALSE(topics.matches(bytes("Sport.chess")));
  CHECK_FALSE(topics.matches(bytes("a sport.")));
  CHECK_FALSE(topics.matches(bytes("sporu")));
}

TEST_CASE("a nested topic does not hide the one around it") {
  FakeMemory memory;
  TopicSet topics(memory);
  for (const char* topic : {"a", "aab", "aabbc", "aabbcd", "ab"})
    REQUIRE(topics.add(bytes(topic)) == Error::none);
  CHECK(topics.matches(bytes("aabbzzz")));
  CHECK(topics.matches(bytes("az")));
  CHECK(topics.matches(bytes("a")));
  REQUIRE(topics.remove(bytes("a")) == Error::none);
  CHECK_FALSE(topics.matches(bytes("az")));
  CHECK(topics.matches(bytes("aabz")));
  CHECK_FALSE(topics.matches(bytes("aaz")));
}

TEST_CASE("topics are bytes: NUL and 0xff are ordinary") {
  FakeMemory memory;
  TopicSet topics(memory);
  const std::string_view zero("\0", 1);
  const std::string_view high("\xff\xff", 2);
  REQUIRE(topics.add(bytes(zero)) == Error::none);
  REQUIRE(topics.add(bytes(high)) == Error::none);
  CHECK(topics.matches(bytes(std::string_view("\0x", 2))));
  CHECK(topics.matches(bytes(std::string_view("\xff\xff\x01", 3))));
  CHECK_FALSE(topics.matches(bytes(std::string_view("\xff", 1))));
  CHECK_FALSE(topics.matches(bytes("\x01")));
  CHECK_FALSE(topics.matches(bytes("")));
}

TEST_CASE("the same topic twice needs two removals") {
  FakeMemory memory;
  TopicSet topics(memory);
  REQUIRE(topics.add(bytes("t")) == Error::none);
  REQUIRE(topics.add(bytes("t")) == Error::none);
  CHECK(topics.size() == 1);
  REQUIRE(topics.remove(bytes("t")) == Error::none);
  CHECK(topics.matches(bytes("t")));
  REQUIRE(topics.remove(bytes("t")) == Error::none);
  CHECK_FALSE(topics.matches(bytes("t")));
  CHECK(topics.remove(bytes("t")) == Error::invalid_argument);
}

TEST_CASE("removing what was not added is an error and changes nothing") {
  FakeMemory memory;
  TopicSet topics(memory);
  CHECK(topics.remove(bytes("")) == Error::invalid_argument);
  CHECK(topics.remove(bytes("x")) == Error::invalid_argument);
  REQUIRE(topics.add(bytes("xy")) == Error::none);
  CHECK(topics.remove(bytes("x")) == Error::invalid_argument);
  CHECK(topics.remove(bytes("xyz")) == Error::invalid_argument);
  CHECK(topics.remove({}) == Error::invalid_argument);
  CHECK(topics.matches(bytes("xy")));
}

TEST_CASE("a topic has at most 4096 bytes") {
  FakeMemory memory;
  TopicSet topics(memory);
  const std::string longest(TopicSet::topic_size_max, 'x');
  CHECK(topics.add(bytes(longest)) == Error::none);
  CHECK(topics.matches(bytes(longest + "y")));
  CHECK(topics.add(bytes(longest + "x")) == Error::invalid_argument);
  CHECK(topics.size() == 1);
}

TEST_CASE("random topics match as in the model") {
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  FakeMemory memory;
  {
    TopicSet topics(memory);
    Model model;
    // Few letters, NUL and 0xff among them, so that topics nest and meet.
    const auto text = [&](std::size_t longest) {
      const std::string_view letters("\0a\x7f\x80\xff", 5);
      std::string result(random() % (longest + 1), '\0');
      for (char& c : result) c = letters[random() % letters.size()];
      return result;
    };
    bool same = true;
    for (int i = 0; i < 20'000 && same; ++i) {
      const std::string topic = text(6);
      // Rather few at a time in the first half, many in the second.
      const unsigned chance = i < 10'000 ? 2 : 5;
      if (random() % chance != 0 && model.size() < (i < 10'000 ? 12u : 400u)) {
        model.add(topic);
        same = topics.add(bytes(topic)) == Error::none;
      } else {
        same = (topics.remove(bytes(topic)) == Error::none) == model.remove(topic);
      }
      for (int k = 0; k < 4 && same; ++k) {
        const std::string body = text(9);
        same = topics.matches(bytes(body)) == model.matches(body);
      }
      same = same && topics.size() == model.size();
    }
    REQUIRE(same);
  }
  CHECK(memory.blocks() == 0);
  CHECK(memory.wrong_returns == 0);
}

TEST_CASE("with memory refused at any request nothing is half done") {
  const std::vector<std::string> all{"b", "a", "", "abc", "ab", "abcd", "x", "y", "z", "zz"};
  for (std::uint64_t fail_at = 1;; ++fail_at) {
    FakeMemory memory;
    {
      TopicSet topics(memory);
      Model model;
      memory.fail_at = fail_at;
      for (const std::string& topic : all) {
        const Error error = topics.add(bytes(topic));
        if (error == Error::none)
          model.add(topic);
        else
          REQUIRE(error == Error::no_memory);
        REQUIRE(topics.size() == model.size());
        for (const std::string& body : all)
          REQUIRE(topics.matches(bytes(body)) == model.matches(body));
      }
      // What was refused can be had once there is memory again.
      for (const std::string& topic : all) REQUIRE(topics.add(bytes(topic)) == Error::none);
      REQUIRE(topics.size() == all.size());
    }
    REQUIRE(memory.blocks() == 0);
    if (memory.refused == 0) break;  // later than everything
  }
}

TEST_CASE("a hundred thousand topics are held, matched without a request, and given back") {
  FakeMemory memory;
  {
    TopicSet topics(memory);
    constexpr std::uint32_t count = 100'000;
    // In ascending order: a sorted array would otherwise move too much for a test. Every second
    // number is a topic.
    char name[16];
    const auto number = [&](std::uint32_t i) {
      std::string digits = std::to_string(1'000'000 + 2 * i);
      std::copy(digits.begin(), digits.end(), name);
      return bytes(std::string_view(name, digits.size()));
    };
    bool added = true;
    for (std::uint32_t i = 0; i < count; ++i) added = added && topics.add(number(i)) == Error::none;
    REQUIRE(added);
    CHECK(topics.size() == count);
    const std::uint64_t requests = memory.requests;
    bool right = true;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::string even = std::to_string(1'000'000 + 2 * i);
      const std::string odd = std::to_string(1'000'001 + 2 * i);
      right = right && topics.matches(bytes(even + "/x")) && !topics.matches(bytes(odd + "/x"));
    }
    CHECK(right);
    CHECK(memory.requests == requests);
    bool removed = true;
    for (std::uint32_t i = count; i-- > 0;)
      removed = removed && topics.remove(number(i)) == Error::none;
    CHECK(removed);
    CHECK(topics.size() == 0);
  }
  CHECK(memory.blocks() == 0);
}

}  // namespace
}  // namespace spool::protocols
