// The arena: a small game over spool. A server and several players, each a process with a
// single-threaded frame loop of its own; the parent looks on and adds up.
//
//   parent ── starts ──► server    PUB: the world, every frame ──► clients, parent
//                    └─► clients   PUSH: inputs, every frame ────► server
//                                  PUSH: reports, at the end ────► parent
//
// Exits with 0 only if everything that it promises happened: see print_verdict().

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "examples/arena/match.h"

namespace {

using arena::Match;

constexpr const char* usage =
    "usage: arena [--seconds N] [--clients N] [--fps N] [--plain]\n"
    "\n"
    "  --seconds N   how long the match lasts: 2 to 600, default 6\n"
    "  --clients N   how many players: 1 to 8, default 4; every other one over tcp, the rest over "
    "ipc\n"
    "  --fps N       frames per second of every process: 10 to 240, default 60\n"
    "  --plain       a line per second instead of the picture (also when stdout is no terminal\n"
    "                of at least 80 x 24)\n"
    "  --help        this text\n"
    "\n"
    "Exit code: 0 all promises kept, 1 not so, 2 wrong arguments, 128 + n ended by signal n.\n";

[[noreturn]] void refuse(const char* what, std::string_view value, const char* expected) {
  std::fprintf(stderr, "arena: %s '%.*s': expected %s\n", what, static_cast<int>(value.size()),
               value.data(), expected);
  std::exit(2);
}

struct Number {
  std::string_view name;
  int low;
  int high;
  int Match::*field;
};
constexpr Number numbers[] = {{"--seconds", 2, 600, &Match::seconds},
                              {"--clients", 1, 8, &Match::clients},
                              {"--fps", 10, 240, &Match::fps}};

int parse_number(const Number& number, std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= number.low &&
      value <= number.high)
    return value;
  char expected[64];
  std::snprintf(expected, sizeof expected, "a whole number from %d to %d", number.low, number.high);
  refuse(number.name.data(), text, expected);
}

const Number* find_number(std::string_view name) {
  for (const Number& number : numbers)
    if (number.name == name) return &number;
  return nullptr;
}

int run_as_parent(int count, char** arguments) {
  Match match;
  bool plain = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    if (argument == "--help" || argument == "-h") {
      std::fputs(usage, stdout);
      return 0;
    }
    if (argument == "--plain") {
      plain = true;
    } else if (const Number* number = find_number(name)) {
      const bool joined = equals != std::string_view::npos;
      if (!joined && i + 1 == count) refuse("no value behind", name, "a number");
      match.*(number->field) =
          parse_number(*number, joined ? argument.substr(equals + 1) : arguments[++i]);
    } else {
      refuse("unknown argument", argument, "--seconds, --clients, --fps, --plain or --help");
    }
  }
  return arena::run_parent(match, plain);
}

// Arguments of a child: directory, seconds, clients, fps; a client also has its number and the two
// addresses of the server. They come from children.cc, so they are right.
Match match_of(char** arguments) {
  Match match;
  match.directory = arguments[2];
  match.seconds = std::atoi(arguments[3]);
  match.clients = std::atoi(arguments[4]);
  match.fps = std::atoi(arguments[5]);
  return match;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view role = count > 1 ? arguments[1] : "";
  if (role == "server" && count == 6) return arena::run_server(match_of(arguments));
  if (role == "client" && count == 9)
    return arena::run_client(match_of(arguments), static_cast<std::size_t>(std::atoi(arguments[6])),
                             arguments[7], arguments[8]);
  return run_as_parent(count, arguments);
}
