#include "spool/core/options.h"

#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace spool {
namespace {

using namespace std::chrono_literals;

// One field at one value; what the error says when it is out of range.
template <typename Options>
struct Case {
  std::function<void(Options&)> set;
  const char* says;  // null: fine
};

template <typename Options>
void check_all(const std::vector<Case<Options>>& cases) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Options options;
    cases[i].set(options);
    Explanation why;
    const Error error = check(options, why);
    const std::string expected = cases[i].says == nullptr ? "" : cases[i].says;
    CAPTURE(i, expected);
    CHECK(why.text() == expected);
    CHECK(error == (cases[i].says == nullptr ? Error::none : Error::invalid_argument));
  }
}

TEST_CASE("the defaults are fine") {
  Explanation why;
  CHECK(check(SocketOptions{}, why) == Error::none);
  CHECK(check(EndpointOptions{}, why) == Error::none);
  CHECK(check(ExchangeOptions{}, why) == Error::none);
  CHECK(why.empty());
}

TEST_CASE("sizes and counts are fine at both ends, and one beyond is named with its range") {
  const auto size = [](std::size_t SocketOptions::*field, std::size_t value) {
    return [field, value](SocketOptions& o) { o.*field = value; };
  };
  constexpr std::size_t most = std::size_t{1} << 40;
  const auto message = &SocketOptions::max_message_size;
  check_all<SocketOptions>({
      {size(message, 1), nullptr},
      {size(message, 2147483647), nullptr},
      {size(message, 0), "max_message_size is 0: expected 1 to 2147483647"},
      {size(message, 2147483648), "max_message_size is 2147483648: expected 1 to 2147483647"},
      {size(message, SIZE_MAX),
       "max_message_size is 18446744073709551615: expected 1 to 2147483647"},
  });
  const std::pair<std::size_t SocketOptions::*, std::string> queues[] = {
      {&SocketOptions::send_queue_bytes, "send_queue_bytes"},
      {&SocketOptions::send_queue_messages, "send_queue_messages"},
      {&SocketOptions::receive_queue_bytes, "receive_queue_bytes"},
      {&SocketOptions::receive_queue_messages, "receive_queue_messages"}};
  for (const auto& [field, name] : queues) {
    const std::string zero = name + " is 0: expected 1 to 1099511627776";
    const std::string above = name + " is 1099511627777: expected 1 to 1099511627776";
    check_all<SocketOptions>({{size(field, 1), nullptr},
                              {size(field, most), nullptr},
                              {size(field, 0), zero.c_str()},
                              {size(field, most + 1), above.c_str()}});
  }
}

TEST_CASE("times are fine at both ends, and one beyond is named with its range") {
  const auto time = [](Duration SocketOptions::*field, Duration value) {
    return [field, value](SocketOptions& o) { o.*field = value; };
  };
  const auto handshake = &SocketOptions::handshake_timeout;
  const auto linger = &SocketOptions::linger;
  const auto min = &SocketOptions::reconnect_min;
  const auto max = &SocketOptions::reconnect_max;
  const auto reset = &SocketOptions::reconnect_reset_after;
  constexpr Duration tick(1000);  // the grain of the words
  check_all<SocketOptions>({
      {time(handshake, 1ms), nullptr},
      {time(handshake, 1h), nullptr},
      {time(handshake, 1ms - tick), "handshake_timeout is 999 us: expected 1000 to 3600000000 us"},
      {time(handshake, 1h + tick),
       "handshake_timeout is 3600000001 us: expected 1000 to 3600000000 us"},
      {time(linger, 0ms), nullptr},
      {time(linger, 24h), nullptr},
      {time(linger, -tick), "linger is -1 us: expected 0 to 86400000000 us"},
      {time(linger, 24h + tick), "linger is 86400000001 us: expected 0 to 86400000000 us"},
      {time(min, 1ms), nullptr},
      {time(min, 1ms - tick), "reconnect_min is 999 us: expected 1000 to 86400000000 us"},
      {time(max, 100ms), nullptr},
      {time(max, 24h), nullptr},
      {time(max, 24h + tick), "reconnect_max is 86400000001 us: expected 100000 to 86400000000 us"},
      {time(max, 100ms - tick), "reconnect_max is 99999 us: expected 100000 to 86400000000 us"},
      {time(reset, 1ms), nullptr},
      {time(reset, 24h), nullptr},
      {time(reset, 1ms - tick), "reconnect_reset_after is 999 us: expected 1000 to 86400000000 us"},
      {time(reset, 24h + tick),
       "reconnect_reset_after is 86400000001 us: expected 1000 to 86400000000 us"},
      {[](SocketOptions& o) { o.reconnect_min = o.reconnect_max = 24h; }, nullptr},
      {[](SocketOptions& o) { o.reconnect_min = o.reconnect_max = 24h + 1us; },
       "reconnect_min is 86400000001 us: expected 1000 to 86400000000 us"},
      {time(linger, Duration::max()),
       "linger is 9223372036854775 us: expected 0 to 86400000000 us"},
  });
}

TEST_CASE("kernel buffers are fine at both ends, and one beyond is named with its range") {
  const auto number = [](int SocketOptions::*field, int value) {
    return [field, value](SocketOptions& o) { o.*field = value; };
  };
  const std::pair<int SocketOptions::*, std::string> buffers[] = {
      {&SocketOptions::kernel_send_buffer, "kernel_send_buffer"},
      {&SocketOptions::kernel_receive_buffer, "kernel_receive_buffer"}};
  for (const auto& [field, name] : buffers) {
    const std::string below = name + " is -1: expected 0 to 1073741824";
    const std::string above = name + " is 1073741825: expected 0 to 1073741824";
    check_all<SocketOptions>({{number(field, 0), nullptr},
                              {number(field, 1 << 30), nullptr},
                              {number(field, -1), below.c_str()},
                              {number(field, (1 << 30) + 1), above.c_str()}});
  }
}

TEST_CASE("fields that have no range take everything") {
  check_all<SocketOptions>({
      {[](SocketOptions& o) { o.immediate_sends = 0; }, nullptr},
      {[](SocketOptions& o) { o.immediate_sends = UINT32_MAX; }, nullptr},
      {[](SocketOptions& o) { o.overflow = ReceiveOverflow::drop_newest; }, nullptr},
      {[](SocketOptions& o) { o.tcp_nodelay = o.tcp_keepalive = false; }, nullptr},
  });
}

TEST_CASE("priorities are 1 to 16") {
  check_all<EndpointOptions>({
      {[](EndpointOptions& o) { o.send_priority = 1; }, nullptr},
      {[](EndpointOptions& o) { o.send_priority = 16; }, nullptr},
      {[](EndpointOptions& o) { o.send_priority = 0; }, "send_priority is 0: expected 1 to 16"},
      {[](EndpointOptions& o) { o.send_priority = 17; }, "send_priority is 17: expected 1 to 16"},
      {[](EndpointOptions& o) { o.receive_priority = 1; }, nullptr},
      {[](EndpointOptions& o) { o.receive_priority = 16; }, nullptr},
      {[](EndpointOptions& o) { o.receive_priority = 0; },
       "receive_priority is 0: expected 1 to 16"},
      {[](EndpointOptions& o) { o.receive_priority = 17; },
       "receive_priority is 17: expected 1 to 16"},
  });
}

TEST_CASE("the times and numbers of patterns are fine at both ends, and one beyond is named") {
  using S = SocketOptions;
  check_all<S>({
      {[](S& o) { o.hop_limit = 1; }, nullptr},
      {[](S& o) { o.hop_limit = 255; }, nullptr},
      {[](S& o) { o.hop_limit = 0; }, "hop_limit is 0: expected 1 to 255"},
      {[](S& o) { o.hop_limit = 256; }, "hop_limit is 256: expected 1 to 255"},
      {[](S& o) { o.request_resend = Timeout::infinite(); }, nullptr},
      {[](S& o) { o.request_resend = 1ms; }, nullptr},
      {[](S& o) { o.request_resend = 24h; }, nullptr},
      {[](S& o) { o.request_resend = Timeout::none(); },
       "request_resend is 0 us: expected 1000 to 86400000000 us"},
      {[](S& o) { o.request_resend = 24h + 1us; },
       "request_resend is 86400000001 us: expected 1000 to 86400000000 us"},
      {[](S& o) { o.survey_deadline = 1ms; }, nullptr},
      {[](S& o) { o.survey_deadline = 24h; }, nullptr},
      {[](S& o) { o.survey_deadline = 999us; },
       "survey_deadline is 999 us: expected 1000 to 86400000000 us"},
      {[](S& o) { o.survey_deadline = 24h + 1us; },
       "survey_deadline is 86400000001 us: expected 1000 to 86400000000 us"},
      {[](S& o) { o.exchanges_max = 1; }, nullptr},
      {[](S& o) { o.exchanges_max = 1u << 24; }, nullptr},
      {[](S& o) { o.exchanges_max = 0; }, "exchanges_max is 0: expected 1 to 16777216"},
      {[](S& o) { o.exchanges_max = (1u << 24) + 1; },
       "exchanges_max is 16777217: expected 1 to 16777216"},
      {[](S& o) { o.tcp_timeout = 0s; }, nullptr},
      {[](S& o) { o.tcp_timeout = 1s; }, nullptr},
      {[](S& o) { o.tcp_timeout = 24h; }, nullptr},
      {[](S& o) { o.tcp_timeout = 999ms; },
       "tcp_timeout is 999000 us: expected 1000000 to 86400000000 us"},
      {[](S& o) { o.tcp_timeout = -1us; },
       "tcp_timeout is -1 us: expected 1000000 to 86400000000 us"},
      {[](S& o) { o.send_timeout = o.recv_timeout = Timeout::none(); }, nullptr},
      {[](S& o) { o.when_blocked = WhenBlocked::disconnect; }, nullptr},
      {[](S& o) { o.polyamorous = true; }, nullptr},
  });
}

TEST_CASE("what an exchange says for itself has the ranges of its socket") {
  using X = ExchangeOptions;
  check_all<X>({
      {[](X&) {}, nullptr},
      {[](X& o) { o.deadline = 1ms; }, nullptr},
      {[](X& o) { o.deadline = 24h; }, nullptr},
      {[](X& o) { o.deadline = 0ms; }, "deadline is 0 us: expected 1000 to 86400000000 us"},
      {[](X& o) { o.deadline = 24h + 1us; },
       "deadline is 86400000001 us: expected 1000 to 86400000000 us"},
      {[](X& o) { o.resend = Timeout::infinite(); }, nullptr},
      {[](X& o) { o.resend = Timeout(1ms); }, nullptr},
      {[](X& o) { o.resend = Timeout::none(); }, "resend is 0 us: expected 1000 to 86400000000 us"},
  });
}

TEST_CASE("what an endpoint says for itself has the ranges of its socket") {
  using E = EndpointOptions;
  check_all<E>({
      {[](E& o) { o.max_message_size = 1; }, nullptr},
      {[](E& o) { o.max_message_size = 2147483647; }, nullptr},
      {[](E& o) { o.max_message_size = 0; }, "max_message_size is 0: expected 1 to 2147483647"},
      {[](E& o) { o.max_message_size = 2147483648; },
       "max_message_size is 2147483648: expected 1 to 2147483647"},
      {[](E& o) { o.reconnect_min = o.reconnect_max = 1ms; }, nullptr},
      {[](E& o) { o.reconnect_min = o.reconnect_max = 24h; }, nullptr},
      {[](E& o) { o.reconnect_min = 0ms; },
       "reconnect_min is 0 us: expected 1000 to 86400000000 us"},
      {[](E& o) { o.reconnect_max = 999us; },
       "reconnect_max is 999 us: expected 1000 to 86400000000 us"},
      {[](E& o) { o.reconnect_min = 2ms, o.reconnect_max = 1ms; },
       "reconnect_max is 1000 us: expected 2000 to 86400000000 us"},
      {[](E& o) { o.tcp_timeout = 0s; }, nullptr},
      {[](E& o) { o.tcp_timeout = 999ms; },
       "tcp_timeout is 999000 us: expected 1000000 to 86400000000 us"},
      {[](E& o) { o.kernel_send_buffer = 1 << 30; }, nullptr},
      {[](E& o) { o.kernel_send_buffer = -1; },
       "kernel_send_buffer is -1: expected 0 to 1073741824"},
      {[](E& o) { o.kernel_receive_buffer = (1 << 30) + 1; },
       "kernel_receive_buffer is 1073741825: expected 0 to 1073741824"},
      {[](E& o) { o.ipc_permissions = 0; }, nullptr},
      {[](E& o) { o.ipc_permissions = 0777; }, nullptr},
      {[](E& o) { o.ipc_permissions = 01000; }, "ipc_permissions is 512: expected 0 to 511"},
      {[](E& o) { o.tcp_nodelay = o.tcp_keepalive = false; }, nullptr},
  });
}

TEST_CASE("of several wrong fields the first one is named") {
  SocketOptions options;
  options.reconnect_min = 0ms;
  options.max_message_size = 0;
  Explanation why;
  CHECK(check(options, why) == Error::invalid_argument);
  CHECK(why.text() == "max_message_size is 0: expected 1 to 2147483647");
}

}  // namespace
}  // namespace spool
