#include "examples/chat_window/options.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "examples/chat_window/words.h"

namespace chat {
namespace {

constexpr const char* usage =
    R"(usage: chat_window [--name NAME] [--room ADDRESS] [--host] [--headless]
       chat_window --demo | --script FILE [--screenshot FILE.png] [--name NAME]

A chat room. One hosts it, and whoever runs the program is in it:

  chat_window --host --name ann
  chat_window --name bob

  --name NAME        who you are: up to 24 bytes; default: your user name, eve in a script
  --room ADDRESS     where the room is, as spool writes it: tcp://HOST:PORT, ipc:///PATH, ...;
                     default tcp://127.0.0.1:7788
  --host             the room is in this process; it is gone, for all, while nobody hosts it
  --headless         no window: what comes in on stdin is said, what is said is printed;
                     leaves at the end of the input

  --demo             plays a short conversation in a room of its own, with other members that are
                     processes of their own
  --script FILE      the same with a conversation of yours; see script.h
  --screenshot FILE  takes a picture of the window at the end, and exits

  --help             this text

Exit code: 0 all went well, 1 not so, 2 wrong arguments.
)";

[[noreturn]] void refuse(std::string_view what, std::string_view value, std::string_view expected) {
  std::fprintf(stderr, "chat_window: %.*s '%.*s': expected %.*s\n", static_cast<int>(what.size()),
               what.data(), static_cast<int>(value.size()), value.data(),
               static_cast<int>(expected.size()), expected.data());
  std::exit(2);
}

std::string user_name() {
  for (const char* variable : {"USER", "LOGNAME"}) {
    const char* const value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return clean(value, name_max);
  }
  return "guest";
}

bool plays(const Options& options) { return options.demo || !options.script.empty(); }

void check(const Options& options) {
  if (clean(options.name, name_max) != options.name || options.name.empty())
    refuse("--name", options.name, "1 to 24 bytes that can be printed, no spaces around them");
  if (options.demo && !options.script.empty())
    refuse("--script", options.script, "either a script or --demo");
  if (!plays(options) && !options.screenshot.empty())
    refuse("--screenshot", options.screenshot, "--demo or --script beside it");
  if (plays(options) && (options.hosts || options.headless))
    refuse(options.demo ? "--demo beside" : "--script beside",
           options.hosts ? "--host" : "--headless", "a window that hosts nothing");
}

}  // namespace

Options parse_options(int count, char** arguments) {
  Options options;
  bool is_named = false;
  const auto value_of = [&](int& i) -> std::string {
    if (i + 1 == count) refuse("no value behind", arguments[i], "one");
    return arguments[++i];
  };
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      std::fputs(usage, stdout);
      std::exit(0);
    }
    if (argument == "--name") {
      options.name = value_of(i);
      is_named = true;
    } else if (argument == "--room")
      options.room = value_of(i);
    else if (argument == "--host")
      options.hosts = true;
    else if (argument == "--headless")
      options.headless = true;
    else if (argument == "--demo")
      options.demo = true;
    else if (argument == "--script")
      options.script = value_of(i);
    else if (argument == "--screenshot")
      options.screenshot = value_of(i);
    else
      refuse("unknown argument", argument,
             "--name, --room, --host, --headless, --demo, --script, --screenshot or --help");
  }
  if (!is_named) options.name = plays(options) ? "eve" : user_name();
  // A script has a room that nobody else comes into.
  if (options.room.empty())
    options.room = plays(options) ? "abstract://spool-chat-" + std::to_string(::getpid())
                                  : "tcp://127.0.0.1:7788";
  check(options);
  return options;
}

}  // namespace chat
