// Exchange: one of several conversations on one socket, each with an answer or a queue of its own:
// a request (REQ), a survey (SURVEYOR), a reader (SUB). What nng calls a context.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "spool/io/message.h"
#include "spool/loop/result.h"
#include "spool/loop/time.h"

namespace spool::protocols {

// Who hears of an exchange. Implemented by core::Exchange, and by core::Socket for its own one.
class ExchangeHost {
 public:
  // Marks, and calls nobody: receive() has something to say that it had not before.
  virtual void on_readable() noexcept = 0;

 protected:
  ~ExchangeHost() = default;
};

struct ExchangeTimes {
  // REQ: an answer must be here so long after start(); nothing: no limit. SURVEYOR: how long
  // answers are taken; nothing: the socket's.
  std::optional<Duration> deadline = std::nullopt;
  // REQ: send it again when there is no answer so long after it was handed to a pipe.
  bool resends = true;  // false: never, and a lost connection is an error at once
  Duration resend_after = std::chrono::minutes(1);
};

// Owned by its protocol, from open_exchange to close_exchange.
class Exchange {
 public:
  virtual ~Exchange() = default;

  // Begins, with the message that is asked; whatever ran before is cancelled. Takes the message, or
  // leaves it as it is: no_memory, not_supported (SUB).
  [[nodiscard]] virtual Error start(Message& message) noexcept = 0;
  // would_block: nothing yet. wrong_state: nothing was asked, or everything was said. What ended it
  // is said once: deadline_passed, peer_closed.
  [[nodiscard]] virtual Result<Message> receive() noexcept = 0;
  [[nodiscard]] virtual bool can_receive() const noexcept = 0;
  // Forgets what was asked; answers that still come are dropped. wrong_state: nothing was.
  [[nodiscard]] virtual Error cancel() noexcept = 0;
  // SUB only.
  [[nodiscard]] virtual Error subscribe(std::span<const std::byte>) noexcept {
    return Error::not_supported;
  }
  [[nodiscard]] virtual Error unsubscribe(std::span<const std::byte>) noexcept {
    return Error::not_supported;
  }
};

}  // namespace spool::protocols
