// Error: what can go wrong in operation, one value each. Bugs are not here: they abort (assert.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <system_error>

namespace spool {

enum class Error : std::uint8_t {
  none = 0,  // no error

  // The call.
  would_block,       // not now; try again after a notice or a poll_once
  timed_out,         // the time given to a blocking helper is over; nothing was lost
  closed,            // the handle's socket, endpoint or loop is gone
  reentrant,         // poll_once from inside a callback of the same loop
  wrong_thread,      // called from a thread that does not own the loop
  wrong_state,       // the pattern does not allow this now (a reply without a request, ...)
  deadline_passed,   // the time of a request or survey is over; asked once, then wrong_state
  not_supported,     // this build, back-end or pattern cannot do it
  invalid_argument,  // a value out of its range; EventLoop::last_error names it
  limit_reached,     // a configured limit is used up
  no_memory,         // the memory cap or the allocator said no

  // Addresses.
  invalid_address,      // the text is no address; EventLoop::last_error names what was expected
  unknown_scheme,       // no transport has this scheme
  name_too_long,        // a path or name over its limit
  address_in_use,       // somebody listens there already
  address_unavailable,  // no such local address, interface or path
  name_unknown,         // nobody knows an address for this host name
  permission_denied,    // the system said EACCES or EPERM

  // Connections.
  connection_refused,  // nobody listens there
  connection_reset,    // the peer or the network broke it
  unreachable,         // no route to the peer
  peer_closed,         // the peer closed between two messages: a normal end
  truncated,           // the peer closed in the middle of a message
  bad_handshake,       // not an SP peer: wrong magic, version or reserved bytes
  protocol_mismatch,   // an SP peer of a type this socket does not talk to
  handshake_timeout,   // connected, but the handshake did not finish in time
  refused,             // this socket takes no further peer (PAIR has one)
  vetoed,              // the host did not let the peer in
  too_slow,            // the peer did not take what was sent to it, and the host chose to part
  message_too_large,   // a length field above the receive limit
  malformed,           // bytes that no correct peer sends
  too_many_hops,       // a message that passed more devices than the hop limit allows
  queue_full,          // a message that arrived while its queue was full
  no_descriptors,      // EMFILE, ENFILE: accepting pauses and goes on
  no_buffers,          // ENOBUFS, ENOMEM from the kernel
  system,              // any other errno; the notice carries it
};

// The name of the value, as it is written above; never null, static storage.
[[nodiscard]] const char* to_string(Error error) noexcept;

// The value that stands for an errno of a socket call. EAGAIN is would_block; 0 is none.
[[nodiscard]] Error error_from_errno(int errno_value) noexcept;

// A view for code bases that use std::error_code. The category has static storage and no state.
[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(Error error) noexcept {
  return {static_cast<int>(error), error_category()};
}

}  // namespace spool

template <>
struct std::is_error_code_enum<spool::Error> : std::true_type {};
