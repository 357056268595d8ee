#include "tools/nanocat/completion.h"

#include <span>
#include <string_view>

#include "tools/nanocat/option_table.h"

namespace nanocat {

namespace {

// "no", and those that are options too.
std::string format_names() {
  std::string text = "no";
  for (const OptionRow& row : option_table()) {
    if (row.action == Action::format && row.value >= 0) text += " " + std::string(row.name);
  }
  return text;
}

// The command that completes an argument of this name.
std::string completes(std::string_view argument) {
  if (argument == "FORMAT") return "_nanocat_words '" + format_names() + "'";
  if (argument == "SHELL") return "_nanocat_words 'bash'";
  if (argument == "ADDR") return "_nanocat_words 'tcp:// ipc://' && compopt -o nospace";
  if (argument == "PATH") return "_nanocat_files";
  return ":";
}

// All spellings of the options with an argument of this name, as a pattern of `case`.
std::string spellings(std::string_view argument) {
  std::string text;
  for (const OptionRow& row : option_table()) {
    if (row.argument != argument) continue;
    if (!text.empty()) text += " | ";
    text += "--" + std::string(row.name);
    if (row.short_name != 0) text += std::string(" | -") + row.short_name;
  }
  return text;
}

std::string argument_cases() {
  std::string text;
  const std::span<const OptionRow> rows = option_table();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string_view argument = rows[i].argument;
    bool is_first = !argument.empty();
    for (const OptionRow& before : rows.first(i))
      is_first = is_first && before.argument != argument;
    if (!is_first) continue;
    text += "    " + spellings(argument) + ")\n";
    text += "      " + completes(argument) + " ;;\n";
  }
  return text;
}

// The options that the help has.
std::string option_names() {
  std::string text;
  for (const OptionRow& row : option_table()) {
    if (row.group != Group::none) text += " --" + std::string(row.name);
  }
  return text;
}

std::string program_names() {
  std::string text = "nanocat";
  for (const OptionRow& row : option_table()) {
    const std::string program = "nn_" + std::string(row.name);
    if (row_of_program(program) != nullptr) text += " " + program;
  }
  return text;
}

}  // namespace

std::string bash_completion() {
  // Bash takes `--name=value` for three words.
  return R"(# Completion of nanocat for bash: source <(nanocat --completion bash)

_nanocat_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word")
}

_nanocat_files() {
  mapfile -t COMPREPLY < <(compgen -f -- "$word")
  compopt -o filenames
}

_nanocat() {
  local word=$2 option=$3
  [[ $word == '=' ]] && word=
  [[ $option == '=' ]] && option=${COMP_WORDS[COMP_CWORD - 2]}
  COMPREPLY=()
  case $option in
)" + argument_cases() +
         R"(    *)
      _nanocat_words ')" +
         option_names().substr(1) + R"(' ;;
  esac
}

complete -F _nanocat )" +
         program_names() + "\n";
}

}  // namespace nanocat
