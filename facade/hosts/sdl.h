// spool inside a program that sleeps in SDL_WaitEvent (SDL 2). A program that draws frame after
// frame needs nothing from here: it calls EventLoop::poll_once() in each.
//
//   spool::hosts::Sdl host;
//   host.attach(loop).value();
//   for (SDL_Event event; running && SDL_WaitEvent(&event) != 0;) {
//     if (host.handle(event)) continue;   // this was ours
//     ... the program's own events ...
//   }
#pragma once

#include <SDL_events.h>

#include "spool/event_loop.h"
#include "spool/hosts/watcher_thread.h"

namespace spool::hosts {

// Runs a loop from SDL's event queue: a thread of its own sleeps on the loop's descriptor and
// pushes one event when there is something to do. Owned by the program; borrows the loop, which
// outlives the attachment. All calls come from the thread of the loop, which is also SDL's main
// thread. May be detached, attached again and destroyed in any callback.
//
// A callback of the loop that waits for SDL's events itself (a dialog) keeps our loop waiting until
// it returns, while SDL goes on.
class Sdl : public WatchedGuest {
 public:
  Sdl() noexcept = default;  // not attached

  // From now on SDL's queue has an event of ours whenever poll_once would do something.
  // not_supported: the loop has no backend_fd. invalid_argument: attached already. limit_reached:
  // SDL has no event type left. no_descriptors, no_memory. Then nothing is attached.
  [[nodiscard]] Result<void> attach(EventLoop& loop) noexcept {
    if (type_ == none) type_ = SDL_RegisterEvents(1);  // kept: SDL never takes one back
    if (type_ == none) return Error::limit_reached;
    return watch(loop, [type = type_] {
      SDL_Event event{};
      event.type = type;
      return SDL_PushEvent(&event) == 1;  // else the queue is full, or a filter of the host's
    });
  }

  // To be called with every event that was waited for or polled: true when it was ours; it has run
  // one poll_once then, if still attached.
  bool handle(const SDL_Event& event) noexcept {
    if (type_ == none || event.type != type_) return false;
    if (attached()) serve_announced();
    return true;
  }

 private:
  static constexpr Uint32 none = static_cast<Uint32>(-1);

  Uint32 type_ = none;
};

}  // namespace spool::hosts
