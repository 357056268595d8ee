#include "tools/nanocat/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "tools/nanocat/completion.h"
#include "tools/nanocat/option_table.h"

namespace nanocat {

namespace {

constexpr std::pair<std::string_view, Format> format_names[] = {
    {"no", Format::no},         {"raw", Format::raw},         {"ascii", Format::ascii},
    {"quoted", Format::quoted}, {"msgpack", Format::msgpack}, {"hex", Format::hex},
};

// The whole text as a number of seconds; fractions, exponents, any sign.
std::optional<double> to_seconds(const std::string& text) {
  if (text.empty()) return std::nullopt;
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size() || std::isnan(seconds)) return std::nullopt;
  return seconds;
}

// 0 to 30 years: what does not end within them does not end.
spool::Duration to_duration(double seconds) {
  constexpr double longest = 1e9;
  return spool::Duration(static_cast<std::int64_t>(std::clamp(seconds, 0.0, longest) * 1e9));
}

std::optional<spool::Duration> to_timeout(double seconds) {
  if (seconds < 0 || std::isinf(seconds)) return std::nullopt;
  return to_duration(seconds);
}

std::optional<std::uint64_t> to_whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments)
      : arguments_(arguments),
        rows_(option_table()),
        usages_(rows_.size()),
        program_(arguments.empty() ? "nanocat" : arguments.front()) {}

  Parsed parse();

 private:
  // Each returns false when parsing is over: parsed_ has the reason.
  bool parse_program_name();
  bool parse_long(const std::string& argument);
  bool parse_cluster(const std::string& argument);
  bool use(const OptionRow& row, std::string usage, const std::string* argument);
  bool apply(const OptionRow& row, const std::string& usage, const std::string& argument);
  bool apply_seconds(const OptionRow& row, const std::string& usage, const std::string& argument);
  bool apply_number(const OptionRow& row, const std::string& usage, const std::string& argument);
  bool apply_format(const OptionRow& row, const std::string& usage, const std::string& argument);
  bool apply_completion(const std::string& usage, const std::string& argument);
  bool check_needs();

  [[nodiscard]] std::vector<const OptionRow*> candidates(std::string_view name) const;
  [[nodiscard]] std::string options_that_bring(std::uint32_t traits) const;
  [[nodiscard]] const std::string* next_argument() {
    return next_ < arguments_.size() ? &arguments_[next_++] : nullptr;
  }
  [[nodiscard]] std::string& usage_of(const OptionRow& row) {
    return usages_[static_cast<std::size_t>(&row - rows_.data())];
  }
  bool fail(const std::string& text) {
    parsed_.kind = Parsed::Kind::error;
    parsed_.text = program_ + ": " + text + "\n";
    return false;
  }

  bool fail_value(const std::string& usage, const std::string& value, const std::string& names) {
    return fail("Invalid value ``" + value + "'' for " + usage + " . Options are:" + names);
  }

  const std::vector<std::string>& arguments_;
  std::span<const OptionRow> rows_;
  std::vector<std::string> usages_;  // of each row: how it was written last; empty: not used
  std::string program_;
  std::size_t next_ = 1;
  std::uint32_t traits_ = 0;
  Parsed parsed_;
};

Parsed Parser::parse() {
  bool going_on = parse_program_name();
  bool options_end = false;
  while (going_on && next_ < arguments_.size()) {
    const std::string& argument = arguments_[next_++];
    if (options_end || argument.size() < 2 || argument[0] != '-') {
      going_on = fail("Unexpected argument ``" + argument + "''");
    } else if (argument == "--") {
      options_end = true;
    } else if (argument[1] == '-') {
      going_on = parse_long(argument);
    } else {
      going_on = parse_cluster(argument);
    }
  }
  if (going_on) going_on = check_needs();
  Options& options = parsed_.options;
  if (going_on && (traits_ & trait_sub) != 0 && options.subscriptions.empty())
    options.subscriptions.emplace_back();
  return std::move(parsed_);
}

bool Parser::parse_program_name() {
  const OptionRow* row = row_of_program(program_);
  return row == nullptr || use(*row, program_ + " (executable)", nullptr);
}

// The rows that the name may mean; more than one: ambiguous.
std::vector<const OptionRow*> Parser::candidates(std::string_view name) const {
  std::vector<const OptionRow*> found;
  std::vector<const OptionRow*> originals;
  for (const OptionRow& row : rows_) {
    if (row.name == name) return {&row};
    if (!row.name.starts_with(name)) continue;
    const auto is_same = [&row](const OptionRow* other) { return other->name == row.same_as; };
    if (std::any_of(found.begin(), found.end(), is_same)) continue;
    found.push_back(&row);
    if (row.original) originals.push_back(&row);
  }
  return originals.size() == 1 ? originals : found;
}

bool Parser::parse_long(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  const std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
  const std::vector<const OptionRow*> found =
      name.empty() ? std::vector<const OptionRow*>() : candidates(name);
  if (found.empty()) return fail("Unknown option ``" + argument + "''");
  if (found.size() > 1) {
    std::string text = "Ambiguous option ``" + argument + "'':";
    for (const OptionRow* row : found) text += "\n    " + std::string(row->name);
    return fail(text);
  }
  const OptionRow& row = *found.front();
  std::string usage = argument;
  if (row.name != name) usage = "--" + name + "[" + std::string(row.name.substr(name.size())) + "]";
  if (row.argument.empty()) {
    if (equals != std::string::npos) return fail("Option " + usage + " does not accept argument");
    return use(row, std::move(usage), nullptr);
  }
  if (equals != std::string::npos) {
    const std::string value = argument.substr(equals + 1);
    return use(row, std::move(usage), &value);
  }
  const std::string* value = next_argument();
  if (value == nullptr) return fail("Option " + usage + " requires an argument");
  return use(row, std::move(usage), value);
}

bool Parser::parse_cluster(const std::string& argument) {
  for (std::size_t i = 1; i < argument.size(); ++i) {
    const char letter = argument[i];
    const auto row = std::find_if(rows_.begin(), rows_.end(),
                                  [letter](const OptionRow& r) { return r.short_name == letter; });
    if (row == rows_.end()) return fail(std::string("Unknown option ``-") + letter + "''");
    std::string usage = std::string("-") + letter + " (--" + std::string(row->name) + ")";
    if (row->argument.empty()) {
      if (!use(*row, std::move(usage), nullptr)) return false;
      continue;
    }
    const std::string attached = argument.substr(i + 1);
    const std::string* value = attached.empty() ? next_argument() : &attached;
    if (value == nullptr) return fail("Option " + usage + " requires an argument");
    return use(*row, std::move(usage), value);
  }
  return true;
}

bool Parser::use(const OptionRow& row, std::string usage, const std::string* argument) {
  if ((traits_ & row.excludes) != 0) {
    std::string text = "Option " + usage + " conflicts with the following options:";
    if (!usage_of(row).empty()) usage_of(row) = usage;  // it conflicts with itself
    for (const OptionRow& other : rows_) {
      const std::string& used = usage_of(other);
      if (!used.empty() && (other.brings & row.excludes) != 0) text += "\n    " + used + " ";
    }
    return fail(text);
  }
  traits_ |= row.brings;
  usage_of(row) = usage;
  return apply(row, usage, argument != nullptr ? *argument : std::string());
}

bool Parser::apply(const OptionRow& row, const std::string& usage, const std::string& argument) {
  Options& options = parsed_.options;
  switch (row.action) {
    case Action::help:
      parsed_.kind = Parsed::Kind::help;
      parsed_.text = help_text(program_);
      return false;
    case Action::version:
      parsed_.kind = Parsed::Kind::version;
      parsed_.text = "nanocat (spool) " + std::to_string(spool::version_major) + "." +
                     std::to_string(spool::version_minor) + "." +
                     std::to_string(spool::version_patch) + "\n";
      return false;
    case Action::completion:
      return apply_completion(usage, argument);
    case Action::type:
      options.type = static_cast<spool::SocketType>(row.value);
      break;
    case Action::increment:
      ++options.verbosity;
      break;
    case Action::decrement:
      --options.verbosity;
      break;
    case Action::bind:
      options.binds.push_back(argument);
      break;
    case Action::connect:
      options.connects.push_back(argument);
      break;
    case Action::forward_bind:
      options.forward_binds.push_back(argument);
      break;
    case Action::forward_connect:
      options.forward_connects.push_back(argument);
      break;
    case Action::bind_ipc:
      options.binds.push_back("ipc://" + argument);
      break;
    case Action::connect_ipc:
      options.connects.push_back("ipc://" + argument);
      break;
    case Action::bind_local:
      options.binds.push_back("tcp://127.0.0.1:" + argument);
      break;
    case Action::connect_local:
      options.connects.push_back("tcp://127.0.0.1:" + argument);
      break;
    case Action::socket_name:
      options.socket_name = argument;
      break;
    case Action::subscribe:
      options.subscriptions.push_back(argument);
      break;
    case Action::data:
      options.data = argument;
      break;
    case Action::file:
      options.file = argument;
      break;
    case Action::by_line:
      options.by_line = true;
      break;
    case Action::expect_message:
      options.expect_message = true;
      break;
    case Action::nothing:
      break;
    case Action::format:
      return apply_format(row, usage, argument);
    case Action::count:
    case Action::recv_max_size:
    case Action::ttl:
      return apply_number(row, usage, argument);
    case Action::recv_timeout:
    case Action::send_timeout:
    case Action::interval:
    case Action::delay:
    case Action::linger:
      return apply_seconds(row, usage, argument);
  }
  return true;
}

bool Parser::apply_seconds(const OptionRow& row, const std::string& usage,
                           const std::string& argument) {
  const std::optional<double> seconds = to_seconds(argument);
  if (!seconds) return fail("Option " + usage + " requires float point argument");
  Options& options = parsed_.options;
  if (row.action == Action::recv_timeout) options.recv_timeout = to_timeout(*seconds);
  if (row.action == Action::send_timeout) options.send_timeout = to_timeout(*seconds);
  if (row.action == Action::interval) options.interval = to_timeout(*seconds);
  if (row.action == Action::delay) options.delay = to_duration(*seconds);
  if (row.action == Action::linger) options.linger = to_duration(*seconds);
  return true;
}

bool Parser::apply_number(const OptionRow& row, const std::string& usage,
                          const std::string& argument) {
  const std::optional<std::uint64_t> number = to_whole_number(argument);
  if (!number) return fail("Option " + usage + " requires integer argument");
  if (row.action == Action::count) {
    parsed_.options.count = *number;
    return true;
  }
  if (row.action == Action::ttl) {
    if (*number < 1 || *number > 255) return fail("Option " + usage + " accepts 1 to 255");
    parsed_.options.hop_limit = static_cast<unsigned>(*number);
    return true;
  }
  if (*number > spool::Message::max_size) {
    return fail("Option " + usage + " accepts at most " + std::to_string(spool::Message::max_size));
  }
  parsed_.options.recv_max_size =
      *number == 0 ? spool::Message::max_size : static_cast<std::size_t>(*number);
  return true;
}

bool Parser::apply_format(const OptionRow& row, const std::string& usage,
                          const std::string& argument) {
  if (row.value >= 0) {
    parsed_.options.format = static_cast<Format>(row.value);
    return true;
  }
  std::string names;
  for (const auto& [name, format] : format_names) {
    if (argument == name) {
      parsed_.options.format = format;
      return true;
    }
    names += "\n    " + std::string(name);
  }
  return fail_value(usage, argument, names);
}

bool Parser::apply_completion(const std::string& usage, const std::string& argument) {
  if (argument != "bash") return fail_value(usage, argument, "\n    bash");
  parsed_.kind = Parsed::Kind::completion;
  parsed_.text = bash_completion();
  return false;
}

// Other names of the same option are left out.
std::string Parser::options_that_bring(std::uint32_t traits) const {
  std::string text;
  for (const OptionRow& row : rows_) {
    if ((row.brings & traits) == 0 || !row.same_as.empty()) continue;
    text += "\n    --" + std::string(row.name);
    if (row.short_name != 0) text += std::string("\n    -") + row.short_name;
  }
  return text;
}

bool Parser::check_needs() {
  for (const OptionRow& row : rows_) {
    if (usage_of(row).empty() || (row.needs & ~traits_) == 0) continue;
    return fail("Option " + usage_of(row) + " requires at least one of the following options:" +
                options_that_bring(row.needs & ~traits_));
  }
  const std::uint32_t missing = (trait_socket | trait_address) & ~traits_;
  if (missing == 0) return true;
  return fail("At least one of the following required:" + options_that_bring(missing));
}

}  // namespace

Parsed parse(const std::vector<std::string>& arguments) { return Parser(arguments).parse(); }

}  // namespace nanocat
