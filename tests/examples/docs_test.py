"""The documentation says what is there. Usage: docs_test.py ROOT | --self-test

  * docs/configuration.md has a section for each field of the five structs, with the default that the header has, an
    example, and no section for what is not there;
  * the program in the README is examples/hello_push_pull.cc;
  * links and names of files lead somewhere.
"""

import os
import re
import sys
import tempfile

# Struct, and the header that it is in. The order is that of docs/configuration.md.
STRUCTS = [("EventLoopConfig", "core/event_loop_config.h"), ("Budget", "loop/budget.h"),
           ("SocketOptions", "core/options.h"), ("ExchangeOptions", "core/options.h"),
           ("EndpointOptions", "core/options.h")]

CONFIGURATION = "docs/configuration.md"

# Shows by example how a file would be called.
INVENTS_NAMES = ["CONTRIBUTING.md"]

_FIELD = re.compile(r"^  [\w:<>&()*, ]+ (?P<name>\w+)(?: = (?P<value>[^;{}]+)|\{\}| = \{\})?;", re.MULTILINE)


class Tree:

    def __init__(self, root):
        self.root = root

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            return file.read()

    def exists(self, path):
        return os.path.exists(os.path.join(self.root, path))

    def pages(self):
        found = [path for path in ["README.md", "CONTRIBUTING.md"] if self.exists(path)]
        for folder, _, names in os.walk(os.path.join(self.root, "docs")):
            found += [os.path.relpath(os.path.join(folder, name), self.root) for name in names if name.endswith(".md")]
        return sorted(found)


def fields(header, struct):
    """{name: default as the header writes it, or None}."""
    match = re.search(r"^struct %s \{\n(.*?)^\};" % struct, header, re.MULTILINE | re.DOTALL)
    if not match:
        return {}
    code = re.sub(r"//[^\n]*", "", match.group(1))
    return {field.group("name"): field.group("value") for field in _FIELD.finditer(code)}


def in_words(value):
    """A default, as the page writes it: 64u << 20 is 64 MiB, 1'000 is 1,000."""
    if value is None:
        return None
    value = value.strip().replace("'", ",")
    timeout = re.fullmatch(r"Timeout::(?:after\((.*)\)|(infinite|none)\(\))", value)
    if timeout:
        return timeout.group(2) or in_words(timeout.group(1))
    shift = re.fullmatch(r"(\d+)u? << (10|20|30)", value)
    if shift:
        return shift.group(1) + {"10": " KiB", "20": " MiB", "30": " GiB"}[shift.group(2)]
    time = re.fullmatch(r"std::chrono::(\w+)\((\d+)\)", value)
    if time:
        units = {"microseconds": "us", "milliseconds": "ms", "seconds": "s", "minutes": "min"}
        return time.group(2) + " " + units[time.group(1)]
    if value in ("nullptr", "std::nullopt"):
        return "none"
    return value.split("::")[-1]


def sections(page, title):
    """{field: text} of the ### sections below ## title."""
    match = re.search(r"^## %s\n(.*?)(?=^## |\Z)" % title, page, re.MULTILINE | re.DOTALL)
    if not match:
        return {}
    parts = re.split(r"^### `(\w+)`\n", match.group(1), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def check_configuration(tree):
    page = tree.text(CONFIGURATION)
    findings = []
    for struct, header in STRUCTS:
        there = fields(tree.text(header), struct)
        told = sections(page, struct)
        if not there:
            findings.append("%s: no struct %s" % (header, struct))
        for name, value in there.items():
            if name not in told:
                findings.append("%s: %s::%s is not explained" % (CONFIGURATION, struct, name))
                continue
            words = in_words(value)
            if not re.match(r"\s*Default: %s[.,]" % (re.escape(words) if words else "[^.]+?"), told[name]):
                findings.append("%s: %s::%s: expected 'Default: %s.'" % (CONFIGURATION, struct, name, words))
            if "```cpp\n" not in told[name]:
                findings.append("%s: %s::%s has no example" % (CONFIGURATION, struct, name))
        for name in told:
            if name not in there:
                findings.append("%s: there is no %s::%s" % (CONFIGURATION, struct, name))
    return findings


def check_readme(tree):
    source = "examples/hello_push_pull.cc"
    programs = [code for code in re.findall(r"^```cpp\n(.*?)^```", tree.text("README.md"), re.MULTILINE | re.DOTALL)]
    if tree.text(source) in programs:
        return []
    return ["README.md: the program is not the one in %s" % source]


def check_paths(tree):
    """Links, and paths between backticks that begin with a folder of ours."""
    findings = []
    for page in tree.pages():
        text = re.sub(r"^```.*?^```", "", tree.text(page), flags=re.MULTILINE | re.DOTALL)
        here = os.path.dirname(page)
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if "://" not in target and not tree.exists(os.path.normpath(os.path.join(here, target))):
                findings.append("%s: the link to %s leads nowhere" % (page, target))
        folders = "facade|core|protocols|io|loop|tests|examples|docs|bench|tools"
        for path in re.findall(r"`((?:%s)/[\w/]+\.(?:h|cc|py|sh|md))`" % folders, text):
            if page not in INVENTS_NAMES and not page.startswith("docs/decisions") and not tree.exists(path):
                findings.append("%s: there is no %s" % (page, path))
    return findings


def check(tree):
    return check_configuration(tree) + check_readme(tree) + check_paths(tree)


# --- The self-test: plants what must be found ------------------------------------------------------------------------

_SECTION = "### `%s`\n\nDefault: %s. Text.\n\n```cpp\nx;\n```\n\n"

CLEAN = {
    "core/event_loop_config.h":
        "struct EventLoopConfig {\n  // Text; with a semicolon.\n  Poller* poller = nullptr;\n"
        "  std::size_t limit = 64u << 20;\n  Function<void(LogLevel, std::string_view)> log;\n"
        "  LogLevel log_level = LogLevel::info;\n};\n",
    "loop/budget.h":
        "struct Budget {\n  Duration time = std::chrono::microseconds(500);      // of time\n};\n",
    "core/options.h":
        "struct SocketOptions {\n  std::optional<ReceiveOverflow> overflow;\n"
        "  Timeout resend = Timeout::after(std::chrono::minutes(1));\n  Timeout wait = Timeout::infinite();\n"
        "  unsigned most = 1'000;\n};\n"
        "struct ExchangeOptions {\n  std::optional<Duration> deadline = std::nullopt;\n};\n"
        "struct EndpointOptions {\n  std::uint8_t send_priority = 8;\n};\n",
    "docs/configuration.md":
        "## EventLoopConfig\n\n" + _SECTION % ("poller", "none") + _SECTION % ("limit", "64 MiB") + _SECTION %
        ("log", "none") + _SECTION % ("log_level", "info") + "## Budget\n\n" + _SECTION % ("time", "500 us") +
        "## SocketOptions\n\n" + _SECTION % ("overflow", "none") + _SECTION % ("resend", "1 min") + _SECTION %
        ("wait", "infinite") + _SECTION % ("most", "1,000") + "## ExchangeOptions\n\n" + _SECTION %
        ("deadline", "none") + "## EndpointOptions\n\n" + _SECTION %
        ("send_priority", "8"),
    "README.md": "# x\n```cpp\nint main() {}\n```\n[more](docs/configuration.md#x) `core/options.h`\n",
    "examples/hello_push_pull.cc": "int main() {}\n",
}


def planted(path, old, new):
    return {**CLEAN, path: CLEAN[path].replace(old, new)}


BAD = [
    ("a new field", planted("loop/budget.h", "};", "  int turns = 3;\n};"), "Budget::turns is not explained"),
    ("a new field of an exchange", planted("core/options.h", "  std::optional<Duration> deadline",
                                           "  int tries = 3;\n  std::optional<Duration> deadline"),
     "ExchangeOptions::tries is not explained"),
    ("another time", planted("core/options.h", "minutes(1)", "minutes(2)"), "resend: expected 'Default: 2 min.'"),
    ("another default", planted("loop/budget.h", "(500)", "(400)"), "Budget::time: expected 'Default: 400 us.'"),
    ("a field that went", planted("core/options.h", "  std::uint8_t send_priority = 8;\n", ""), "no struct Endpoint"),
    ("a field of a wrong name", planted("core/options.h", "send_priority", "priority"), "there is no EndpointOptions"),
    ("no example", planted("docs/configuration.md", "```cpp\nx;\n```\n", ""), "EventLoopConfig::poller has no example"),
    ("another program", planted("README.md", "main() {}", "main() { }"), "README.md: the program is not"),
    ("a dead link", planted("README.md", "configuration.md#x", "config.md"), "README.md: the link to docs/config.md"),
    ("a missing file", planted("README.md", "core/options.h", "core/option.h"), "README.md: there is no core/option.h"),
]


def findings_in(files):
    with tempfile.TemporaryDirectory(prefix="spool-docs-") as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return check(Tree(root))


def self_test():
    failures = findings_in(CLEAN)
    for what, files, expected in BAD:
        findings = findings_in(files)
        if not any(expected in finding for finding in findings):
            failures.append("not found: %s: expected '%s', got %s" % (what, expected, findings))
    return failures


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: docs_test.py ROOT | --self-test")
    FINDINGS = self_test() if sys.argv[1] == "--self-test" else check(Tree(sys.argv[1]))
    print(*FINDINGS, sep="\n")
    print("%d finding%s" % (len(FINDINGS), "" if len(FINDINGS) == 1 else "s"))
    sys.exit(1 if FINDINGS else 0)
