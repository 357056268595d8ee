// Script: a conversation, one step per line.
//
//   # a comment
//   ann hosts            a process that hosts the room, and is in it as ann
//   bob comes            a process that is in it as bob
//   bob: Hello!          bob says so; the member of the window is one of them, by its name
//   bob leaves           the process ends as it should
//   ann dies             the process is killed
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chat {

enum class Act { hosts, comes, says, leaves, dies };

struct Step {
  Act act = Act::says;
  std::string name;
  std::string text;  // of says
};

// Nothing, and the line and what was expected in `why`, for what is no script.
[[nodiscard]] std::optional<std::vector<Step>> parse_script(std::string_view text,
                                                            std::string& why);

// What --demo plays; `you` is the member of the window.
[[nodiscard]] std::vector<Step> demo_script(std::string_view you);

}  // namespace chat
