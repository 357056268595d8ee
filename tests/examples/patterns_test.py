"""The pages about patterns say what is there. Usage: patterns_test.py ROOT | --self-test

  * each name like SocketOptions::hop_limit in the documentation is that of a member;
  * each way to lose a message has a name in docs/patterns, and so has each kind of event that tells of one;
  * each picture of a state machine is in the list of docs/architecture.md;
  * each type of socket names its page, and each page that a comment in the sources names is there, with that section.
"""

import os
import re
import sys
import tempfile

HEADERS = {
    "PeerStats": "core/stats.h",
    "SocketStats": "core/stats.h",
    "EndpointStats": "core/stats.h",
    "LoopStats": "core/stats.h",
    "DeviceStats": "facade/device.h",
    "SocketOptions": "core/options.h",
    "EndpointOptions": "core/options.h",
    "ExchangeOptions": "core/options.h",
    "WhenBlocked": "core/options.h",
    "ReceiveOverflow": "core/options.h",
    "EventLoopConfig": "core/event_loop_config.h",
    "Budget": "loop/budget.h",
    "EventKind": "core/events.h",
    "Error": "loop/error.h",
    "SocketType": "protocols/socket_type.h",
}

# A SocketStats has these too.
BASES = {"SocketStats": "PeerStats", "EndpointStats": "PeerStats"}

LOSSES = re.compile(r"(?:dropped|lost)_\w+|returned|resent|blocked_episodes|waiting_messages")
TELLS = re.compile(r"peer_(?:left|refused|blocked|caught_up)|messages_\w+")

SOURCES = ["core", "facade", "io", "loop", "protocols", "tests", "examples", "tools"]


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def below(root, folders, suffixes):
    for folder in folders:
        for place, _, names in os.walk(os.path.join(root, folder)):
            yield from (os.path.relpath(os.path.join(place, name), root) for name in names if name.endswith(suffixes))


def members(root, name):
    """The names of the members of a struct or an enum, in its order."""
    match = re.search(r"^(?:struct|enum class) %s\b[^;{]*\{\n(.*?)^\};" % name, read(root, HEADERS[name]),
                      re.MULTILINE | re.DOTALL)
    code = re.sub(r"//[^\n]*", "", match.group(1)) if match else ""
    found = re.findall(r"(\w+)(?: = [^;,]+|\{\})?[;,]", code)
    return found + (members(root, BASES[name]) if name in BASES else [])


def check(root):
    return (check_names(root) + check_losses(root) + check_pictures(root) + check_types(root) +
            check_citations(root))


def check_names(root):
    findings = []
    known = {name: members(root, name) for name in HEADERS}
    for page in sorted(["README.md", *below(root, ["docs"], ".md")]):
        for name, member in re.findall(r"`(\w+)::(\w+)", read(root, page)):
            if name in known and member not in known[name]:
                findings.append("%s: there is no %s::%s" % (page, name, member))
    return findings


def check_losses(root):
    text = "".join(read(root, page) for page in below(root, ["docs/patterns"], ".md"))
    wanted = [("Stats", name) for name in members(root, "SocketStats") if LOSSES.fullmatch(name)]
    wanted += [("EventKind", name) for name in members(root, "EventKind") if TELLS.fullmatch(name)]
    return ["docs/patterns: nothing about %s::%s" % both for both in wanted if "%s::%s`" % both not in text]


def check_pictures(root):
    listed = read(root, "docs/architecture.md")
    return ["docs/architecture.md: %s is not in the list of state machines" % picture
            for picture in sorted(below(root, ["docs"], ".svg"))
            if "(%s)" % os.path.relpath(picture, "docs") not in listed]


def check_types(root):
    code = read(root, HEADERS["SocketType"])
    findings = []
    for name in members(root, "SocketType"):
        said = re.search(r"((?:^  //.*\n)+)^  %s,$" % name, code, re.MULTILINE)
        if not said or "docs/patterns/" not in said.group(1):
            findings.append("%s: %s names no page" % (HEADERS["SocketType"], name))
    return findings


def check_citations(root):
    findings = []
    for path in sorted(below(root, SOURCES, (".h", ".cc"))):
        for page, section in re.findall(r"(docs/[\w/]+\.md)(?: §(\d+(?:\.\d+)?))?", read(root, path)):
            if not os.path.exists(os.path.join(root, page)):
                findings.append("%s: there is no %s" % (path, page))
            elif section and not re.search(r"^#+ %s[. ]" % re.escape(section), read(root, page), re.MULTILINE):
                findings.append("%s: %s has no §%s" % (path, page, section))
    return findings


# --- The self-test: plants what must be found ------------------------------------------------------------------------

CLEAN = {
    "core/stats.h":
        "struct PeerStats {\n  int lost_unsent = 0;  // not_this;\n};\nstruct SocketStats : PeerStats {\n"
        "  int resent = 0;\n};\n",
    "core/events.h":
        "enum class EventKind : int {\n  peer_left,  // gone\n  closed,\n};\n",
    "protocols/socket_type.h":
        "enum class SocketType : int {\n  // docs/patterns/pair.md\n  pair,\n};\n",
    "io/wire.h":
        "// docs/wire.md §7.1\n",
    "docs/wire.md":
        "### 7.1 Words\n",
    "docs/patterns/pair.md":
        "`PeerStats::lost_unsent` `SocketStats::resent` `SocketStats::lost_unsent` `EventKind::peer_left`\n",
    "docs/architecture.md":
        "(patterns/states/pair.svg)\n",
    "docs/patterns/states/pair.svg":
        "",
    "README.md":
        "",
}

BAD = [
    ("a wrong name", "README.md", "", "`SocketStats::lost`", "there is no SocketStats::lost"),
    ("a name in a comment", "README.md", "", "`PeerStats::not_this`", "there is no PeerStats::not_this"),
    ("a new loss", "core/stats.h", "int resent", "int dropped_x = 0;\n  int resent", "nothing about Stats::dropped_x"),
    ("a new event", "core/events.h", "  closed", "  messages_x,\n  closed", "nothing about EventKind::messages_x"),
    ("a picture that nobody sees", "docs/architecture.md", "pair", "pear", "states/pair.svg is not in the list"),
    ("a type without page", "protocols/socket_type.h", "  pair,", "  pair,\n  pub,", "pub names no page"),
    ("no such page", "protocols/socket_type.h", "pair.md", "pear.md", "there is no docs/patterns/pear.md"),
    ("no such section", "io/wire.h", "7.1", "7.2", "docs/wire.md has no §7.2"),
]


def findings_in(files):
    with tempfile.TemporaryDirectory(prefix="spool-patterns-") as root:
        for path, text in [*((header, "") for header in HEADERS.values()), *files.items()]:
            os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return check(root)


def self_test():
    failures = findings_in(CLEAN)
    for what, path, old, new, expected in BAD:
        findings = findings_in({**CLEAN, path: CLEAN[path].replace(old, new, 1)})
        if not any(expected in finding for finding in findings):
            failures.append("not found: %s: expected '%s', got %s" % (what, expected, findings))
    return failures


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: patterns_test.py ROOT | --self-test")
    FINDINGS = self_test() if sys.argv[1] == "--self-test" else check(sys.argv[1])
    print(*FINDINGS, sep="\n")
    print("%d finding%s" % (len(FINDINGS), "" if len(FINDINGS) == 1 else "s"))
    sys.exit(1 if FINDINGS else 0)
