#include "examples/chat_window/script.h"

#include "examples/chat_window/words.h"

namespace chat {
namespace {

constexpr std::string_view demo = R"(
ann hosts
bob comes
cleo comes
ann: Good morning! Who is for a walk after lunch?
YOU: Me, if the rain stops.
bob: The radar says dry by one. I would take the path along the river, all others are mud by now.
cleo: Not me, the train to Zürich leaves at 12:40. Take pictures!
YOU: Safe travels, Cleo.
cleo leaves
bob: Ann, your battery light is blinking again.
ann: I know, if I am gone for a moment, just w
ann dies
ann hosts
ann: … wait for me. Here I am again, with the other charger.
bob: We did. The room came back, and so did we.
dora comes
dora: Did somebody say walk?
YOU: One o'clock, at the bridge.
)";

std::optional<Act> act_of(std::string_view word) {
  if (word == "hosts") return Act::hosts;
  if (word == "comes") return Act::comes;
  if (word == "leaves") return Act::leaves;
  if (word == "dies") return Act::dies;
  return std::nullopt;
}

std::optional<Step> parse_step(std::string_view line) {
  Step step;
  if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    step.name = clean(line.substr(0, colon), name_max);
    step.text = clean(line.substr(colon + 1), text_max);
    if (step.name.empty() || step.text.empty()) return std::nullopt;
    return step;
  }
  const std::size_t space = line.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::optional<Act> act = act_of(line.substr(space + 1));
  step.name = clean(line.substr(0, space), name_max);
  if (!act || step.name.empty()) return std::nullopt;
  step.act = *act;
  return step;
}

}  // namespace

std::optional<std::vector<Step>> parse_script(std::string_view text, std::string& why) {
  std::vector<Step> steps;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string line = clean(text.substr(0, end), name_max + text_max);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty() || line.front() == '#') continue;
    const std::optional<Step> step = parse_step(line);
    if (!step) {
      why = "line " + std::to_string(number) + " '" + line +
            "': expected 'NAME: TEXT', or 'NAME hosts', 'comes', 'leaves' or 'dies'";
      return std::nullopt;
    }
    steps.push_back(*step);
  }
  return steps;
}

std::vector<Step> demo_script(std::string_view you) {
  std::string why;
  std::vector<Step> steps = parse_script(demo, why).value();
  for (Step& step : steps)
    if (step.name == "YOU") step.name = you;
  return steps;
}

}  // namespace chat
