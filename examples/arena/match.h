// Match: what was asked for, where the processes find each other, and how they give up.
#pragma once

#include <spool/spool.h>

#include <string>

#include "examples/arena/need.h"

namespace arena {

struct Match {
  int seconds = 6;
  int clients = 4;
  int fps = 60;
  std::string directory;  // of the ipc sockets; the parent's

  [[nodiscard]] std::string world() const { return "ipc://" + directory + "/world"; }
  [[nodiscard]] std::string inputs() const { return "ipc://" + directory + "/inputs"; }
  [[nodiscard]] std::string reports() const { return "ipc://" + directory + "/reports"; }
};

[[nodiscard]] spool::EventLoop make_loop();

// Hands the report to the parent; false when the parent does not take it.
[[nodiscard]] bool deliver(spool::EventLoop& loop, spool::Push& reports, std::string_view text);

// The three programs; each returns its exit code.
int run_server(const Match& match);
int run_client(const Match& match, std::size_t player, const std::string& world,
               const std::string& inputs);
int run_parent(Match match, bool plain);

}  // namespace arena
