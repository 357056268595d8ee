// What is said about the options elsewhere: by the shell completion and in the manual page.
#include "tools/nanocat/option_table.h"

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "tools/nanocat/completion.h"

using nanocat::Group;
using nanocat::option_table;
using nanocat::OptionRow;

namespace {

using Names = std::set<std::string>;

// "--name ARGUMENT" and "-n ARGUMENT", for every name of every option.
Names spellings() {
  Names names;
  for (const OptionRow& row : option_table()) {
    const std::string argument = row.argument.empty() ? "" : " " + std::string(row.argument);
    names.insert("--" + std::string(row.name) + argument);
    if (row.short_name != 0) names.insert(std::string("-") + row.short_name + argument);
  }
  return names;
}

// The same of the manual page: its list items, as ".It Fl A Ar FORMAT , Fl -format Ar FORMAT".
Names spellings_in_manual() {
  std::ifstream file("tools/nanocat/nanocat.1");
  REQUIRE(file);
  Names names;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(".It Fl ")) continue;
    std::istringstream words(line);
    std::string name;
    for (std::string before, word; words >> word; before = word) {
      if (before == "Fl") name = "-" + word;
      if (before == "Ar") name += " " + word;
      // An option ends where the next one begins, and at the end of the line.
      const bool last = (words >> std::ws).eof();
      if (last || word == ",") CHECK(names.insert(name).second);
    }
  }
  return names;
}

Names without(Names from, const Names& names) {
  for (const std::string& name : names) from.erase(name);
  return from;
}

}  // namespace

TEST_CASE("names are there once, and another name means a row that exists") {
  Names names;
  for (const OptionRow& row : option_table()) {
    INFO(row.name);
    CHECK(names.insert(std::string(row.name)).second);
    if (row.short_name != 0) CHECK(names.insert(std::string(1, row.short_name)).second);
    CHECK((row.same_as.empty() || names.count(std::string(row.same_as)) == 1));
    CHECK((row.group == Group::none || !row.help.empty()));
  }
}

TEST_CASE("another name does what the option does") {
  for (const OptionRow& row : option_table()) {
    for (const OptionRow& other : option_table()) {
      if (other.same_as != row.name) continue;
      INFO(other.name);
      CHECK(other.action == row.action);
      CHECK(other.value == row.value);
      CHECK(other.argument == row.argument);
      CHECK(other.brings == row.brings);
      CHECK(other.excludes == row.excludes);
      CHECK(other.needs == row.needs);
    }
  }
}

TEST_CASE("the manual has every option, with its argument, and no other") {
  const Names table = spellings();
  const Names manual = spellings_in_manual();
  CHECK(without(table, manual) == Names{});
  CHECK(without(manual, table) == Names{});
}

TEST_CASE("the completion knows which options take an argument, by all their names") {
  // The patterns of its cases: "    --one | --other | -o)".
  Names known;
  std::istringstream script(nanocat::bash_completion());
  for (std::string line; std::getline(script, line);) {
    if (!line.ends_with(")")) continue;
    std::istringstream words(line.substr(0, line.size() - 1));
    for (std::string word; words >> word;) known.insert(word);
  }
  for (const OptionRow& row : option_table()) {
    const std::string name = "--" + std::string(row.name);
    INFO(name);
    CHECK((known.count(name) == 1) == !row.argument.empty());
  }
}
