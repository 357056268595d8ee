// A game in a window, over spool: many players move smoothly, between processes.
//
//   window ── starts ──► server    PUB: the world, 30 times a second ──► window, bots
//                   └──► bots      PUSH: inputs of 16 players each ────► server
//   window                         PUSH: inputs of its player ─────────► server

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "examples/game_window/game.h"

namespace {

using game::Demo;
using game::Game;

constexpr const char* usage =
    "usage: game_window [--bots N] [--processes N] [--fps N]\n"
    "                   [--demo SECONDS [--restart] [--screenshot FILE]]\n"
    "\n"
    "  --bots N           players that play by themselves: 1 to 79, default 64\n"
    "  --processes N      of bots, which share them: 1 to 8, default 4\n"
    "  --fps N            frames per second of the window: 30 to 240, default 60\n"
    "  --demo SECONDS     plays by itself, 2 to 600, and checks that players move smoothly and "
    "that\n"
    "                     no snapshot gets lost in silence\n"
    "  --restart          on the way, the server is killed and comes back\n"
    "  --screenshot FILE  the last picture of the demo, as a PNG\n"
    "  --help             this text\n"
    "\n"
    "Keys: WASD or arrows move, the mouse aims, space or its button fires; Tab plays by itself,\n"
    "R restarts the server, Esc ends.\n"
    "\n"
    "Exit code: 0 all is well, 1 not so, 2 wrong arguments.\n";

[[noreturn]] void refuse(const char* what, std::string_view value, const char* expected) {
  std::fprintf(stderr, "game_window: %s '%.*s': expected %s\n", what,
               static_cast<int>(value.size()), value.data(), expected);
  std::exit(2);
}

int parse_number(const char* name, std::string_view text, int low, int high) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= low && value <= high)
    return value;
  char expected[64];
  std::snprintf(expected, sizeof expected, "a whole number from %d to %d", low, high);
  refuse(name, text, expected);
}

int run_as_window(int count, char** arguments) {
  Game game;
  Demo demo;
  struct Number {
    const char* name;
    int low, high;
    int* field;
  };
  const Number numbers[] = {{"--bots", 1, static_cast<int>(arena::players_max) - 1, &game.bots},
                            {"--processes", 1, 8, &game.processes},
                            {"--fps", 30, 240, &game.fps},
                            {"--demo", 2, 600, &demo.seconds}};
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      std::fputs(usage, stdout);
      return 0;
    }
    if (argument == "--restart") {
      demo.restart = true;
      continue;
    }
    const Number* known = nullptr;
    for (const Number& number : numbers)
      if (argument == number.name) known = &number;
    if (known == nullptr && argument != "--screenshot")
      refuse("unknown argument", argument,
             "--bots, --processes, --fps, --demo, --restart, --screenshot or --help");
    if (++i == count)
      refuse("no value behind", argument, known != nullptr ? "a number" : "the name of a file");
    if (known != nullptr)
      *known->field = parse_number(known->name, arguments[i], known->low, known->high);
    else
      demo.screenshot = arguments[i];
  }
  if (demo.seconds == 0 && demo.restart) refuse("no demo for", "--restart", "--demo SECONDS");
  if (demo.seconds == 0 && !demo.screenshot.empty())
    refuse("no demo for", "--screenshot", "--demo SECONDS");
  return game::run_window(game, demo);
}

// Arguments of a child: directory, bots; one of bots also has its first one and their number. They
// come from window.cc, so they are right.
Game game_of(char** arguments) {
  Game game;
  game.directory = arguments[2];
  game.bots = std::atoi(arguments[3]);
  return game;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view role = count > 1 ? arguments[1] : "";
  if (role == "server" && count == 4) return game::run_server(game_of(arguments));
  if (role == "bots" && count == 6)
    return game::run_bots(game_of(arguments), static_cast<std::size_t>(std::atoi(arguments[4])),
                          static_cast<std::size_t>(std::atoi(arguments[5])));
  return run_as_window(count, arguments);
}
