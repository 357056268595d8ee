"""The pictures of the state machines are of the tables in the headers.

Usage: state_pictures_test.py ROOT | --self-test
"""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))

import state_pictures  # noqa: E402

TABLE = """\
// Text.
//
//  a door | push        | lock it
//  is     |             |
//  -------+-------------+------------------
//  shut   | → open      | key: → locked;
//         |             | none: no answer
//  open   | – (nothing) | – shut it first
//  locked | refused     | → shut, if the
//         |             | key fits
//
//  a key | fits
//  ------+-----
//  this  |
#pragma once
"""

TRANSITIONS = [("shut", "push", "", "open"), ("shut", "lock it", "key", "locked"),
               ("locked", "lock it", "if the key fits", "shut")]

# What, what is replaced in the table, by what, and the finding.
BAD = [
    ("a wrong state", "→ open ", "→ opne ", "there is no such state"),
    ("an empty cell", "– (nothing)", "           ", "'open' has no answer to 'push'"),
    ("a bar out of its column", "refused     |", "refused    | ", "a bar stands out of its column"),
    ("a change", "if the\n", "as the\n", "out of date"),
    ("no table any more", "-+-", "---", "there is no such state machine"),
]


def findings_in(header):
    """After a picture was made of TABLE, and not of the header."""
    with tempfile.TemporaryDirectory(prefix="spool-states-") as root:
        for path, text in [("io/door.h", header), ("docs/patterns/states/door.svg", picture())]:
            os.makedirs(os.path.dirname(os.path.join(root, path)))
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return state_pictures.check(root)


def picture():
    text = state_pictures.dot("io/door.h", state_pictures.machines(TABLE, "io/door.h", []))
    return "<svg>" + state_pictures.comment(text) + "</svg>"


def self_test():
    failures = findings_in(TABLE)
    machines = state_pictures.machines(TABLE, "io/door.h", [])
    if [(machine.title, machine.transitions) for machine in machines] != [("a door is", TRANSITIONS)]:
        failures.append("read wrongly: %s" % [machine.transitions for machine in machines])
    for what, old, new, expected in BAD:
        findings = findings_in(TABLE.replace(old, new))
        if not any(expected in finding for finding in findings):
            failures.append("not found: %s: expected '%s', got %s" % (what, expected, findings))
    return failures


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: state_pictures_test.py ROOT | --self-test")
    FINDINGS = self_test() if sys.argv[1] == "--self-test" else state_pictures.check(sys.argv[1])
    print(*FINDINGS, sep="\n")
    print("%d finding%s" % (len(FINDINGS), "" if len(FINDINGS) == 1 else "s"))
    sys.exit(1 if FINDINGS else 0)
