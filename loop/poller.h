// Poller: announces which descriptors can do something. The contract that every back-end keeps;
// tests/loop/poller_conformance_test.cc checks it over all of them.
//
//  * Level-triggered: a descriptor that is still ready is reported again by the next wait().
//  * False alarms are allowed and must be harmless; a missed readiness is not allowed. A false
//    alarm of backend_fd() ends with the next wait() that reports nothing.
//  * One descriptor may be reported in two events, one for each direction.
//  * add, modify and remove reach the kernel before they return: a host that sleeps on
//    backend_fd() sees them.
//  * Interest::none reports nothing, neither hang-up nor error; it never makes wait() spin.
//  * remove() comes before close(); no event carries that token afterwards, even one that an
//    earlier wait() had already seen in the kernel.
//  * Hang-up and error are reported as `readable` and `writable` (whichever is asked for): the
//    read or write that follows says what happened.
//  * A wait never returns early with nothing unless a signal came (zero events, no error), and
//    never waits longer than asked, beyond the clock's own grain: lengths round up.
//  * When more are ready than fit, the rest come with the next waits, and none starves.
//  * None of these functions calls back.
//
// A poller that completes instead of announcing (io_uring, completion ports) fits behind
// io::Stream instead: transports ask for bytes, never for descriptors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "spool/loop/handle.h"
#include "spool/loop/result.h"
#include "spool/loop/time.h"

namespace spool {

// What the system calls a socket.
using NativeHandle = int;
inline constexpr NativeHandle invalid_handle = -1;

// What one wants to hear of a descriptor. Values are bits: read | write == read_write.
enum class Interest : std::uint8_t { none = 0, read = 1, write = 2, read_write = 3 };

[[nodiscard]] constexpr bool wants_read(Interest interest) noexcept {
  return (static_cast<unsigned>(interest) & 1u) != 0;
}
[[nodiscard]] constexpr bool wants_write(Interest interest) noexcept {
  return (static_cast<unsigned>(interest) & 2u) != 0;
}

// What a descriptor can do, as far as the poller knows.
struct Readiness {
  bool readable = false;
  bool writable = false;
};

struct RegistrationTag {};
// Names one registration; carries a generation, so that a late event is recognised and dropped.
// The index is below 2^30: a poller may keep bits of its own beside it.
using Token = Handle<RegistrationTag>;

struct PollEvent {
  Token token;
  Readiness ready;
};

// Owned by the loop, or by the host that injected it. Called from one thread only: waking a sleeper
// is the loop's own business (waker.h).
class Poller {
 public:
  virtual ~Poller() = default;

  // Registers a descriptor. Error::invalid_argument when it is registered already or cannot be
  // polled, no_memory, or what the system said.
  [[nodiscard]] virtual Error add(NativeHandle fd, Interest interest, Token token) noexcept = 0;
  // Changes what is asked for, and the token. The descriptor is registered. What the system said,
  // of which no_memory is possible (kqueue).
  [[nodiscard]] virtual Error modify(NativeHandle fd, Interest interest, Token token) noexcept = 0;
  // Forgets the descriptor, which is still open. Cannot fail.
  virtual void remove(NativeHandle fd, Token token) noexcept = 0;

  // Waits for at most `max_wait` (nothing: for ever) and writes what is ready into `events`,
  // which is not empty. Returns how many; zero after the time or a signal. A host's own loop
  // behind this interface does not wait at all: it returns what the host has marked.
  [[nodiscard]] virtual Result<std::size_t> wait(std::span<PollEvent> events,
                                                 std::optional<Duration> max_wait) noexcept = 0;

  // One descriptor that is readable while wait() would report something or the deadline set below
  // is over; level-triggered. Error::not_supported where there is none. Costs nothing until it is
  // first asked for.
  [[nodiscard]] virtual Result<NativeHandle> backend_fd() noexcept = 0;
  // Until when the host may sleep although nothing is ready; nothing cancels. Called only when it
  // changed, at the end of a turn or at once outside of one; `now` is the loop's time, of the same
  // clock: a deadline that is not after it means at once. Called after backend_fd() succeeded (the
  // descriptor is then readable from the deadline until the next call), or, if wants_deadline(),
  // from the start.
  virtual void set_deadline(std::optional<Instant> deadline, Instant now) noexcept = 0;
  // In the child of a fork: forgets all registrations and the deadline without touching anything
  // that is shared with the parent, and starts anew. not_supported: it cannot, and must not be
  // used.
  [[nodiscard]] virtual Error after_fork_child() noexcept { return Error::not_supported; }
  // True for a host's own loop behind this interface, which sleeps elsewhere than in wait().
  [[nodiscard]] virtual bool wants_deadline() const noexcept { return false; }
};

}  // namespace spool
