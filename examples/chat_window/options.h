// Options: what the command line says.
#pragma once

#include <string>

namespace chat {

struct Options {
  std::string name;
  std::string room;
  bool hosts = false;
  bool headless = false;
  bool demo = false;
  std::string script;      // a file; empty: none
  std::string screenshot;  // a file; empty: none
};

// Exits with 0 after --help, and with 2 after naming what is wrong.
[[nodiscard]] Options parse_options(int count, char** arguments);

}  // namespace chat
