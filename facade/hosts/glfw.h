// spool inside a program that sleeps in glfwWaitEvents (GLFW 3). A program that draws frame after
// frame needs nothing from here: it calls EventLoop::poll_once() in each.
//
//   spool::hosts::Glfw host;
//   host.attach(loop).value();
//   while (glfwWindowShouldClose(window) == 0) {
//     glfwWaitEvents();
//     host.turn();
//     ... draw, if something has changed ...
//   }
#pragma once

#ifndef GLFW_INCLUDE_NONE  // tidy: allow if: the program may have said so
#define GLFW_INCLUDE_NONE  // whoever wants OpenGL includes <GLFW/glfw3.h> before
#endif
#include <GLFW/glfw3.h>

#include "spool/event_loop.h"
#include "spool/hosts/watcher_thread.h"

namespace spool::hosts {

// Wakes glfwWaitEvents when the loop has something to do: a thread of its own sleeps on the loop's
// descriptor and posts an empty event. Owned by the program, and detached before glfwTerminate;
// borrows the loop, which outlives the attachment. All calls come from the thread of the loop,
// which is also GLFW's main thread. May be detached, attached again and destroyed in any callback.
class Glfw : public WatchedGuest {
 public:
  Glfw() noexcept = default;  // not attached

  // From now on glfwWaitEvents returns whenever poll_once would do something. not_supported: the
  // loop has no backend_fd. invalid_argument: attached already. no_descriptors, no_memory. Then
  // nothing is attached.
  [[nodiscard]] Result<void> attach(EventLoop& loop) noexcept {
    return watch(loop, [] {
      glfwPostEmptyEvent();
      return true;
    });
  }

  // To be called after each glfwWaitEvents, glfwWaitEventsTimeout or glfwPollEvents: one poll_once
  // if there is something to do; true then.
  bool turn() noexcept {
    if (!attached() || !announced()) return false;
    serve_announced();
    return true;
  }
};

}  // namespace spool::hosts
