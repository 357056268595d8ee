// What the facade's handles share: finding what they name, and turning the loop for those calls
// that wait.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "spool/core/context.h"

namespace spool::internal {

// The loop behind a handle; null when it is gone, or belongs to another thread.
[[nodiscard]] inline core::Context* context_of(core::Anchor* anchor) noexcept {
  if (anchor == nullptr || anchor->context == nullptr) return nullptr;
  return anchor->context->reactor().owner().is_other() ? nullptr : anchor->context;
}
// What is behind a handle; null when it is closed, or there is no such loop.
template <typename Handle>
[[nodiscard]] auto* find(core::Anchor* anchor, Handle handle) noexcept {
  using Found = decltype(anchor->context->find(handle));
  core::Context* context = context_of(anchor);
  return context == nullptr ? Found{} : context->find(handle);
}
// Why find() found nothing.
[[nodiscard]] inline Error why_gone(core::Anchor* anchor) noexcept {
  const bool other_thread = anchor != nullptr && anchor->context != nullptr &&
                            anchor->context->reactor().owner().is_other();
  return other_thread ? Error::wrong_thread : Error::closed;
}

// Turns the loop until step() answers something else than would_block, or the time is over.
template <typename Step>
[[nodiscard]] Error drive(core::Context& context, Timeout timeout, Step&& step) noexcept {
  std::optional<Instant> end;
  if (timeout.length().has_value())
    end = saturating_add(context.reactor().host_now(), *timeout.length());
  for (;;) {
    const Error error = step();
    if (error != Error::would_block) return error;
    const Duration left = end.has_value() ? *end - context.reactor().host_now() : Duration::zero();
    if (end.has_value() && left <= Duration::zero()) return Error::timed_out;
    const Timeout wait = end.has_value() ? Timeout::after(left) : Timeout::infinite();
    const PollResult turn = context.poll_once(wait, context.budget());
    if (turn.error != Error::none) return turn.error;
  }
}

// The same until receive() has a message.
template <typename Receive>
[[nodiscard]] Result<Message> drive_for_message(core::Context& context, Timeout timeout,
                                                Receive&& receive) noexcept {
  Message received;
  const Error error = drive(context, timeout, [&] {
    Result<Message> message = receive();
    if (!message.ok()) return message.error();
    received = std::move(message).value();
    return Error::none;
  });
  if (error != Error::none) return error;
  return received;
}

// Words for a topic that was refused; returns the error.
inline Error explain_topic(core::Context& context, Error error, std::string_view topic,
                           bool add) noexcept {
  if (error != Error::invalid_argument) return error;
  Explanation& why = context.explain();
  if (add)
    why << "a topic of " << std::uint64_t{topic.size()} << " bytes: expected at most 4096";
  else
    why.quote(topic) << ": expected a topic that is subscribed to";
  return error;
}

}  // namespace spool::internal
