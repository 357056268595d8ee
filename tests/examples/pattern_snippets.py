"""Makes one C++ program of the examples in docs/patterns: pattern_snippets.py PAGE... > program.cc

Each example becomes a function that has a `loop`, unless it makes its own. A comment of the form
`// answer.text(): WORDS` says what the expression before the colon must be at that place.
"""

import re
import sys

PRELUDE = """\
// Made by tests/examples/pattern_snippets.py.
#include <spool/spool.h>

#include <chrono>
#include <concepts>
#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

int failures = 0;

void expect(const char* where, std::string_view said, std::string_view expected) {
  if (said == expected) return;
  ++failures;
  std::printf("%s: expected '%.*s', got '%.*s'\\n", where, static_cast<int>(expected.size()), expected.data(),
              static_cast<int>(said.size()), said.data());
}
void expect(const char* where, spool::Error said, std::string_view expected) {
  expect(where, std::string_view(spool::to_string(said)), expected);
}
template <std::same_as<bool> T>
void expect(const char* where, T said, std::string_view expected) {
  expect(where, std::string_view(said ? "true" : "false"), expected);
}
template <std::integral T>
  requires(!std::same_as<T, bool>)
void expect(const char* where, T said, std::string_view expected) {
  expect(where, std::string_view(std::to_string(said)), expected);
}
"""

SNIPPET = """
void {name}() {{
{loop}#line {line} "{path}"
{code}
}}
"""

LOOP = "  auto loop = spool::EventLoop::create({}).value();\n"

MAIN = """
}}  // namespace

int main() {{
{calls}
  return failures == 0 ? 0 : 1;
}}
"""

# Something with at least one member in it.
EXPECTATION = re.compile(r"^( *)// ([a-z]\w*(?:\[\d+\])?(?:(?:\.|->)\w+(?:\(\))?)+): (.*)$", re.MULTILINE)


def main(paths):
    parts = [PRELUDE]
    calls = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            page = file.read()
        for match in re.finditer(r"^```cpp\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
            line = page.count("\n", 0, match.start()) + 2
            name = "example_%d" % (len(calls) + 1)
            code = EXPECTATION.sub(lambda m: '%sexpect("%s", %s, "%s");' %
                                   (m.group(1), path.split("/")[-1], m.group(2), m.group(3)), match.group(1))
            loop = "" if "EventLoop::create" in code else LOOP
            parts.append(SNIPPET.format(name=name, loop=loop, line=line, path=path, code=code))
            calls.append("  %s();" % name)
    parts.append(MAIN.format(calls="\n".join(calls)))
    sys.stdout.write("".join(parts))


if __name__ == "__main__":
    main(sys.argv[1:])
