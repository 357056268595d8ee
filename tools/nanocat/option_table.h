// The options in one table: names, what they need and rule out, and how the help describes them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace nanocat {

// What an option does with its argument.
enum class Action : std::uint8_t {
  help,
  version,
  increment,
  decrement,
  completion,
  type,  // value: a spool::SocketType
  bind,
  connect,
  bind_ipc,
  connect_ipc,
  bind_local,
  connect_local,
  recv_timeout,
  send_timeout,
  socket_name,
  recv_max_size,
  ttl,
  subscribe,
  format,  // value: a Format, or -1 for the one that the argument names
  interval,
  delay,
  data,
  file,
  by_line,
  linger,
  count,
  expect_message,
  forward_bind,
  forward_connect,
  nothing,
};

// What an option brings along; others need it or rule it out.
enum Trait : std::uint32_t {
  trait_socket = 1u << 0,
  trait_writable = 1u << 1,
  trait_readable = 1u << 2,
  trait_sub = 1u << 3,
  trait_data = 1u << 4,
  trait_address = 1u << 5,
  trait_own = 1u << 6,      // it is about messages of our own
  trait_forward = 1u << 7,  // we have none: we forward those of others
};

enum class Group : std::uint8_t { generic, type, socket, sub, input, output, device, none };

struct OptionRow {
  std::string_view name;  // the long one, without dashes
  char short_name;        // 0: none
  Action action;
  int value;
  std::string_view argument;  // how the help calls it; empty: takes none
  std::uint32_t brings;
  std::uint32_t excludes;
  std::uint32_t needs;
  Group group;               // none: not in the help
  bool original;             // nanomsg's nanocat has it: its abbreviations go on meaning it
  std::string_view same_as;  // not empty: another name of that option
  std::string_view help;
};

[[nodiscard]] std::span<const OptionRow> option_table();

// The types that this program can be by its name: nn_push is --push. Null: none of them.
[[nodiscard]] const OptionRow* row_of_program(std::string_view program);

[[nodiscard]] std::string help_text(std::string_view program);

}  // namespace nanocat
