// spool inside a program that sleeps in SDL_WaitEvent: a feed comes in over tcp, a timer of SDL's
// ticks, and the window is drawn only when something has changed. (For a program that draws frame
// after frame, see sdl_frame.cc.)

#include <SDL.h>
#include <spool/hosts/sdl.h>
#include <spool/spool.h>

#include <cstdio>

int main(int, char**) {
  if (SDL_Init(SDL_INIT_VIDEO | SDL_INIT_TIMER) != 0) {
    std::fprintf(stderr, "cannot start SDL: %s\n", SDL_GetError());
    return 1;
  }
  SDL_Window* const window = SDL_CreateWindow("spool", 0, 0, 320, 200, SDL_WINDOW_SHOWN);
  SDL_Renderer* const renderer = SDL_CreateRenderer(window, -1, 0);

  auto loop = spool::EventLoop::create({}).value();
  auto feed = loop.open<spool::Push>().value();
  auto inbox = loop.open<spool::Pull>().value();
  feed.connect(inbox.listen("tcp://127.0.0.1:0").value().address().text()).value();

  int received = 0;
  inbox.on_readable([&] {
    while (inbox.try_recv()) ++received;
  });
  bool dirty = true;
  spool::hosts::Sdl host;
  host.attach(loop).value();
  host.on_turn([&](const spool::PollResult& result) { dirty |= result.messages > 0; });

  // SDL calls timers in a thread of its own: it pushes an event of the program's.
  Uint32 tick = SDL_RegisterEvents(1);
  const SDL_TimerCallback push_tick = [](Uint32 interval, void* type) -> Uint32 {
    SDL_Event event{};
    event.type = *static_cast<Uint32*>(type);
    SDL_PushEvent(&event);
    return interval;
  };
  const SDL_TimerID timer = SDL_AddTimer(100, push_tick, &tick);

  int ticks = 0;
  int sent = 0;
  int drawn = 0;
  bool running = true;
  for (SDL_Event event; running && SDL_WaitEvent(&event) != 0;) {
    if (host.handle(event)) {
      // One poll_once has run: callbacks were called, and perhaps there is something to draw.
    } else if (event.type == SDL_QUIT) {
      running = false;
    } else if (event.type == tick) {
      // Here and not in the timer: sockets belong to one thread. Until there is a peer,
      // would_block.
      if (feed.try_send("news").ok()) ++sent;
      running = received < 8 && ++ticks < 100;
    } else if (event.type == SDL_WINDOWEVENT) {
      dirty = true;
    }
    if (!dirty) continue;
    SDL_SetRenderDrawColor(renderer, 16, static_cast<Uint8>(20 * received), 48, 255);
    SDL_RenderClear(renderer);
    SDL_RenderPresent(renderer);
    dirty = false;
    ++drawn;
  }
  SDL_RemoveTimer(timer);
  host.detach();
  SDL_Quit();
  std::printf("%d of %d messages, %s\n", received, sent, drawn > 1 ? "drawn" : "not drawn");
  return received == 8 && drawn > 1 ? 0 : 1;
}
