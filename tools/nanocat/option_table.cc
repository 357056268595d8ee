#include "tools/nanocat/option_table.h"

#include <spool/spool.h>

#include "tools/nanocat/options.h"

namespace nanocat {

namespace {

using enum Action;

constexpr int of(spool::SocketType type) { return static_cast<int>(type); }
constexpr int of(Format format) { return static_cast<int>(format); }

constexpr std::uint32_t sends = trait_socket | trait_writable;
constexpr std::uint32_t receives = trait_socket | trait_readable;
constexpr std::uint32_t both = sends | receives;

// In nanocat's order, which is also the order in which unmet needs are reported.
constexpr OptionRow rows[] = {
    {"verbose", 'v', increment, 0, "", 0, 0, 0, Group::generic, true, "",
     "Print the addresses that are bound, and what happens to connections, to standard error"},
    {"silent", 'q', decrement, 0, "", 0, 0, 0, Group::generic, true, "", "Take one --verbose back"},
    {"help", 'h', help, 0, "", 0, 0, 0, Group::generic, true, "", "This help text"},
    {"version", 'V', version, 0, "", 0, 0, 0, Group::generic, false, "", "The version"},
    {"completion", 0, completion, 0, "SHELL", 0, 0, 0, Group::generic, false, "",
     "Completion of these options for the shell SHELL, to be sourced by it: bash"},

    {"push", 0, type, of(spool::SocketType::push), "", sends, trait_socket, trait_data, Group::type,
     true, "", "Use NN_PUSH socket type"},
    {"pull", 0, type, of(spool::SocketType::pull), "", receives, trait_socket, 0, Group::type, true,
     "", "Use NN_PULL socket type"},
    {"pub", 0, type, of(spool::SocketType::pub), "", sends, trait_socket, trait_data, Group::type,
     true, "", "Use NN_PUB socket type"},
    {"sub", 0, type, of(spool::SocketType::sub), "", receives | trait_sub, trait_socket, 0,
     Group::type, true, "", "Use NN_SUB socket type"},
    {"req", 0, type, of(spool::SocketType::req), "", both, trait_socket, trait_data, Group::type,
     true, "", "Use NN_REQ socket type"},
    {"rep", 0, type, of(spool::SocketType::rep), "", both, trait_socket, 0, Group::type, true, "",
     "Use NN_REP socket type"},
    {"surveyor", 0, type, of(spool::SocketType::surveyor), "", both, trait_socket, trait_data,
     Group::type, true, "", "Use NN_SURVEYOR socket type"},
    {"respondent", 0, type, of(spool::SocketType::respondent), "", both, trait_socket, 0,
     Group::type, true, "", "Use NN_RESPONDENT socket type"},
    {"bus", 0, type, of(spool::SocketType::bus), "", both, trait_socket, 0, Group::type, true, "",
     "Use NN_BUS socket type"},
    {"pair", 0, type, of(spool::SocketType::pair), "", both, trait_socket, 0, Group::type, true, "",
     "Use NN_PAIR socket type"},
    {"pair1", 0, type, of(spool::SocketType::pair1), "", both, trait_socket, 0, Group::type, false,
     "", "Use version 1 of PAIR, which talks to nng and mangos but not to --pair"},
    {"push0", 0, type, of(spool::SocketType::push), "", sends, trait_socket, trait_data,
     Group::none, false, "push", ""},
    {"pull0", 0, type, of(spool::SocketType::pull), "", receives, trait_socket, 0, Group::none,
     false, "pull", ""},
    {"pub0", 0, type, of(spool::SocketType::pub), "", sends, trait_socket, trait_data, Group::none,
     false, "pub", ""},
    {"sub0", 0, type, of(spool::SocketType::sub), "", receives | trait_sub, trait_socket, 0,
     Group::none, false, "sub", ""},
    {"req0", 0, type, of(spool::SocketType::req), "", both, trait_socket, trait_data, Group::none,
     false, "req", ""},
    {"rep0", 0, type, of(spool::SocketType::rep), "", both, trait_socket, 0, Group::none, false,
     "rep", ""},
    {"surveyor0", 0, type, of(spool::SocketType::surveyor), "", both, trait_socket, trait_data,
     Group::none, false, "surveyor", ""},
    {"respondent0", 0, type, of(spool::SocketType::respondent), "", both, trait_socket, 0,
     Group::none, false, "respondent", ""},
    {"bus0", 0, type, of(spool::SocketType::bus), "", both, trait_socket, 0, Group::none, false,
     "bus", ""},
    {"pair0", 0, type, of(spool::SocketType::pair), "", both, trait_socket, 0, Group::none, false,
     "pair", ""},

    {"bind", 0, bind, 0, "ADDR", trait_address, 0, 0, Group::socket, true, "",
     "Bind socket to the address ADDR"},
    {"connect", 0, connect, 0, "ADDR", trait_address, 0, 0, Group::socket, true, "",
     "Connect socket to the address ADDR"},
    {"bind-ipc", 'X', bind_ipc, 0, "PATH", trait_address, 0, 0, Group::socket, true, "",
     "Bind socket to the ipc address \"ipc://PATH\"."},
    {"connect-ipc", 'x', connect_ipc, 0, "PATH", trait_address, 0, 0, Group::socket, true, "",
     "Connect socket to the ipc address \"ipc://PATH\"."},
    {"bind-local", 'L', bind_local, 0, "PORT", trait_address, 0, 0, Group::socket, true, "",
     "Bind socket to the tcp address \"tcp://127.0.0.1:PORT\"."},
    {"connect-local", 'l', connect_local, 0, "PORT", trait_address, 0, 0, Group::socket, true, "",
     "Connect socket to the tcp address \"tcp://127.0.0.1:PORT\"."},
    {"listen", 0, bind, 0, "ADDR", trait_address, 0, 0, Group::none, false, "bind", ""},
    {"dial", 0, connect, 0, "ADDR", trait_address, 0, 0, Group::none, false, "connect", ""},
    {"recv-timeout", 0, recv_timeout, 0, "SEC", trait_own, trait_forward, trait_readable,
     Group::socket, true, "", "Set timeout for receiving a message"},
    {"send-timeout", 0, send_timeout, 0, "SEC", trait_own, trait_forward, trait_writable,
     Group::socket, true, "", "Set timeout for sending a message"},
    {"socket-name", 0, socket_name, 0, "NAME", 0, 0, 0, Group::socket, true, "",
     "Name of the socket, of at most 63 characters; nothing shows it"},
    {"recv-maxsz", 'Z', recv_max_size, 0, "BYTES", 0, 0, 0, Group::socket, false, "",
     "Accept messages of at most BYTES bytes; 0: no limit. 1048576 without this option."},
    {"ttl", 0, ttl, 0, "HOPS", 0, 0, 0, Group::socket, false, "",
     "Drop messages that came over more than HOPS devices; 1 to 255 (default: 8)"},
    {"linger", 0, linger, 0, "SEC", 0, 0, 0, Group::socket, false, "",
     "At the end, wait for at most SEC seconds until everything is sent (default: 1)"},
    {"async", 0, nothing, 0, "", 0, 0, 0, Group::none, false, "", ""},

    {"subscribe", 0, subscribe, 0, "PREFIX", trait_own, trait_forward, trait_sub, Group::sub, true,
     "",
     "Subscribe to the prefix PREFIX. Note: socket will be subscribed to everything (empty prefix) "
     "if no prefixes are specified on the command-line."},

    {"format", 0, format, -1, "FORMAT", trait_own, trait_forward, trait_readable, Group::input,
     true, "", "Use echo format FORMAT (same as the options below); \"no\" prints nothing"},
    {"raw", 0, format, of(Format::raw), "", trait_own, trait_forward, trait_readable, Group::input,
     true, "", "Dump message as is (Note: no delimiters are printed)"},
    {"ascii", 'A', format, of(Format::ascii), "", trait_own, trait_forward, trait_readable,
     Group::input, true, "",
     "Print ASCII part of message delimited by newline. All non-ascii characters replaced by dot."},
    {"quoted", 'Q', format, of(Format::quoted), "", trait_own, trait_forward, trait_readable,
     Group::input, true, "",
     "Print each message on separate line in double quotes with C-like character escaping"},
    {"msgpack", 0, format, of(Format::msgpack), "", trait_own, trait_forward, trait_readable,
     Group::input, true, "",
     "Print each message as msgpacked string (raw type). This is useful for programmatic parsing."},
    {"hex", 0, format, of(Format::hex), "", trait_own, trait_forward, trait_readable, Group::input,
     true, "", "Print each message on separate line in double quotes with hex values"},
    {"expect-message", 0, expect_message, 0, "", trait_own, trait_forward, trait_readable,
     Group::input, false, "",
     "Exit with 4 if the receive timeout, or the survey, is over before any message came"},

    {"interval", 'i', interval, 0, "SEC", trait_own, trait_forward, trait_writable, Group::output,
     true, "", "Send message (or request) every SEC seconds; 0: as fast as possible"},
    {"delay", 'd', delay, 0, "SEC", 0, 0, 0, Group::output, true, "",
     "Wait for SEC seconds before sending message (useful for one-shot PUB sockets)"},
    {"data", 'D', data, 0, "DATA", trait_data | trait_own, trait_data | trait_forward,
     trait_writable, Group::output, true, "",
     "Send DATA to the socket. PUSH and PUB quit then, PAIR and BUS go on receiving. REQ and "
     "SURVEYOR "
     "ask it; REP and RESPONDENT answer everything with it."},
    {"file", 'F', file, 0, "PATH", trait_data | trait_own, trait_data | trait_forward,
     trait_writable, Group::output, true, "",
     "Same as --data but get data from file PATH; \"-\" is standard input"},
    {"by-line", 0, by_line, 0, "", trait_own, trait_forward, trait_data, Group::output, false, "",
     "Each line of the data is a message, without its newline, and is sent as soon as it is there; "
     "REQ "
     "and SURVEYOR ask it when the one before is answered"},
    {"count", 'C', count, 0, "N", trait_own, trait_forward, 0, Group::output, false, "",
     "End after N messages: received ones (REQ asks as often as that), or sent ones for PUB and "
     "PUSH, "
     "which repeat them; 0: no end"},

    {"forward-bind", 0, forward_bind, 0, "ADDR", trait_data | trait_forward, trait_own, 0,
     Group::device, false, "",
     "Forward what comes, to and from a second socket, bound to the address ADDR"},
    {"forward-connect", 0, forward_connect, 0, "ADDR", trait_data | trait_forward, trait_own, 0,
     Group::device, false, "", "The same, with the second socket connected to the address ADDR"},
};

constexpr std::size_t text_column = 24;
constexpr std::size_t right_edge = 80;

// Words of `text` from text_column to right_edge; the first line goes on behind `start`.
void append_row(std::string& out, std::string start, std::string_view text) {
  if (start.size() >= text_column) {
    out += start.substr(0, start.find_last_not_of(' ') + 1) + "\n";
    start.clear();
  }
  start.resize(text_column, ' ');
  std::string line = start;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    if (line.size() + word.size() >= right_edge && line.size() > text_column) {
      out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
      line.assign(text_column, ' ');
    }
    line += word;
    line += ' ';
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

void append_group(std::string& out, Group group, std::string_view title,
                  std::string_view note = {}) {
  out += "\n" + std::string(title) + ":\n";
  if (!note.empty()) out += " " + std::string(note) + "\n";
  for (const OptionRow& row : rows) {
    if (row.group != group) continue;
    std::string start = " --" + std::string(row.name);
    if (row.short_name != 0) start += std::string(",-") + row.short_name;
    if (!row.argument.empty()) start += " " + std::string(row.argument);
    append_row(out, start + " ", row.help);
  }
}

}  // namespace

std::span<const OptionRow> option_table() { return rows; }

const OptionRow* row_of_program(std::string_view program) {
  const std::size_t slash = program.rfind('/');
  if (slash != std::string_view::npos) program.remove_prefix(slash + 1);
  if (!program.starts_with("nn_")) return nullptr;
  program.remove_prefix(3);
  for (const OptionRow& row : rows) {
    if (row.name == program && row.original && row.action == type) return &row;
  }
  return nullptr;
}

std::string help_text(std::string_view program) {
  std::string out = "Usage:\n    " + std::string(program) +
                    " TYPE ADDRESS... [options]\n"
                    "\n"
                    "A command-line interface to nanomsg's sockets, over spool\n";
  append_group(out, Group::generic, "Generic");
  append_group(out, Group::type, "Socket Types",
               "Exactly one; or call the program nn_push, nn_pull and so on.\n"
               " nng's names, such as --push0, mean the same.");
  append_group(out, Group::socket, "Socket Options",
               "At least one address. --listen is --bind, --dial is --connect; --async does\n"
               " nothing: connecting never waits.");
  append_group(out, Group::sub, "SUB Socket Options");
  append_group(out, Group::input, "Input Options", "Without a format nothing is printed.");
  append_group(out, Group::output, "Output Options");
  append_group(out, Group::device, "Device Options",
               "The second socket is of the type that talks to TYPE: behind REP is a REQ.");
  out +=
      "\n"
      "Seconds may have fractions (0.25); a negative timeout is none. \"--\" ends the\n"
      "options. Exit codes: 0 done, or the receive timeout is over; 1 usage; 2 file;\n"
      "3 socket; 4 see --expect-message.\n";
  return out;
}

}  // namespace nanocat
