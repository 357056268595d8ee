// spool inside a program that sleeps in glfwWaitEvents: a feed comes in over tcp, and the window is
// drawn only when something has changed. (A program that draws frame after frame calls
// glfwPollEvents and loop.poll_once() in each, and needs no adapter.)

#include <GLFW/glfw3.h>
#include <spool/hosts/glfw.h>
#include <spool/spool.h>

#include <cstdio>

int main() {
  const char* what = "";
  if (glfwInit() == GLFW_FALSE) {
    glfwGetError(&what);
    std::fprintf(stderr, "cannot start GLFW: %s\n", what);
    return 1;
  }
  glfwWindowHint(GLFW_CLIENT_API, GLFW_NO_API);  // a real program draws by OpenGL or Vulkan
  GLFWwindow* const window = glfwCreateWindow(320, 200, "spool", nullptr, nullptr);
  if (window == nullptr) {
    glfwGetError(&what);
    std::fprintf(stderr, "no window: %s\n", what);
    return 1;
  }

  auto loop = spool::EventLoop::create({}).value();
  auto feed = loop.open<spool::Push>().value();
  auto inbox = loop.open<spool::Pull>().value();
  feed.connect(inbox.listen("tcp://127.0.0.1:0").value().address().text()).value();

  int received = 0;
  inbox.on_readable([&] {
    while (inbox.try_recv()) ++received;
  });
  bool dirty = true;
  spool::hosts::Glfw host;
  host.attach(loop).value();
  host.on_turn([&](const spool::PollResult& result) { dirty |= result.messages > 0; });

  int drawn = 0;
  double next_send = 0;
  while (glfwWindowShouldClose(window) == GLFW_FALSE && received < 10) {
    glfwWaitEventsTimeout(0.1);  // the program's own timer; without one: glfwWaitEvents()
    host.turn();                 // one poll_once, if there is something to do
    if (glfwGetTime() >= next_send && feed.try_send("news").ok()) next_send = glfwGetTime() + 0.1;
    if (!dirty) continue;
    ++drawn;  // draw, and swap buffers
    dirty = false;
  }
  host.detach();
  glfwTerminate();
  std::printf("%d messages, %s\n", received, drawn > 1 ? "drawn" : "not drawn");
  return received == 10 && drawn > 1 ? 0 : 1;
}
