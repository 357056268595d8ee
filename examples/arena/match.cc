#include "examples/arena/match.h"

#include <chrono>
#include <vector>

#include "examples/arena/arena.h"

namespace arena {

using namespace std::chrono_literals;

namespace {

// Storage for so many messages at a time, made now: a message that was given back is used again.
void make_room(spool::EventLoop& loop, std::size_t size, std::size_t count) {
  std::vector<spool::Message> messages;
  messages.reserve(count);
  while (messages.size() < count)
    messages.push_back(need(loop, "making room for messages", loop.message(size)));
}

}  // namespace

spool::EventLoop make_loop() {
  spool::EventLoopConfig config;
  config.threads = false;  // nobody calls from other threads
  spool::Explanation why;
  spool::Result<spool::EventLoop> loop = spool::EventLoop::create(std::move(config), &why);
  if (!loop.ok()) give_up("making the loop", loop.error(), why.text());
  // The pool recycles by size: each power of two for itself. So much waits after some four seconds
  // without a frame, which only happens on a machine that is very busy.
  constexpr std::size_t frames = 256;
  make_room(*loop, sizeof(Input), frames * colors_max);
  for (std::size_t size = 256; size <= 1024; size *= 2)
    make_room(*loop, size, frames);  // snapshots
  make_room(*loop, 4096, 32);        // queues
  return std::move(loop).value();
}

bool deliver(spool::EventLoop& loop, spool::Push& reports, std::string_view text) {
  spool::Message message = need(loop, "making a message", loop.message(text));
  if (!reports.send_for(message, 5s).ok()) return false;
  const spool::Result<bool> all_written = loop.drain_for(5s);
  return all_written.ok() && all_written.value();
}

}  // namespace arena
