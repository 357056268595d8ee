// The window: an ordinary frame loop, with one poll_once at its start and one Batch at its end. See
// run().
//
//  link    | a snapshot comes | none for half a second
//  --------+------------------+-----------------------
//  waiting | → playing        | –
//  playing | –                | → lost
//  lost    | → playing        | –

#include <SDL.h>
#include <spool/spool.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>

#include "examples/arena/bot.h"
#include "examples/arena/children.h"
#include "examples/arena/directory.h"
#include "examples/arena/need.h"
#include "examples/game_window/canvas.h"
#include "examples/game_window/checks.h"
#include "examples/game_window/game.h"
#include "examples/game_window/hud.h"
#include "examples/game_window/picture.h"
#include "examples/game_window/timeline.h"

namespace game {

namespace {

using arena::need;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// So much of a frame may the network take: 2 % at 60 fps, 4 % at 144.
constexpr spool::Duration budget = 300us;

constexpr double silence = 0.5;  // seconds without a snapshot
constexpr double rest = 1;       // before a server is started again
constexpr double welcome = 1.5;  // how long the window is glad that it is back
constexpr double patience = 30;  // of a demo, for everything to start

constexpr int window_width = 1280;
constexpr int window_height = 800;

spool::EventLoop make_loop() {
  spool::EventLoopConfig config;
  config.budget.time = budget;
  config.threads = false;  // nobody calls from other threads
  return spool::EventLoop::create(std::move(config)).value();
}

// A server that comes back is found soon.
spool::SocketOptions patient() {
  spool::SocketOptions options;
  options.reconnect_min = 50ms;
  options.reconnect_max = 200ms;
  return options;
}

class Window {
 public:
  Window(const Game& game, const Demo& demo)
      : game_(game),
        demo_(demo),
        server_(game.directory + "/errors"),
        bots_(game.directory + "/errors"),
        loop_(make_loop()),
        snapshots_(need(loop_, "opening SUB", loop_.open<spool::Sub>(patient()))),
        inputs_(need(loop_, "opening PUSH", loop_.open<spool::Push>(patient()))),
        canvas_("spool: a game in a window", window_width, window_height),
        picture_(canvas_, arena::large_field(), Hud::height),
        hud_(budget),
        autopilot_(arena::large_field(), own_player,
                   static_cast<float>(steps_per_snapshot) / steps_per_second) {
    snapshots_.subscribe(arena::topic).value();
    need(loop_, "connecting", snapshots_.connect(game.world()));
    need(loop_, "connecting", inputs_.connect(game.inputs()));
  }

  int run() {
    if (!start_server() || !start_bots()) return 1;
    const Clock::duration period = std::chrono::nanoseconds(1s) / game_.fps;
    auto due = Clock::now();
    for (bool running = true; running;) {
      now_ = std::chrono::duration<double>(Clock::now() - begin_).count();

      // The network: everything that has come, within the budget. It never waits; what exceeds the
      // budget comes with the next frame. No thread, no lock: callbacks, if there were any, would
      // run in here and nowhere else.
      hud_.polled(loop_.poll_once());
      read_snapshots();

      running = read_events();
      timeline_.advance(now_);

      {
        // What a frame sends leaves at the end of this block, in one system call per connection.
        // Here it is one input; a game with more to say says it here too.
        spool::Batch batch(loop_);
        send_input();
      }

      keep_server();
      draw();
      if (demo_.seconds > 0) running = running && demo_goes_on();

      due += period;
      if (due < Clock::now()) due = Clock::now();  // late: no attempt to catch up
      std::this_thread::sleep_until(due);          // where SDL's vsync does not
    }
    return finish();
  }

 private:
  enum class Link { waiting, playing, lost };

  bool start_server() {
    return server_.start({"server", game_.directory, std::to_string(game_.bots)});
  }

  bool start_bots() {
    int first = 1;
    for (int i = 0; i < game_.processes; ++i) {
      const int count = (game_.bots - first + 1) / (game_.processes - i);
      if (count > 0 && !bots_.start({"bots", game_.directory, std::to_string(game_.bots),
                                     std::to_string(first), std::to_string(count)}))
        return false;
      first += count;
    }
    return true;
  }

  // A server that has ended is started again.
  void keep_server() {
    server_.look();
    bots_.look();
    if (server_.running() > 0) return;
    if (restart_at_ == 0) restart_at_ = now_ + rest;
    if (now_ < restart_at_) return;
    restart_at_ = 0;
    static_cast<void>(start_server());
  }

  void read_snapshots() {
    while (const auto message = snapshots_.try_recv()) {
      const std::optional<arena::Snapshot> snapshot = arena::decode_snapshot(message->body());
      if (!snapshot.has_value()) continue;
      hud_.arrived(std::chrono::nanoseconds(steady_nanoseconds() - snapshot->sent));
      if (link_ == Link::lost) back_at_ = now_;
      link_ = Link::playing;
      heard_at_ = now_;
      timeline_.take(*snapshot, now_);
      if (is_autopilot_) autopilot_.decide(*snapshot, input_);
    }
    if (link_ == Link::playing && now_ - heard_at_ > silence) link_ = Link::lost;
  }

  // False: the user has seen enough.
  bool read_events() {
    for (SDL_Event event; SDL_PollEvent(&event) != 0;) {
      if (event.type == SDL_QUIT) return false;
      if (event.type == SDL_MOUSEMOTION)
        mouse_ = {static_cast<float>(event.motion.x), static_cast<float>(event.motion.y)};
      if (event.type == SDL_KEYDOWN && event.key.repeat == 0) {
        if (event.key.keysym.sym == SDLK_ESCAPE) return false;
        if (event.key.keysym.sym == SDLK_r)
          server_.kill_all();
        else if (event.key.keysym.sym == SDLK_TAB)
          is_autopilot_ = true;
        else if (demo_.seconds == 0)
          is_autopilot_ = false;
      }
    }
    if (!is_autopilot_) steer();
    return true;
  }

  void steer() {
    const Uint8* const keys = SDL_GetKeyboardState(nullptr);
    const auto held = [keys](SDL_Scancode a, SDL_Scancode b) {
      return keys[a] != 0 || keys[b] != 0 ? 1.0f : 0.0f;
    };
    input_.move.x =
        held(SDL_SCANCODE_RIGHT, SDL_SCANCODE_D) - held(SDL_SCANCODE_LEFT, SDL_SCANCODE_A);
    input_.move.y = held(SDL_SCANCODE_DOWN, SDL_SCANCODE_S) - held(SDL_SCANCODE_UP, SDL_SCANCODE_W);
    const Pixel at = picture_.pixel(timeline_.shown().players[own_player].at);
    input_.aim = std::atan2(mouse_.y - at.y, mouse_.x - at.x);
    const bool fires = keys[SDL_SCANCODE_SPACE] != 0 ||
                       (SDL_GetMouseState(nullptr, nullptr) & SDL_BUTTON_LMASK) != 0;
    input_.fire = fires ? 1 : 0;
  }

  void send_input() {
    input_.player = own_player;
    ++input_.sequence;
    // would_block while the server is away: the next input says all there is to say.
    if (inputs_.try_send(arena::text_of(input_)).ok()) hud_.sent();
  }

  void draw() {
    const auto length = static_cast<float>(now_ - drawn_at_);
    drawn_at_ = now_;
    canvas_.begin();
    if (timeline_.has_world()) {
      checks_.look(timeline_);
      hud_.count_frame(now_, timeline_.newest().inputs);
      picture_.follow(timeline_.shown(), length, timeline_.jumped());
      picture_.draw(timeline_.shown());
    }
    hud_.draw(canvas_, timeline_.shown(),
              is_autopilot_ ? "any key: play   R: restart the server   Esc: end"
                            : "WASD, mouse   Tab: autopilot   R: restart the server   Esc: end");
    draw_banner();
    if (saves_) saved_ = canvas_.save(demo_.screenshot);
    canvas_.show();
  }

  void draw_banner() {
    constexpr Color blue{120, 170, 255};
    constexpr Color amber{255, 186, 60};
    constexpr Color green{80, 235, 150};
    switch (link_) {
      case Link::waiting:
        Hud::draw_banner(canvas_, blue, "GET READY", "waiting for the server", now_);
        break;
      case Link::lost:
        Hud::draw_banner(canvas_, amber, "THE SERVER IS GONE",
                         "waiting for it to come back; nothing has to be done", now_);
        checks_.banner_shown();
        break;
      case Link::playing:
        if (back_at_ > 0 && now_ - back_at_ < welcome)
          Hud::draw_banner(canvas_, green, "THE SERVER IS BACK", "a new match", now_);
        break;
    }
  }

  // The script. False when it is over.
  bool demo_goes_on() {
    if (saves_) return false;
    if (link_ == Link::waiting) return now_ < patience;
    if (demo_began_ == 0) demo_began_ = now_;
    const double played = now_ - demo_began_;
    if (demo_.restart && !killed_ && played > 0.3 * demo_.seconds) {
      killed_ = true;
      server_.kill_all();
    }
    if (played < demo_.seconds) return true;
    if (link_ == Link::lost) return played < demo_.seconds + patience;
    if (demo_.screenshot.empty()) return false;
    saves_ = true;  // with the next frame, which is the last
    return true;
  }

  int finish() {
    server_.look();
    bots_.look();
    const int ended = bots_.started() - bots_.running();
    server_.kill_all();
    bots_.kill_all();
    std::ifstream complaints(game_.directory + "/errors");
    for (std::string line; std::getline(complaints, line);)
      std::fprintf(stderr, "%s\n", line.c_str());
    if (demo_.seconds == 0) return 0;
    Checks::End end;
    end.players = game_.players();
    end.dropped = snapshots_.stats().dropped_overflow;
    end.ended = ended;
    end.restart = demo_.restart;
    end.worst_poll_microseconds = hud_.worst_poll_microseconds();
    const bool kept = checks_.print_verdict(timeline_, end);
    return kept && (demo_.screenshot.empty() || saved_) ? 0 : 1;
  }

  const Game& game_;
  const Demo& demo_;
  arena::Children server_;
  arena::Children bots_;
  spool::EventLoop loop_;
  spool::Sub snapshots_;
  spool::Push inputs_;
  Canvas canvas_;
  Picture picture_;
  Hud hud_;
  Timeline timeline_;
  Checks checks_;
  arena::Bot autopilot_;  // plays until the user does
  bool is_autopilot_ = true;
  arena::Input input_;
  Pixel mouse_;
  Link link_ = Link::waiting;

  // In seconds since the begin; 0: not yet.
  Clock::time_point begin_ = Clock::now();
  double now_ = 0;
  double drawn_at_ = 0;
  double heard_at_ = 0;
  double back_at_ = 0;
  double restart_at_ = 0;
  double demo_began_ = 0;
  bool killed_ = false;
  bool saves_ = false;
  bool saved_ = false;
};

}  // namespace

int run_window(Game game, const Demo& demo) {
  const arena::Directory directory("spool-game");
  game.directory = directory.path();
  return std::make_unique<Window>(game, demo)->run();
}

}  // namespace game
