"""Sizes, and what the library does without.

A line may be exempted, with a reason: `// tidy: allow RULE: because`.
"""

import re

import tree as t

MAX_FILE_LINES = 500
MAX_COLUMNS = 120

# Rule, what it looks for, what it says.
BANNED = [
    ("print", re.compile(r"\b(?:v?f?printf|f?puts|f?putc|putchar|perror)\s*\("), "the library prints nothing"),
    ("print", re.compile(r"\bstd::(?:cout|cerr|clog)\b"), "the library prints nothing"),
    ("exception", re.compile(r"\b(?:throw|try|catch)\b"), "no exceptions: return a Result"),
    ("rtti", re.compile(r"\b(?:dynamic_cast|typeid)\b"), "no RTTI"),
    ("thread", re.compile(r"\bstd::j?thread\b|\bstd::async\b|\bpthread_create\b"), "the library has no threads"),
]

BANNED_INCLUDES = {
    "iostream": ("print", "the library prints nothing"),
    "thread": ("thread", "the library has no threads"),
    "future": ("thread", "the library has no threads"),
    "typeinfo": ("rtti", "no RTTI"),
}

_CONDITION = re.compile(r"^\s*#\s*(?:if|ifdef|ifndef|elif)\b(.*)")
_ALLOWED_CONDITION = re.compile(r"^\s*(?:defined\s*\(?\s*)?__cp(?:lusplus|p_\w+)\b")
_GUARD = re.compile(r"^#ifndef (SPOOL_\w+_H_?)$")


def check(tree):
    return _sizes(tree) + _banned(tree) + _conditions(tree) + _header_comments(tree)


def _allowed(tree, path, number, rule):
    return re.search(r"// tidy: allow %s: \S" % rule, tree.lines(path)[number - 1])


def _sizes(tree):
    findings = []
    for path in tree.select(t.LAYERS + t.OUTSIDE, [".h", ".cc", ".c", ".py", ".sh", ".bzl"]):
        lines = tree.lines(path)
        if len(lines) > MAX_FILE_LINES:
            findings.append("%s:%d: the file is longer than %d lines" % (path, len(lines), MAX_FILE_LINES))
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_COLUMNS:
                findings.append("%s:%d: the line is longer than %d columns" % (path, number, MAX_COLUMNS))
    return findings


def _banned(tree):
    findings = []
    for path in tree.select(t.LAYERS, [".h", ".cc"]):
        for number, line in enumerate(t.code_lines(tree, path), 1):
            for rule, pattern, says in BANNED:
                match = pattern.search(line)
                if match and not _allowed(tree, path, number, rule):
                    findings.append("%s:%d: '%s': %s" % (path, number, match.group(0).strip(" ("), says))
        for number, _, name in t.includes(tree, path):
            if name in BANNED_INCLUDES:
                rule, says = BANNED_INCLUDES[name]
                if not _allowed(tree, path, number, rule):
                    findings.append("%s:%d: <%s>: %s" % (path, number, name, says))
    return findings


def _conditions(tree):
    """Which file is compiled for which system is decided in BUILD files."""
    findings = []
    for path in tree.select(t.LAYERS, [".h", ".cc"]):
        guard_seen = not path.endswith(".h")
        for number, line in enumerate(t.code_lines(tree, path), 1):
            match = _CONDITION.match(line)
            if not match:
                continue
            if not guard_seen and _GUARD.match(line.strip()):
                guard_seen = True
            elif not _ALLOWED_CONDITION.match(match.group(1)) and not _allowed(tree, path, number, "if"):
                findings.append("%s:%d: '%s': no conditional compilation here; select() in the BUILD file" %
                                (path, number, line.strip()))
    return findings


def _header_comments(tree):
    """A header says what it is before it says anything else; the include guard may come first."""
    findings = []
    for path in tree.select(t.LAYERS, [".h"]):
        lines = [line.strip() for line in tree.lines(path)]
        if not any(line == "#pragma once" or _GUARD.match(line) for line in lines):
            findings.append("%s:1: no #pragma once and no include guard (#ifndef SPOOL_..._H_)" % path)
        rest = [line for line in lines if line and not re.match(r"#(?:ifndef|define|pragma once)\b", line)]
        if not rest or not rest[0].startswith(("//", "/*")):
            findings.append("%s:1: the header starts without a comment that says what it is" % path)
    return findings


GOOD_HEADER = "// Time.\n#ifndef SPOOL_LOOP_TIME_H_\n#define SPOOL_LOOP_TIME_H_\n%s\n#endif  // SPOOL_LOOP_TIME_H_\n"

CLEAN = {
    "loop/time.h": GOOD_HEADER % "// We try not to throw.\nint try_now();  /* printf( */",
    "loop/time.cc": '#include "spool/loop/time.h"\nauto s = "throw #if \\" try";\n'
                    "int n = 1'000'000;\nchar q = '\"';\n"
                    'snprintf(b, 1, "x");\n'
                    'fputs("bug", stderr);  // tidy: allow print: the process is about to abort\n',
    "io/c.h": "#ifndef SPOOL_IO_C_H_\n#define SPOOL_IO_C_H_\n\n// For C.\n#ifdef __cplusplus\n#endif\n#endif\n",
    "io/once.h": "// Once.\n\n#pragma once\n",
    "io/raw.cc": 'auto a = R"(\n#if throw\n)";\n',
    "tests/loop/time_test.cc": "#ifdef __linux__\n#endif\nstd::thread t; try { } catch (...) { throw; }\n",
}

BAD = [
    ("a long file", {"loop/a.cc": "int a;\n" * 501}, "loop/a.cc:501: the file is longer"),
    ("a long test", {"tests/a_test.cc": "int a;\n" * 501}, "tests/a_test.cc:501: the file is longer"),
    ("a wide line", {"loop/a.cc": "\n//" + "x" * 119 + "\n"}, "loop/a.cc:2: the line is longer"),
    ("printf", {"loop/a.cc": '\nprintf("x");\n'}, "loop/a.cc:2: 'printf'"),
    ("printf between apostrophes", {"loop/a.cc": "// it's\nprintf(x);  // don't\n"}, "loop/a.cc:2: 'printf'"),
    ("fprintf", {"loop/a.cc": 'fprintf(stderr, "x");\n'}, "loop/a.cc:1: 'fprintf'"),
    ("std::cerr", {"loop/a.cc": 'std::cerr << "x";\n'}, "loop/a.cc:1: 'std::cerr'"),
    ("throw", {"io/a.cc": "void f() { throw 1; }\n"}, "io/a.cc:1: 'throw'"),
    ("try", {"io/a.cc": "try {\n"}, "io/a.cc:1: 'try'"),
    ("try after a raw string", {"io/a.cc": 'auto a = R"(\n")";\ntry {\n'}, "io/a.cc:3: 'try'"),
    ("dynamic_cast", {"core/a.cc": "auto p = dynamic_cast<int*>(q);\n"}, "core/a.cc:1: 'dynamic_cast'"),
    ("a thread", {"core/a.cc": "std::thread t;\n"}, "core/a.cc:1: 'std::thread'"),
    ("<iostream>", {"facade/a.cc": "#include <iostream>\n"}, "facade/a.cc:1: <iostream>"),
    ("an exemption without a reason", {"core/a.cc": "throw 1;  // tidy: allow exception:\n"}, "core/a.cc:1: 'throw'"),
    ("a platform in a source", {"loop/a.cc": "#ifdef __linux__\n#endif\n"}, "loop/a.cc:1: '#ifdef __linux__'"),
    ("a platform in a header", {"loop/time.h": GOOD_HEADER % "#if defined(__APPLE__)\n#endif"},
     "loop/time.h:4: '#if"),
    ("a second #ifndef", {"loop/time.h": GOOD_HEADER % "#ifndef SPOOL_OTHER_H_\n#endif"}, "loop/time.h:4: '#ifndef"),
    ("an #elif", {"loop/a.cc": "#if __cplusplus > 1\n#elif _WIN32\n#endif\n"}, "loop/a.cc:2: '#elif"),
    ("a header without a comment", {"loop/b.h": "#ifndef SPOOL_B_H_\n#define SPOOL_B_H_\nint b;\n#endif\n"},
     "loop/b.h:1: the header starts without"),
    ("a header without a guard", {"loop/b.h": "// B.\nint b;\n"}, "loop/b.h:1: no #pragma once"),
]

if __name__ == "__main__":
    t.run(check, CLEAN, BAD)
