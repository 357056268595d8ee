#include "spool/core/event_loop_config.h"

#include <string>

#include <catch2/catch.hpp>

namespace spool {
namespace {

using namespace std::chrono_literals;

// What check() says about a config with one field set.
template <typename Set>
std::string verdict(Set set) {
  EventLoopConfig config;
  set(config);
  Explanation why;
  const Error error = check(config, why);
  CHECK(error == (why.empty() ? Error::none : Error::invalid_argument));
  return std::string(why.text());
}
template <typename T>
std::string verdict(T EventLoopConfig::*field, T value) {
  return verdict([&](EventLoopConfig& config) { config.*field = value; });
}

TEST_CASE("the default configuration is fine") {
  CHECK(verdict([](EventLoopConfig&) {}).empty());
}

TEST_CASE("every field with a range is fine at both ends, and one beyond is named") {
  const auto buffer = &EventLoopConfig::receive_buffer;
  CHECK(verdict<std::size_t>(buffer, 4096).empty());
  CHECK(verdict<std::size_t>(buffer, 16u << 20).empty());
  CHECK(verdict<std::size_t>(buffer, 4095) == "receive_buffer is 4095: expected 4096 to 16777216");
  CHECK(verdict<std::size_t>(buffer, (16u << 20) + 1) ==
        "receive_buffer is 16777217: expected 4096 to 16777216");

  const auto reserve = &EventLoopConfig::reserve_message_size;
  CHECK(verdict<std::size_t>(reserve, 0).empty());
  CHECK(verdict<std::size_t>(reserve, 2147483647).empty());
  CHECK(verdict<std::size_t>(reserve, 2147483648) ==
        "reserve_message_size is 2147483648: expected 0 to 2147483647");

  for (const auto& [name, field] :
       {std::pair{"reserve_sockets", &EventLoopConfig::reserve_sockets},
        std::pair{"reserve_connections", &EventLoopConfig::reserve_connections},
        std::pair{"reserve_exchanges", &EventLoopConfig::reserve_exchanges}}) {
    CHECK(verdict<std::uint32_t>(field, 1u << 24).empty());
    CHECK(verdict<std::uint32_t>(field, (1u << 24) + 1) ==
          std::string(name) + " is 16777217: expected 0 to 16777216");
  }

  const auto posts = &EventLoopConfig::post_queue;
  CHECK(verdict<std::size_t>(posts, 0).empty());
  CHECK(verdict<std::size_t>(posts, 1u << 20).empty());
  CHECK(verdict<std::size_t>(posts, (1u << 20) + 1) ==
        "post_queue is 1048577: expected 0 to 1048576");

  const auto sockets = &EventLoopConfig::sockets_max;
  CHECK(verdict<std::uint32_t>(sockets, 1).empty());
  CHECK(verdict<std::uint32_t>(sockets, 1u << 24).empty());
  CHECK(verdict<std::uint32_t>(sockets, 0) == "sockets_max is 0: expected 1 to 16777216");
  CHECK(verdict<std::uint32_t>(sockets, (1u << 24) + 1) ==
        "sockets_max is 16777217: expected 1 to 16777216");

  const auto events = &EventLoopConfig::event_queue;
  CHECK(verdict<std::uint32_t>(events, 1).empty());
  CHECK(verdict<std::uint32_t>(events, 65536).empty());
  CHECK(verdict<std::uint32_t>(events, 0) == "event_queue is 0: expected 1 to 65536");
  CHECK(verdict<std::uint32_t>(events, 65537) == "event_queue is 65537: expected 1 to 65536");
}

TEST_CASE("the message memory has no limit, or one of at least 64 KiB") {
  const auto limit = &EventLoopConfig::message_memory_limit;
  CHECK(verdict<std::size_t>(limit, 0).empty());
  CHECK(verdict<std::size_t>(limit, 65536).empty());
  CHECK(verdict<std::size_t>(limit, SIZE_MAX).empty());
  CHECK(verdict<std::size_t>(limit, 65535)
            .starts_with("message_memory_limit is 65535: expected 65536 to "));
  CHECK(verdict<std::size_t>(limit, 1).starts_with("message_memory_limit is 1: expected 65536"));
}

TEST_CASE("a budget of no time is no limit, a negative one is wrong") {
  const auto budget = [](Duration time) {
    return verdict([time](EventLoopConfig& config) { config.budget.time = time; });
  };
  CHECK(budget(0ms).empty());
  CHECK(budget(Duration::max()).empty());
  CHECK(budget(Duration(-1)) == "budget.time is negative: expected zero (no limit) or more");
  CHECK(verdict([](EventLoopConfig& config) { config.budget.callback_time = Duration(-1); }) ==
        "budget.callback_time is negative: expected zero (no limit) or more");
}

}  // namespace
}  // namespace spool
