"""Makes one C++ program of the examples in docs/configuration.md: snippets.py PAGE > program.cc

Each example becomes a function; afterwards what it configured must be accepted. A comment of the form
`// why.text(): WORDS` is what the expression before the colon must say.
"""

import re
import sys

PRELUDE = """\
// Made by tests/examples/snippets.py.
#include <spool/spool.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace std::chrono_literals;

namespace {

// Stands for a host's own.
struct HostPoller final : spool::Poller {
  spool::Error add(spool::NativeHandle, spool::Interest, spool::Token) noexcept override { return spool::Error::none; }
  spool::Error modify(spool::NativeHandle, spool::Interest, spool::Token) noexcept override {
    return spool::Error::none;
  }
  void remove(spool::NativeHandle, spool::Token) noexcept override {}
  spool::Result<std::size_t> wait(std::span<spool::PollEvent>, std::optional<spool::Duration>) noexcept override {
    return std::size_t{0};
  }
  spool::Result<spool::NativeHandle> backend_fd() noexcept override { return spool::Error::not_supported; }
  void set_deadline(std::optional<spool::Instant>, spool::Instant) noexcept override {}
};

struct Place {
  spool::EventLoop& loop;
  spool::Push& push;
  spool::Sub& sub;
  spool::EventLoopConfig config{};
  spool::Budget budget{};
  spool::SocketOptions options{};
  spool::EndpointOptions endpoint{};
  spool::ExchangeOptions exchange{};
};

int failures = 0;

void expect(std::string_view said, std::string_view expected) {
  if (said == expected) return;
  ++failures;
  std::printf("expected '%s', got '%.*s'\\n", expected.data(), static_cast<int>(said.size()), said.data());
}

void verify(int line, Place& place) {
  spool::Explanation why;
  spool::Error error = check(place.options, why);
  if (error == spool::Error::none) error = check(place.endpoint, why);
  if (error == spool::Error::none) error = check(place.exchange, why);
  spool::EventLoopConfig other;
  other.budget = place.budget;
  if (error == spool::Error::none) error = check(other, why);
  if (error == spool::Error::none) error = spool::EventLoop::create(std::move(place.config), &why).error();
  if (error == spool::Error::none) return;
  ++failures;
  std::printf("line %d: %s: %.*s\\n", line, to_string(error), static_cast<int>(why.text().size()), why.text().data());
}
"""

SNIPPET = """
void example_{line}(Place& place) {{
  auto& [loop, push, sub, config, budget, options, endpoint, exchange] = place;
{code}
  verify({line}, place);
}}
"""

MAIN = """
}}  // namespace

int main() {{
  auto loop = spool::EventLoop::create({{}}).value();
  auto push = loop.open<spool::Push>().value();
  auto sub = loop.open<spool::Sub>().value();
{calls}
  return failures == 0 ? 0 : 1;
}}
"""


def main(path):
    with open(path, encoding="utf-8") as file:
        page = file.read()
    parts = [PRELUDE]
    calls = []
    for match in re.finditer(r"^```cpp\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        line = page.count("\n", 0, match.start()) + 2
        code = re.sub(r"^// (why\.text\(\)|loop\.last_error\(\)): (.*)$", r'expect(\1, "\2");', match.group(1),
                      flags=re.MULTILINE)
        parts.append(SNIPPET.format(line=line, code='#line %d "%s"\n%s' % (line, path, code)))
        calls.append("  {\n    Place place{loop, push, sub};\n    example_%d(place);\n  }" % line)
    parts.append(MAIN.format(calls="\n".join(calls)))
    sys.stdout.write("".join(parts))


if __name__ == "__main__":
    main(sys.argv[1])
