// What goes over the wire: one line of text per message, its fields separated by tabs.
//
//  a member to the room | hello <name>                     this is who I am
//                       | say <text>
//  the room to all      | line <number> <name> <text>      numbered: who misses some can tell
//                       | here <name> <name> ...           who is here, whenever that changes
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chat {

inline constexpr std::size_t name_max = 24;    // bytes
inline constexpr std::size_t text_max = 2000;  // bytes

enum class Kind { hello, say, line, here };

// A message that was understood; which fields count follows from its kind.
struct Words {
  Kind kind = Kind::say;
  std::uint64_t number = 0;
  std::string name;
  std::string text;
  std::vector<std::string> names;
};

// Nothing for what no program of ours says. Names and texts are clean, whatever was sent.
[[nodiscard]] std::optional<Words> parse(std::string_view message);

[[nodiscard]] std::string hello(std::string_view name);
[[nodiscard]] std::string say(std::string_view text);
[[nodiscard]] std::string line(std::uint64_t number, std::string_view name, std::string_view text);
[[nodiscard]] std::string here(const std::vector<std::string>& names);

// Spaces for what does not print, none at the ends, and at most `size_max` bytes of whole UTF-8
// characters.
[[nodiscard]] std::string clean(std::string_view text, std::size_t size_max);

}  // namespace chat
