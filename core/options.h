// Options of sockets and endpoints: plain structs, defaults in place, units in the types. A value
// out of its range is Error::invalid_argument, and EventLoop::last_error names field and range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "spool/io/message.h"
#include "spool/loop/error.h"
#include "spool/loop/explanation.h"
#include "spool/loop/time.h"

namespace spool {

inline constexpr std::size_t socket_name_max = 63;

// What happens to a message that arrives while the receive queue of its pipe is full.
enum class ReceiveOverflow : std::uint8_t {
  wait,         // stop reading from that peer; its library sees a slow receiver. Nothing is lost
  drop_oldest,  // whoever reads late reads the newest; the loss is counted
  drop_newest,  // keep what is there; the loss is counted
};

// What happens when a peer of a broadcast (PUB, SURVEYOR, BUS) does not take what it is sent and
// its send queue is full. Each loss is counted; the begin and the end of each such time are an
// Event.
enum class WhenBlocked : std::uint8_t {
  drop_newest,  // it misses the message
  drop_oldest,  // it misses the oldest that is not on its way yet: who is slow gets the newest
  disconnect,   // the connection is closed; it may come again
};

// Set once, when the socket is opened.
struct SocketOptions {
  // What log lines call it. Copied; at most 63 bytes.
  std::string_view name = {};

  // The largest message accepted from a peer, protocol header included. A peer that announces more
  // is disconnected. 1 byte to 2 GiB - 1.
  std::size_t max_message_size = 1u << 20;

  // Per pipe: at or above either limit it takes no further message, until half of it is written.
  // A single message of any size fits into an empty queue. From 1.
  std::size_t send_queue_bytes = 256u << 10;
  std::size_t send_queue_messages = 8192;

  // Per pipe: at or above either limit, `overflow` decides. From 1.
  std::size_t receive_queue_bytes = 1u << 20;
  std::size_t receive_queue_messages = 16384;
  // Nothing: drop_oldest for SUB, wait for the others.
  std::optional<ReceiveOverflow> overflow = std::nullopt;

  // How many sends per pipe and turn are written within the call, outside of callbacks and batches;
  // further ones are gathered. 0 gathers always.
  std::uint32_t immediate_sends = 16;

  // After the connection was made or accepted, the peer's header must be here within this time; a
  // connect must succeed within it. 1 ms to 1 h.
  Duration handshake_timeout = std::chrono::seconds(10);

  // How long close() goes on writing what was accepted; the loop must be polled meanwhile. 0 drops
  // it at once. 0 to 24 h.
  Duration linger = std::chrono::seconds(1);

  // The delay before the n-th attempt to connect again is random between 0 and
  // min(reconnect_min * 2^n, reconnect_max). It starts anew after a connection that lived for
  // reconnect_reset_after. 1 ms to 24 h each; max is not below min.
  Duration reconnect_min = std::chrono::milliseconds(100);
  Duration reconnect_max = std::chrono::seconds(5);
  Duration reconnect_reset_after = std::chrono::seconds(1);

  // PUB, SURVEYOR, BUS.
  WhenBlocked when_blocked = WhenBlocked::drop_newest;

  // REP, RESPONDENT, PAIR v1, and all that forward: messages that passed more hops are dropped and
  // counted. 1 to 255.
  unsigned hop_limit = 8;

  // REQ: a request that was handed to a peer and has no reply after so long is sent again, to the
  // next peer. Infinite: never, and then the loss of that peer is Error::peer_closed at once. 1 ms
  // to 24 h.
  Timeout request_resend = Timeout::after(std::chrono::minutes(1));
  // SURVEYOR: answers are taken for so long. 1 ms to 24 h.
  Duration survey_deadline = std::chrono::seconds(1);
  // PAIR v1: any number of peers, and a message goes to the one that Message::peer() names.
  bool polyamorous = false;
  // Requests, surveys and readers that may be open at a time. 1 to 16 Mi.
  std::uint32_t exchanges_max = 1'048'576;

  // How long send() and recv() wait.
  Timeout send_timeout = Timeout::infinite();
  Timeout recv_timeout = Timeout::infinite();

  // tcp only.
  bool tcp_nodelay = true;
  bool tcp_keepalive = true;
  // A peer that is silent although it should answer, a cable that is cut, a machine that lost
  // power: after so long the connection is given up. Needs tcp_keepalive to notice it while nothing
  // is sent. 0: the system's own times (hours). 0, or 1 s to 24 h.
  Duration tcp_timeout = std::chrono::minutes(1);

  // The kernel's buffers for new connections, in bytes; 0 leaves the system's own sizes (which
  // grow by themselves on Linux). 0 to 1 GiB.
  int kernel_send_buffer = 0;
  int kernel_receive_buffer = 0;
};

// How one request, survey or reader differs from its socket.
struct ExchangeOptions {
  // REQ: the reply must be here so long after the request was made, or it ends with
  // deadline_passed; nothing: no limit. SURVEYOR: how long answers are taken; nothing:
  // survey_deadline. 1 ms to 24 h.
  std::optional<Duration> deadline = std::nullopt;
  // REQ: nothing: the socket's request_resend.
  std::optional<Timeout> resend = std::nullopt;
};

// Set once, when the endpoint is made.
struct EndpointOptions {
  // Where pipes of this endpoint stand when a socket chooses: 1 is first, 16 is last. A pipe is
  // chosen only while none of a smaller number is ready.
  std::uint8_t send_priority = 8;
  std::uint8_t receive_priority = 8;

  // What the socket's options say, unless set here.
  std::optional<std::size_t> max_message_size = std::nullopt;
  std::optional<Duration> reconnect_min = std::nullopt;
  std::optional<Duration> reconnect_max = std::nullopt;
  std::optional<bool> tcp_nodelay = std::nullopt;
  std::optional<bool> tcp_keepalive = std::nullopt;
  std::optional<Duration> tcp_timeout = std::nullopt;
  std::optional<int> kernel_send_buffer = std::nullopt;
  std::optional<int> kernel_receive_buffer = std::nullopt;

  // ipc, listening: the mode of the socket file, such as 0600; nothing: the umask decides. 0 to
  // 0777.
  std::optional<std::uint32_t> ipc_permissions = std::nullopt;
};

// Error::none, or invalid_argument with the field, its value and its range in `why`.
[[nodiscard]] Error check(const SocketOptions& options, Explanation& why) noexcept;
[[nodiscard]] Error check(const EndpointOptions& options, Explanation& why) noexcept;
[[nodiscard]] Error check(const ExchangeOptions& options, Explanation& why) noexcept;

}  // namespace spool
