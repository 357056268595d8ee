// What the command line says: from argv to Options, or to the text that says what is wrong with it.
// Pure: nothing is read, written or opened here.
#pragma once

#include <spool/spool.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nanocat {

enum class Format : std::uint8_t { no, raw, ascii, quoted, msgpack, hex };

// Exit codes. 0 to 3 are nanocat's own; 4 is asked for by --expect-message.
enum ExitCode : int {
  exit_ok = 0,
  exit_usage = 1,
  exit_file = 2,  // a file, standard input or standard output
  exit_socket = 3,
  exit_empty = 4,
};

// A value: everything a run needs to know.
struct Options {
  spool::SocketType type = spool::SocketType::pair;
  std::vector<std::string> binds;  // addresses, all of them before any of the connects
  std::vector<std::string> connects;
  // Of the second socket; with one of them this is a device, and has no messages of its own.
  std::vector<std::string> forward_binds;
  std::vector<std::string> forward_connects;
  std::vector<std::string> subscriptions;  // SUB: never empty, "" if none was named
  std::string socket_name;
  std::optional<spool::Duration> recv_timeout;  // nothing: for ever
  std::optional<spool::Duration> send_timeout;
  std::optional<spool::Duration> interval;  // nothing: send once
  spool::Duration delay{};
  spool::Duration linger = std::chrono::seconds(1);
  std::optional<std::string> data;  // at most one of data and file
  std::optional<std::string> file;  // a path, or "-" for standard input
  bool by_line = false;             // each line of it is a message
  Format format = Format::no;
  std::uint64_t count = 0;  // 0: no end
  std::size_t recv_max_size = 1u << 20;
  unsigned hop_limit = 8;
  bool expect_message = false;
  int verbosity = 0;

  [[nodiscard]] bool has_data() const { return data.has_value() || file.has_value(); }
  [[nodiscard]] bool forwards() const {
    return !forward_binds.empty() || !forward_connects.empty();
  }
};

struct Parsed {
  enum class Kind : std::uint8_t { run, help, version, completion, error };
  Kind kind = Kind::run;
  Options options;   // of run
  std::string text;  // of the others: complete lines, to print as they are
};

// `arguments` is argv with the name of the program first; nn_push and its like are that type.
[[nodiscard]] Parsed parse(const std::vector<std::string>& arguments);

}  // namespace nanocat
