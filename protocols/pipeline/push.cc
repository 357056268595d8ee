#include "spool/protocols/pipeline/push.h"

#include <utility>

namespace spool::protocols {

Push::Push(const ProtocolContext& context) noexcept
    : host_(context.host),
      options_(context.options),
      backlog_(context.pool),
      timer_(loop::Timer::call<&Push::send_backlog, Push>, this) {}

void Push::on_sendable(io::Pipe& pipe) noexcept {
  balancer_.activate(pipe);
  send_backlog();
}

// The pipe it comes from is not sendable any more, and so is not chosen.
void Push::on_returned(io::Pipe&, Message message) noexcept {
  Error error = Error::would_block;
  if (backlog_.empty()) error = balancer_.send(message);
  if (error == Error::none) return;
  if (!keep(message)) {
    ++lost_;
    return;
  }
  if (error == Error::no_memory) host_.schedule_after(timer_, memory_pause);
}

// Behind the last of what it returned: one word about all that was lost.
void Push::on_pipe_ended(io::Pipe& pipe) noexcept {
  balancer_.remove(pipe);
  if (lost_ != 0) host_.on_lost(std::exchange(lost_, 0));
}

bool Push::keep(Message& message) noexcept {
  const std::size_t size = message.size();
  if (backlog_.size() >= options_.queue_messages || backlog_bytes_ >= options_.queue_bytes ||
      !backlog_.push_back(std::move(message)))
    return false;
  backlog_bytes_ += size;
  return true;
}

// As far as it goes; behind the last of them the user may send again.
void Push::send_backlog() noexcept {
  while (!backlog_.empty()) {
    const std::size_t size = backlog_.front().size();
    const Error error = balancer_.send(backlog_.front());
    if (error == Error::would_block) return;
    // Nobody says when there is memory again.
    if (error != Error::none) return host_.schedule_after(timer_, memory_pause);
    backlog_.pop_front();
    backlog_bytes_ -= size;
  }
  host_.on_writable();
}

}  // namespace spool::protocols
