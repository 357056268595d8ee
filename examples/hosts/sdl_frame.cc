// spool inside a program that draws with SDL frame after frame: one poll_once at the start of each,
// and nothing else. examples/game_window is a whole game of this shape.

#include <SDL.h>
#include <spool/spool.h>

#include <chrono>
#include <cstdio>

int main(int, char**) {
  using namespace std::chrono_literals;
  if (SDL_Init(SDL_INIT_VIDEO) != 0) {
    std::fprintf(stderr, "cannot start SDL: %s\n", SDL_GetError());
    return 1;
  }
  SDL_Window* const window = SDL_CreateWindow("spool", 0, 0, 320, 200, SDL_WINDOW_SHOWN);
  SDL_Renderer* const renderer = SDL_CreateRenderer(window, -1, SDL_RENDERER_PRESENTVSYNC);

  spool::EventLoopConfig config;
  config.budget.time = 300us;  // so much of a frame may the network take; the rest comes next time
  config.threads = false;
  auto loop = spool::EventLoop::create(std::move(config)).value();
  auto inputs = loop.open<spool::Push>().value();
  auto server = loop.open<spool::Pull>().value();
  inputs.connect(server.listen("tcp://127.0.0.1:0").value().address().text()).value();

  int sent = 0;  // not while nobody is connected: would_block
  int received = 0;
  bool running = true;
  for (int frame = 0; running && received < 200 && frame < 600; ++frame) {
    loop.poll_once();  // never waits
    while (auto input = server.try_recv()) received += input->size() == sizeof frame;

    for (SDL_Event event; SDL_PollEvent(&event) != 0;) running = running && event.type != SDL_QUIT;

    {
      spool::Batch batch(loop);  // what one frame sends leaves in one system call per connection
      for (int i = 0; i < 4; ++i) sent += inputs.try_send(std::as_bytes(std::span(&frame, 1))).ok();
    }

    SDL_SetRenderDrawColor(renderer, 16, static_cast<Uint8>(received), 48, 255);
    SDL_RenderClear(renderer);
    SDL_RenderPresent(renderer);
    SDL_Delay(16);  // where there is no display to wait for
  }
  SDL_Quit();
  std::printf("%d of %d inputs arrived\n", received, sent);
  return received >= 200 ? 0 : 1;
}
