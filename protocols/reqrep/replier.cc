#include "spool/protocols/reqrep/replier.h"

#include "spool/loop/assert.h"
#include "spool/protocols/policy/backtrace.h"

namespace spool::protocols {

Replier::Replier(const ProtocolContext& context) noexcept
    : host_(context.host), pool_(context.pool), options_(context.options), peers_(context.memory) {
  SPOOL_ASSERT(options_.hop_limit >= 1 && options_.hop_limit <= hop_limit_max);
}

Error Replier::attach(io::Pipe& pipe) noexcept {
  // Numbers come round again, after two billion connections.
  if (find(pipe.peer_number) != nullptr) return Error::refused;
  if (!peers_.insert(pipe.peer_number, pipe)) return Error::no_memory;
  settle(pipe);
  return Error::none;
}

void Replier::detach(io::Pipe& pipe) noexcept {
  forget(pipe);
  queue_.remove(pipe);
}

void Replier::on_sendable(io::Pipe& pipe) noexcept {
  settle(pipe);
  host_.on_writable();
}

void Replier::on_pipe_ended(io::Pipe& pipe) noexcept {
  forget(pipe);
  settle(pipe);
}

io::Verdict Replier::inspect(io::Pipe&, std::span<const std::byte> payload) noexcept {
  return find_backtrace(payload, options_.hop_limit).verdict;
}

// The one writer of what is offered: pipes with a request whose answer would be taken now, or never
// will be.
void Replier::settle(io::Pipe& pipe) noexcept {
  if (!pipe.sendable() && !pipe.ended()) return queue_.remove(pipe);
  queue_.activate(pipe);
  if (pipe.receivable()) host_.on_readable();
}

// Its answers have nowhere to go any more; who waits to send one is to hear of it.
void Replier::forget(io::Pipe& pipe) noexcept {
  if (find(pipe.peer_number) != &pipe) return;
  peers_.erase(pipe.peer_number);
  host_.on_writable();
}

Result<Message> Replier::take_request() noexcept {
  Result<Message> request = queue_.receive();
  if (!request.ok()) return request;
  const Backtrace backtrace = find_backtrace(request->body(), options_.hop_limit);
  SPOOL_ASSERT(backtrace.verdict == io::Verdict::keep);  // inspect() let nothing else in
  request->body_to_header(backtrace.size);
  return request;
}

Error Replier::send_to(io::Pipe& pipe, Message& answer) noexcept {
  const Error error = pipe.send(answer);
  if (!pipe.sendable()) settle(pipe);
  return error;
}

}  // namespace spool::protocols
